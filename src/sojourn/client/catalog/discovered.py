"""Which version of an API answers where: the documents of services, fetched when a version is asked
for and kept with the session. Dialects that have a catalog stand above it; below it are the
environment and `wire`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from sojourn.client.catalog.endpoint import EndpointData
from sojourn.client.catalog.versions import Wanted
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields, Request
from sojourn.client.url import join, masked, origin
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import ConnectFailure, DiscoveryFailure, Malformed
from sojourn.wire.api_version import Version, parse, with_minor
from sojourn.wire.keystone import ApiVersion, api_versions

LIFE: Final = 3_600_000
"""Milliseconds that a document is kept."""
SILENCE: Final = 60_000
"""Milliseconds after which a service that had no document is asked again."""

_HEADERS: Final = (("Accept", "application/json"), ("User-Agent", PRODUCT))
_MOVED: Final = frozenset({301, 302, 303, 307, 308})


class Address(NamedTuple):
    """A catalog's URL in its parts: what comes before the version, the version, the project."""

    root: str
    version: Version | None
    versioned: str
    project: str

    @classmethod
    def of(cls, url: str, project_id: str | None) -> Address:
        """Take `url` apart; a last segment that holds the project's id is the project."""
        plain = url.rstrip("/")
        head, _, last = plain.rpartition("/")
        project = ""
        if project_id and project_id in last:
            project, plain = f"/{last}", head
            head, _, last = plain.rpartition("/")
        try:
            version = with_minor(parse(last)) if last.startswith("v") else None
        except Malformed:
            version = None
        return cls(head if version else plain, version, plain, project)


async def versions_at(env: Env, url: str, auth: Fields = ()) -> Sequence[ApiVersion]:
    """Return the versions that the document at `url` lists. Raises DiscoveryFailure."""
    key = f"sojourn {url}"
    kept: tuple[int, Sequence[ApiVersion] | str] | None = env.discovery.get(key)
    if kept is None or env.now() - kept[0] >= (SILENCE if isinstance(kept[1], str) else LIFE):
        kept = env.discovery[key] = (env.now(), await _listed(env, url, auth))
    if isinstance(kept[1], str):
        raise DiscoveryFailure(kept[1])
    return kept[1]


async def _listed(env: Env, url: str, auth: Fields) -> Sequence[ApiVersion] | str:
    """Return the versions at `url`, or why there are none."""
    try:
        return api_versions(await _document(env, url, auth))
    except (ConnectFailure, Malformed) as cause:
        return f"{masked(url)} lists no versions: {cause}"


async def discovered(
    env: Env,
    endpoint: EndpointData,
    wanted: Wanted | None,
    *,
    project_id: str | None = None,
    auth: Fields = (),
    allow: Mapping[str, Any] | None = None,
) -> EndpointData | None:
    """Return `endpoint` at the version that is wanted, with what its service says of itself.

    None where a version is wanted and not there; where none is wanted and the service says nothing,
    `endpoint` as it is.
    """
    address = Address.of(endpoint.url, project_id)
    for url in _documents(address, wanted):
        try:
            listed = await versions_at(env, url, auth)
        except DiscoveryFailure:
            continue
        found = _chosen(listed, address, wanted, allow or {})
        if found is not None:
            return _at(endpoint, found, address, url=url, moves=wanted is not None)
    if wanted is None:
        return endpoint._replace(api_version=address.version)
    if address.version is not None and wanted.accepts(address.version):
        return endpoint._replace(api_version=address.version)
    return None


def already(endpoint: EndpointData, wanted: Wanted, project_id: str | None) -> EndpointData | None:
    """Return `endpoint` if its URL says that it is of a version that is wanted."""
    address = Address.of(endpoint.url, project_id)
    if address.version is None or not wanted.accepts(address.version):
        return None
    return endpoint._replace(api_version=address.version)


def _documents(address: Address, wanted: Wanted | None) -> list[str]:
    """Return where documents may be, the likeliest first."""
    right = address.version is not None and (wanted is None or wanted.accepts(address.version))
    first = [f"{address.versioned}/"] if right else []
    return [*first, f"{address.root}/"]


def _chosen(
    listed: Sequence[ApiVersion],
    address: Address,
    wanted: Wanted | None,
    allow: Mapping[str, Any],
) -> ApiVersion | None:
    fitting = [one for one in listed if _allowed(one, allow)]
    if wanted is not None:
        fitting = [one for one in fitting if wanted.accepts(one.version)]
    elif address.version is not None:
        fitting = [one for one in fitting if one.version[0] == address.version[0]]
    usable = [one for one in fitting if one.usable]
    best = usable or fitting
    return best[-1] if best else None


def _allowed(one: ApiVersion, allow: Mapping[str, Any]) -> bool:
    if one.status == "DEPRECATED":
        return bool(allow.get("allow_deprecated", True))
    if one.status == "EXPERIMENTAL":
        return bool(allow.get("allow_experimental"))
    return one.usable or bool(allow.get("allow_unknown"))


def _at(
    endpoint: EndpointData, found: ApiVersion, address: Address, *, url: str, moves: bool
) -> EndpointData:
    service_url = _served(found, address, url)
    return endpoint._replace(
        url=service_url if moves else endpoint.url,
        service_url=service_url,
        api_version=found.version,
        status=found.status,
        min_microversion=found.min_microversion,
        max_microversion=found.max_microversion,
        next_min_version=found.next_min_version,
        not_before=found.not_before,
    )


def _served(found: ApiVersion, address: Address, url: str) -> str:
    """Return where `found` answers: the path of its link, at the origin of the catalog, because links
    are written by services that do not know under which name they are reached."""
    if found.url is None:
        return f"{address.versioned}{address.project}"
    path = urlsplit(join(url, found.url)).path.rstrip("/")
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{path}{address.project}"


async def _document(env: Env, url: str, auth: Fields) -> bytes:
    request = Request("GET", url, (*_HEADERS, *auth))
    for _ in range(2):
        reply = await env.send(request)
        location = reply.header("location")
        if reply.status not in _MOVED or location is None:
            break
        there = join(request.url, location)
        if origin(there) != origin(url):
            break
        request = request._replace(url=there)
    if reply.status not in (200, 300):
        raise Malformed(f"it answered {reply.status}")
    return reply.content
