"""A plugin of keystoneauth1 as one of ours, for synchronous sessions. Sessions stand above it; below
it is the foreign plugin, which sends through the session it was given to."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from typing import Any

from sojourn.client.auth import AccessInfo, AuthPlugin, Stamp, Verdict
from sojourn.client.catalog.endpoint import EndpointData
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Reply, Request
from sojourn.errors import AuthenticationError


def is_plugin(candidate: object) -> bool:
    """Tell whether `candidate` is a plugin of keystoneauth1."""
    library: Any = sys.modules.get("keystoneauth1.plugin")
    return library is not None and isinstance(candidate, library.BaseAuthPlugin)


class WrappedPlugin(AuthPlugin):
    """Asks `plugin` in the name of `session`."""

    def __init__(self, plugin: Any, session: Any) -> None:  # noqa: ANN401 - not of ours
        self.label = getattr(plugin, "auth_url", None)
        self._plugin = plugin
        self._session = session
        # With the plugin itself: it may serve several sessions, and outlive none of this.
        self._renewing: threading.Lock = vars(plugin).setdefault("_sojourn_lock", threading.Lock())

    async def authorize(self, env: Env, request: Request) -> Stamp:
        return Stamp(self._headers())

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        """Compare and drop: of many threads whose token was refused the first gets a new one, and
        the others see that there is one."""
        with self._renewing:
            if self._headers() != stamp.headers:
                return Verdict.RETRY
            if not self._plugin.invalidate():
                return Verdict.GIVE_UP
            self._headers()
            return Verdict.RETRY

    async def endpoint(self, env: Env, **filter: Any) -> EndpointData | None:  # noqa: ANN401
        if filter.get("discover_versions"):
            found = self._plugin.get_endpoint_data(self._session, **filter)
            if found is not None:
                known: dict[str, Any] = {
                    name: getattr(found, name, None) for name in EndpointData._fields
                }
                return EndpointData(**known)
        # Its rules about versions are in this method alone.
        url = self._plugin.get_endpoint(self._session, **filter)
        return EndpointData(url, filter.get("service_type")) if url else None

    async def versions(self, env: Env, **filter: Any) -> dict[str, Any]:  # noqa: ANN401
        found: dict[str, Any] = self._plugin.get_all_version_data(self._session, **filter)
        return found

    async def token(self, env: Env) -> str | None:
        found: str | None = self._plugin.get_token(self._session)
        return found

    async def access(self, env: Env) -> AccessInfo:
        user = self._plugin.get_user_id(self._session)
        project = self._plugin.get_project_id(self._session)
        return _Access(user, self.label or "", None, None, {"project_id": project})

    def connection(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._plugin.get_connection_params(self._session) or {}
        return found

    def invalidate(self, failed: Stamp | None = None) -> bool:
        return bool(self._plugin.invalidate())

    def _headers(self) -> tuple[tuple[str, str], ...]:
        found = self._plugin.get_headers(self._session)
        if found is None:
            raise AuthenticationError(f"{type(self._plugin).__name__} has no valid authentication.")
        return tuple((str(name), str(value)) for name, value in found.items())


class _Access(AccessInfo):
    @property
    def project_id(self) -> str | None:
        return self.claims.get("project_id")
