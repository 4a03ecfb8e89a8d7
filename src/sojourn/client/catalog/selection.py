"""The endpoints of one token's catalog, and which of them a filter means. Dialects that have a catalog
stand above it; below it are the endpoints that `wire` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sojourn.client.catalog.aliases import implied_version, names
from sojourn.errors import EmptyCatalog, EndpointNotFound
from sojourn.wire.keystone import Endpoint, endpoints_v2, endpoints_v3


class Filter(NamedTuple):
    """What an endpoint must be; None is anything. `interface` is one, or several of which the first
    that is there is taken."""

    service_type: str | None = None
    service_name: str | None = None
    service_id: str | None = None
    endpoint_id: str | None = None
    region_name: str | None = None
    interface: str | Sequence[str] | None = None

    def __str__(self) -> str:
        asked = (f"{name}={value!r}" for name, value in self._asdict().items() if value)
        return ", ".join(asked) or "anything"


class Catalog:
    """Endpoints in the order of the server."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self.endpoints = tuple(endpoints)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Catalog:
        """Return the catalog of a token's body: `catalog` of API v3, or `serviceCatalog` of v2.

        Anything of another shape raises Malformed; no catalog at all is an empty one.
        """
        if "serviceCatalog" in body:
            return cls(endpoints_v2(body["serviceCatalog"]))
        return cls(endpoints_v3(body.get("catalog") or []))

    def __repr__(self) -> str:
        return f"<Catalog of {len(self.endpoints)} endpoints>"

    def find(self, wanted: Filter) -> list[Endpoint]:
        """Return every endpoint that fits, best first: by interface, then by the service's name."""
        interfaces = _interfaces(wanted.interface)
        types = _types(wanted.service_type)
        fitting = [
            (
                _rank(interfaces, _plain(endpoint.interface)),
                _rank(types, endpoint.service_type.lower()),
                endpoint,
            )
            for endpoint in self.endpoints
            if _fits(endpoint, wanted)
        ]
        known = [row for row in fitting if row[0] is not None and row[1] is not None]
        known.sort(key=lambda row: (row[0], row[1]))
        return [endpoint for _, _, endpoint in known]

    def endpoint(self, wanted: Filter) -> Endpoint:
        """Return the best endpoint that fits. Raises EmptyCatalog and EndpointNotFound."""
        if not self.endpoints:
            raise EmptyCatalog
        found = self.find(wanted)
        if not found:
            known = sorted({endpoint.service_type for endpoint in self.endpoints})
            raise EndpointNotFound(
                f"The catalog has no endpoint with {wanted}. Its services: {', '.join(known)}."
            )
        return found[0]


def _fits(endpoint: Endpoint, wanted: Filter) -> bool:
    # Many catalogs name no services: a name is only compared where there is one.
    pairs = (
        (wanted.service_name if endpoint.service_name else None, endpoint.service_name),
        (wanted.service_id, endpoint.service_id),
        (wanted.endpoint_id, endpoint.id),
        (wanted.region_name, endpoint.region),
    )
    return all(asked is None or asked == given for asked, given in pairs)


def _types(service_type: str | None) -> tuple[str, ...]:
    """Return the names that a service may have; `volumev2` is not `volumev3`."""
    if service_type is None:
        return ()
    asked = implied_version(service_type)
    return tuple(
        name
        for name in names(service_type)
        if asked is None or implied_version(name) in (None, asked)
    )


def _interfaces(interface: str | Sequence[str] | None) -> tuple[str, ...]:
    if interface is None:
        return ()
    several = (interface,) if isinstance(interface, str) else tuple(interface)
    return tuple(_plain(one) for one in several)


def _plain(interface: str) -> str:
    """Return `publicURL`, as API v2 has it, as `public`."""
    return interface.removesuffix("URL").lower()


def _rank(wanted: tuple[str, ...], given: str) -> int | None:
    if not wanted:
        return 0
    return wanted.index(given) if given in wanted else None
