"""One place where a service answers, as sessions and adapters see it. The catalog and the plugins
make it; below it is nothing."""

from __future__ import annotations

from typing import NamedTuple

from sojourn.wire.api_version import Version


class EndpointData(NamedTuple):
    """`url` is where requests go; `catalog_url` what the catalog said. Versions are known after
    discovery only."""

    url: str
    service_type: str | None = None
    service_name: str | None = None
    service_id: str | None = None
    endpoint_id: str | None = None
    interface: str | None = None
    region_name: str | None = None
    catalog_url: str | None = None
    service_url: str | None = None
    api_version: Version | None = None
    status: str | None = None
    min_microversion: Version | None = None
    max_microversion: Version | None = None
    next_min_version: Version | None = None
    not_before: str | None = None
