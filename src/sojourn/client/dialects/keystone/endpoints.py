"""From an endpoint filter to a URL: the token's catalog, a version if one is asked for, and what was
found once kept as a ready prefix. The plugins stand above it; below it is `client.catalog`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sojourn.client.catalog.discovered import already, discovered, versions_at
from sojourn.client.catalog.endpoint import EndpointData
from sojourn.client.catalog.selection import Filter
from sojourn.client.catalog.versions import Wanted, wanted
from sojourn.client.credential import Credential
from sojourn.client.dialects.keystone.access import KeystoneAccess
from sojourn.client.dialects.keystone.sign_in import root_of
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields
from sojourn.errors import DiscoveryFailure, EmptyCatalog, EndpointNotFound
from sojourn.wire.keystone import Endpoint

MOST_KEPT: Final = 1000

_VERSIONS: Final = ("version", "min_version", "max_version")


class Endpoints:
    """What one plugin has found out, for as long as its token lasts."""

    def __init__(self) -> None:
        self._kept: tuple[int, dict[object, EndpointData]] | None = None

    async def find(
        self, env: Env, credential: Credential, auth_url: str, filter: Mapping[str, Any]
    ) -> EndpointData | None:
        """Return what `filter` means to `credential`, or None."""
        kept = self._kept
        if kept is None or kept[0] != credential.generation:
            kept = self._kept = (credential.generation, {})
        found, key = kept[1], _key(filter)
        if key in found:
            return found[key]
        data = await _found(env, KeystoneAccess.of(credential, auth_url), filter)
        if data is not None and len(found) < MOST_KEPT and _final(data, filter):
            found[key] = data
        return data


def _final(data: EndpointData, filter: Mapping[str, Any]) -> bool:
    """Tell whether asking again would find nothing better: a service that did not say its versions
    may do so in a minute."""
    return data.service_url is not None or not filter.get("discover_versions")


async def all_versions(
    env: Env, access: KeystoneAccess, filter: Mapping[str, Any]
) -> dict[str, dict[str, dict[str, list[EndpointData]]]]:
    """Return every version that the services of `filter` offer, by region, interface, service."""
    named = {name: filter[name] for name in Filter._fields if filter.get(name) is not None}
    named.setdefault("interface", "public")
    tree: dict[str, dict[str, dict[str, list[EndpointData]]]] = {}
    for endpoint in access.service_catalog.find(Filter(**named)):
        region = tree.setdefault(endpoint.region or "", {})
        services = region.setdefault(endpoint.interface, {})
        services[endpoint.service_type] = await _listed(env, endpoint, access)
    return tree


async def _found(
    env: Env, access: KeystoneAccess, filter: Mapping[str, Any]
) -> EndpointData | None:
    base = _base(access, filter)
    if base is None:
        return None
    range_ = wanted(*(filter.get(name) for name in _VERSIONS))
    discover = bool(filter.get("discover_versions"))
    if range_ is None and not discover:
        return base
    ready = already(base, range_, access.project_id) if range_ and not discover else None
    return ready or await _discovered(env, base, range_, access, filter)


async def _discovered(
    env: Env,
    base: EndpointData,
    range_: Wanted | None,
    access: KeystoneAccess,
    filter: Mapping[str, Any],
) -> EndpointData | None:
    return await discovered(
        env,
        base,
        range_,
        project_id=access.project_id,
        auth=_token(access),
        allow=filter.get("allow"),
    )


def _base(access: KeystoneAccess, filter: Mapping[str, Any]) -> EndpointData | None:
    override = filter.get("endpoint_override")
    if override:
        return EndpointData(override, filter.get("service_type"), catalog_url=override)
    interface = filter.get("interface")
    if not (interface is None or isinstance(interface, str | list | tuple)):
        # keystoneauth's AUTH_INTERFACE, an object: where tokens come from.
        url = root_of(access.issuer)
        return EndpointData(url, "identity", catalog_url=url)
    named = {name: filter.get(name) for name in Filter._fields}
    try:
        return _data(access.service_catalog.endpoint(Filter(**named)))
    except EmptyCatalog:
        raise
    except EndpointNotFound:
        return None


def _data(endpoint: Endpoint) -> EndpointData:
    return EndpointData(
        endpoint.url,
        endpoint.service_type,
        endpoint.service_name,
        endpoint.service_id,
        endpoint.id,
        endpoint.interface,
        endpoint.region,
        endpoint.url,
    )


async def _listed(env: Env, endpoint: Endpoint, access: KeystoneAccess) -> list[EndpointData]:
    base = _data(endpoint)
    url = endpoint.url if endpoint.url.endswith("/") else f"{endpoint.url}/"
    try:
        listed = await versions_at(env, url, _token(access))
    except DiscoveryFailure:
        return [base]
    return [
        base._replace(
            url=one.url or base.url,
            api_version=one.version,
            status=one.status,
            min_microversion=one.min_microversion,
            max_microversion=one.max_microversion,
        )
        for one in listed
    ]


def _token(access: KeystoneAccess) -> Fields:
    return (("X-Auth-Token", access.auth_token),)


def _key(filter: Mapping[str, Any]) -> object:
    try:
        return frozenset(filter.items())
    except TypeError:
        return frozenset((name, repr(value)) for name, value in filter.items())
