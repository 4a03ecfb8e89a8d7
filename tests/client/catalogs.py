"""A plugin with a catalog of two services, for tests of sessions alone."""

from __future__ import annotations

from typing import Any

from sojourn.client.auth import AccessInfo, AuthPlugin, Stamp
from sojourn.client.catalog.endpoint import EndpointData


class Access(AccessInfo):
    @property
    def project_id(self) -> str | None:
        return "p-1"


class Catalogued(AuthPlugin):
    """Knows where `ships` answer, and writes down what it was asked."""

    label = "captain"

    def __init__(self, url: str = "", **connection: Any) -> None:
        self.url = url
        self.asked: list[dict[str, Any]] = []
        self._connection = connection

    async def authorize(self, env: Any, request: Any) -> Stamp:
        return Stamp((("X-Auth-Token", "t-1"),))

    async def access(self, env: Any) -> Access:
        return Access("u-1", "here", None, None, {})

    async def endpoint(self, env: Any, **filter: Any) -> EndpointData | None:
        self.asked.append(filter)
        if filter.get("service_type") != "ships":
            return None
        found = EndpointData(self.url, service_type="ships", api_version=(2, 0))
        if not filter.get("discover_versions"):
            return found._replace(api_version=None)
        return found._replace(min_microversion=(2, 1), max_microversion=(2, 9))

    async def versions(self, env: Any, **filter: Any) -> dict[str, Any]:
        return {"north": filter}

    async def token(self, env: Any) -> str:
        return "t-1"

    def connection(self) -> Any:
        return self._connection
