"""The contract of an authentication plugin: what a session asks of whatever signs its requests. The
engine stands above it, the dialects implement it; a plugin may serve any number of sessions,
threads and loops at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields, Reply, Request


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


class EndpointData(NamedTuple):
    """Where a service answers."""

    url: str


class AccessInfo(NamedTuple):
    """Who the credential is and how long it lasts: `expires_at` in UTC milliseconds, `claims` as
    the server gave them."""

    user_id: str | None
    issuer: str
    scope: str | None
    expires_at: int | None
    claims: Mapping[str, Any]


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

    async def endpoint(
        self,
        env: Env,
        **filter: str | None,
    ) -> EndpointData | None:
        """Return where the service that `filter` describes answers, or None if the plugin has no
        catalog."""
        return None

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

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.label or ''}>".replace(" >", ">")

    def __getstate__(self) -> object:
        message = f"{type(self).__name__} holds secrets and cannot be pickled or copied."
        raise TypeError(message)
