"""The contract of an authentication plugin: what a session asks of whatever signs its requests. The
engine stands above it, the dialects implement it; a plugin may serve any number of sessions,
threads and loops at once."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from sojourn.client.catalog.endpoint import EndpointData
from sojourn.client.env.contract import Env
from sojourn.client.keystoneauth_errors import as_keystoneauth
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.driver import drive
from sojourn.errors import SojournError

V = TypeVar("V")


class Stamp(NamedTuple):
    """The headers that prove who asks, and the generation of the credential they were made from."""

    headers: Fields = ()
    generation: int = 0

    def __repr__(self) -> str:
        return f"<Stamp of generation {self.generation}>"


class Verdict(Enum):
    """What to do about a refused request."""

    RETRY = "retry"
    GIVE_UP = "give up"


class AccessInfo(NamedTuple):
    """Who the credential is and how long it lasts: `expires_at` in UTC milliseconds, `claims` as
    the server gave them."""

    user_id: str | None
    issuer: str
    scope: str | None
    expires_at: int | None
    claims: Mapping[str, Any]

    @property
    def project_id(self) -> str | None:
        """The project that the credential is scoped to, where the dialect knows such."""
        return None


class AuthPlugin(ABC):
    """Base of all plugins. Methods raise CredentialError and its kinds."""

    label: str | None = None
    """What the session's history calls the account; never a secret."""

    @abstractmethod
    async def authorize(self, env: Env, request: Request) -> Stamp:
        """Return the stamp for `request`, whose method, URL and body it may look at."""

    def refuses(self, response: Reply) -> bool:
        """Tell whether `response` refuses the credential: a 401, or what the dialect says in band."""
        return response.status == 401

    async def challenged(
        self,
        env: Env,
        request: Request,
        response: Reply,
        stamp: Stamp,
    ) -> Verdict:
        """Judge a refusing answer to a request that carried `stamp`; asked at most once a call."""
        return Verdict.RETRY if self.invalidate(stamp) else Verdict.GIVE_UP

    def noticed(self, request: Request, response: Reply) -> bool:
        """Learn what an answer says for later requests, such as a nonce; asked of every answer to a stamped request.

        Returns whether it was refused for want of just that, so that the same credential, shown again, will do.
        """
        return False

    async def endpoint(self, env: Env, **filter: Any) -> EndpointData | None:  # noqa: ANN401
        """Return where the service that `filter` describes answers, None if the plugin knows none.

        `filter` is service_type, service_name, interface (one, or several by preference), region_name,
        version, min_version, max_version, discover_versions; what a plugin does not know it ignores.
        """
        return None

    async def versions(self, env: Env, **filter: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return every version that the services of `filter` offer: by region, interface and
        service type, a list of EndpointData each."""
        return {}

    async def token(self, env: Env) -> str | None:
        """Return the text of the credential where it is one token, else None."""
        return None

    def connection(self) -> Mapping[str, Any]:
        """Return `verify` and `cert` where the plugin needs others than the session's."""
        return {}

    async def access(self, env: Env) -> AccessInfo | None:
        """Return who the credential is, signing in if need be, or None if the plugin cannot know."""
        return None

    def invalidate(self, failed: Stamp | None = None) -> bool:
        """Drop the credential that made `failed`, if it is still the current one; None drops
        whatever is current.

        Returns whether another try could do better.
        """
        return False

    def state(self) -> dict[str, Any]:
        """Return what is not secret and lets `restore` build the same plugin, as plain JSON values."""
        return {}

    def secrets(self) -> dict[str, Any]:
        """Return what is secret, as plain JSON values; it is only ever written sealed."""
        return {}

    def restore(self, state: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:  # noqa: B027
        """Take over what `state` and `secrets` returned, perhaps in another process and by a later
        release."""

    # The face that keystoneauth1 expects. `session` is whichever asks, ours or its own.

    def get_headers(self, session: Any) -> dict[str, str] | None:  # noqa: ANN401
        """Return the headers that authenticate a request, or None where there are none."""
        stamp = _driven(self.authorize(_env(session, self), _ANY))
        # That Session cannot say later which token was refused: this thread's last one was.
        _handed(self).stamp = stamp
        return dict(stamp.headers) or None

    def get_token(self, session: Any) -> str | None:  # noqa: ANN401
        """Return the text of the token, or None."""
        return _driven(self.token(_env(session, self)))

    def get_access(self, session: Any) -> AccessInfo | None:  # noqa: ANN401
        """Return who the credential is, signing in if need be."""
        return _driven(self.access(_env(session, self)))

    def get_user_id(self, session: Any) -> str | None:  # noqa: ANN401
        """Return the id of the user, or None."""
        access = _driven(self.access(_env(session, self)))
        return access.user_id if access else None

    def get_project_id(self, session: Any) -> str | None:  # noqa: ANN401
        """Return the id of the project that the credential is scoped to, or None."""
        access = _driven(self.access(_env(session, self)))
        return access.project_id if access else None

    def get_endpoint(self, session: Any, **filter: Any) -> str | None:  # noqa: ANN401
        """Return the URL of the service that `filter` describes, or None."""
        found = _driven(self.endpoint(_env(session, self), **filter))
        return found.url if found else None

    def get_endpoint_data(
        self,
        session: Any,  # noqa: ANN401
        discover_versions: bool = True,  # noqa: FBT001, FBT002 - keystoneauth's signature
        **filter: Any,  # noqa: ANN401
    ) -> EndpointData | None:
        """Return what is known of the service that `filter` describes, or None."""
        env = _env(session, self)
        return _driven(self.endpoint(env, discover_versions=discover_versions, **filter))

    def get_api_major_version(self, session: Any, **filter: Any) -> Any:  # noqa: ANN401
        """Return the version of the API at the service that `filter` describes, or None."""
        found = _driven(self.endpoint(_env(session, self), discover_versions=True, **filter))
        return found.api_version if found else None

    def get_all_version_data(self, session: Any, **filter: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return all versions of the services that `filter` describes: region, interface, service
        type, list."""
        return _driven(self.versions(_env(session, self), **filter))

    def get_connection_params(self, session: Any) -> Mapping[str, Any]:  # noqa: ANN401
        """Return `verify` and `cert` where the plugin needs others than the session's."""
        return self.connection()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.label or ''}>".replace(" >", ">")

    def __getstate__(self) -> object:
        message = f"{type(self).__name__} holds secrets and cannot be pickled or copied."
        raise TypeError(message)


_ANY = Request("GET", "")


def _driven(coroutine: Coroutine[Any, Any, V]) -> V:
    try:
        return drive(coroutine)
    except SojournError as error:
        as_keystoneauth(error)
        raise


def handed_to_this_thread(plugin: AuthPlugin) -> Stamp | None:
    """Return the stamp that `get_headers` gave this thread last, and forget it."""
    handed = _handed(plugin)
    stamp: Stamp | None = getattr(handed, "stamp", None)
    handed.stamp = None
    return stamp


def _handed(plugin: AuthPlugin) -> threading.local:
    found: threading.local = plugin.__dict__.setdefault("_handed", threading.local())
    return found


def _env(session: Any, plugin: AuthPlugin) -> Env:  # noqa: ANN401
    """Return the surroundings of `plugin` in `session`: its own if it is one of ours, else borrowed ones."""
    own: Callable[[AuthPlugin], Env] | None = getattr(session, "env_for", None)
    if own is not None:
        return own(plugin)
    from sojourn.client.env.blocking import BlockingEnv
    from sojourn.client.transport.borrowed import BorrowedTransport

    return BlockingEnv(BorrowedTransport(session))
