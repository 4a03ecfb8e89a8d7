"""What a plugin that signs nobody in has in common: one endpoint for every filter. `token_endpoint`
and `none` stand above it; below it is the plugin contract."""

from __future__ import annotations

from typing import Any

from sojourn.client.auth import AuthPlugin
from sojourn.client.catalog.discovered import discovered
from sojourn.client.catalog.endpoint import EndpointData
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields


class FixedEndpoint(AuthPlugin):
    """Answers every filter with the same endpoint, None if there is none."""

    def __init__(self, endpoint: str | None) -> None:
        self.fixed = endpoint

    async def endpoint(self, env: Env, **filter: Any) -> EndpointData | None:  # noqa: ANN401
        url = filter.get("endpoint_override") or self.fixed
        if not url:
            return None
        found = EndpointData(url, filter.get("service_type"), catalog_url=url)
        if not filter.get("discover_versions"):
            return found
        return await discovered(env, found, None, auth=self._proof())

    def _proof(self) -> Fields:
        return ()
