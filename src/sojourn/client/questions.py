"""What a session can be asked beside requests: the credential's headers and token, who it is, where a
service answers. Both sessions inherit their half; below it is the plugin contract."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import Any, TypeVar

from sojourn.client.auth import AccessInfo, AuthPlugin
from sojourn.client.catalog.endpoint import EndpointData
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Request
from sojourn.wire.api_version import Version

V = TypeVar("V")


class Asked(ABC):
    """What the answers are made from. `auth` is a plugin to ask instead of the session's; `filter` is
    as `endpoint_filter` of a request."""

    @abstractmethod
    def env_for(self, plugin: AuthPlugin) -> Env:
        """Return the surroundings that `plugin` works in: it may need connections of its own."""

    @abstractmethod
    def _given(self, plugin: object) -> AuthPlugin | None: ...

    @abstractmethod
    def _needed(self, plugin: object) -> AuthPlugin: ...

    async def _headers_for(self, auth: object) -> dict[str, str] | None:
        plugin = self._needed(auth)
        stamp = await plugin.authorize(self.env_for(plugin), Request("GET", ""))
        return dict(stamp.headers) or None

    async def _access_of(self, auth: object) -> AccessInfo | None:
        plugin = self._needed(auth)
        return await plugin.access(self.env_for(plugin))

    async def _endpoint(self, auth: object, filter: dict[str, Any]) -> EndpointData | None:
        override = filter.get("endpoint_override")
        if override and not filter.get("discover_versions"):
            return EndpointData(override, filter.get("service_type"), catalog_url=override)
        plugin = self._needed(auth)
        return await plugin.endpoint(self.env_for(plugin), **filter)

    async def _versions(self, auth: object, filter: dict[str, Any]) -> dict[str, Any]:
        plugin = self._needed(auth)
        return await plugin.versions(self.env_for(plugin), **filter)

    async def _token(self, auth: object) -> str | None:
        plugin = self._needed(auth)
        return await plugin.token(self.env_for(plugin))


def _discovered(filter: dict[str, Any]) -> dict[str, Any]:
    return {"discover_versions": True, **filter}


class Questions(Asked):
    """The half of threads."""

    @abstractmethod
    def _drive(self, coroutine: Coroutine[Any, Any, V]) -> V: ...

    def access(self, auth: AuthPlugin | None = None) -> AccessInfo | None:
        """Return who the credential is, signing in if need be; None without a plugin that knows."""
        return self._drive(self._access_of(auth)) if self._given(auth) else None

    def get_token(self, auth: AuthPlugin | None = None) -> str | None:
        """Return the text of the token, or None where the credential is not one token."""
        return self._drive(self._token(auth))

    def get_auth_headers(self, auth: AuthPlugin | None = None) -> dict[str, str] | None:
        """Return the headers that authenticate a request, or None where there are none."""
        return self._drive(self._headers_for(auth))

    def get_user_id(self, auth: AuthPlugin | None = None) -> str | None:
        """Return the id of the user, or None."""
        found = self._drive(self._access_of(auth))
        return found.user_id if found else None

    def get_project_id(self, auth: AuthPlugin | None = None) -> str | None:
        """Return the id of the project that the credential is scoped to, or None."""
        found = self._drive(self._access_of(auth))
        return found.project_id if found else None

    def get_endpoint(self, auth: AuthPlugin | None = None, **filter: Any) -> str | None:  # noqa: ANN401
        """Return the URL of the service, or None."""
        found = self._drive(self._endpoint(auth, filter))
        return found.url if found else None

    def get_endpoint_data(
        self,
        auth: AuthPlugin | None = None,
        **filter: Any,  # noqa: ANN401
    ) -> EndpointData | None:
        """Return what is known of the service, its versions included, or None."""
        return self._drive(self._endpoint(auth, _discovered(filter)))

    def get_api_major_version(
        self,
        auth: AuthPlugin | None = None,
        **filter: Any,  # noqa: ANN401
    ) -> Version | None:
        """Return the version of the API at the service, or None."""
        found = self._drive(self._endpoint(auth, _discovered(filter)))
        return found.api_version if found else None

    def get_all_version_data(self, auth: AuthPlugin | None = None, **filter: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return every version that the services offer: by region, interface and service type."""
        return self._drive(self._versions(auth, filter))

    def get_auth_connection_params(self, auth: AuthPlugin | None = None) -> dict[str, Any]:
        """Return the `verify` and `cert` that the plugin needs instead of the session's."""
        return dict(self._needed(auth).connection())


class AsyncQuestions(Asked):
    """The same, awaited."""

    @abstractmethod
    async def _await(self, coroutine: Coroutine[Any, Any, V]) -> V: ...

    async def access(self, auth: AuthPlugin | None = None) -> AccessInfo | None:
        """Return who the credential is, signing in if need be; None without a plugin that knows."""
        return await self._await(self._access_of(auth)) if self._given(auth) else None

    async def get_token(self, auth: AuthPlugin | None = None) -> str | None:
        """Return the text of the token, or None where the credential is not one token."""
        return await self._await(self._token(auth))

    async def get_auth_headers(self, auth: AuthPlugin | None = None) -> dict[str, str] | None:
        """Return the headers that authenticate a request, or None where there are none."""
        return await self._await(self._headers_for(auth))

    async def get_user_id(self, auth: AuthPlugin | None = None) -> str | None:
        """Return the id of the user, or None."""
        found = await self._await(self._access_of(auth))
        return found.user_id if found else None

    async def get_project_id(self, auth: AuthPlugin | None = None) -> str | None:
        """Return the id of the project that the credential is scoped to, or None."""
        found = await self._await(self._access_of(auth))
        return found.project_id if found else None

    async def get_endpoint(self, auth: AuthPlugin | None = None, **filter: Any) -> str | None:  # noqa: ANN401
        """Return the URL of the service, or None."""
        found = await self._await(self._endpoint(auth, filter))
        return found.url if found else None

    async def get_endpoint_data(
        self,
        auth: AuthPlugin | None = None,
        **filter: Any,  # noqa: ANN401
    ) -> EndpointData | None:
        """Return what is known of the service, its versions included, or None."""
        return await self._await(self._endpoint(auth, _discovered(filter)))

    async def get_api_major_version(
        self,
        auth: AuthPlugin | None = None,
        **filter: Any,  # noqa: ANN401
    ) -> Version | None:
        """Return the version of the API at the service, or None."""
        found = await self._await(self._endpoint(auth, _discovered(filter)))
        return found.api_version if found else None

    async def get_all_version_data(
        self,
        auth: AuthPlugin | None = None,
        **filter: Any,  # noqa: ANN401
    ) -> dict[str, Any]:
        """Return every version that the services offer: by region, interface and service type."""
        return await self._await(self._versions(auth, filter))

    def get_auth_connection_params(self, auth: AuthPlugin | None = None) -> dict[str, Any]:
        """Return the `verify` and `cert` that the plugin needs instead of the session's."""
        return dict(self._needed(auth).connection())
