"""What a grant type is, and what a token request brings to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from sojourn.errors import InvalidGrant, InvalidScope, InvalidTarget
from sojourn.model.client import Client
from sojourn.model.grant import Grant
from sojourn.server.services.clients import Clients
from sojourn.server.services.sessions.manager import AsyncSessionManager
from sojourn.server.services.sessions.redemption import Taken
from sojourn.wire import oauth


class TokenRequest(Struct, frozen=True, kw_only=True):
    """A token request of an authenticated client.

    retry  its Idempotency-Key header, or empty
    jkt    thumbprint of the key that it proves (RFC 9449); empty: none
    """

    client: Client
    parameters: Mapping[str, str]
    sessions: AsyncSessionManager
    clients: Clients
    retry: str = ""
    jkt: str = ""

    def __repr__(self) -> str:
        return f"TokenRequest({self.client!r})"


class GrantType(Protocol):
    """One way to get tokens."""

    @property
    def name(self) -> str:
        """The `grant_type` value."""

    @property
    def public(self) -> bool:
        """Whether a client without authentication may use it."""

    def scopes(self, asked: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
        """The scopes to issue, of those asked for and those granted. Raises InvalidScope."""

    async def take(self, request: TokenRequest) -> Taken:
        """Judge what the request presents: for whom, and what to issue. Raises a ProtocolError."""


def narrowed(asked: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
    """What was asked for, if all of it was granted; everything granted if nothing was asked for (RFC 6749 §3.3, §6)."""
    if set(asked) - set(granted):
        raise InvalidScope
    return asked or granted


def still_granted(client: Client, grant: Grant) -> tuple[str, ...]:
    """What the client may still have of what was granted to it. Raises InvalidGrant when nothing is left of it, or when
    the client may no longer stay on without the person.
    """
    left = tuple(name for name in grant.scope if name in client.scope)
    if not left or (grant.offline and "offline_access" not in left):
        raise InvalidGrant(detail="the client lost the scope since")
    return left


def asked_scopes(request: TokenRequest) -> tuple[str, ...]:
    """The scopes of a token request. Raises InvalidScope for text that breaks the grammar."""
    text = request.parameters.get("scope", "")
    return oauth.scope_list(text) if text else ()


class Target(Struct, frozen=True):
    """What an access token is for, and whether it is a JWT."""

    resources: tuple[str, ...]
    jwt: bool


async def target(request: TokenRequest, granted: tuple[str, ...]) -> Target:
    """The resources of a token (RFC 8707 §2.2): each must be live, and still the client's. A JWT is for one, so that no
    scope in it can be read as another service's (RFC 9068 §3). Raises InvalidTarget.
    """
    asked = oauth.resource_list(request.parameters.get("resource", ""))
    if not set(asked) <= set(granted):
        raise InvalidTarget
    resources = asked or granted
    if set(resources) - set(request.client.resources):
        raise InvalidTarget(detail="the client lost the resource since")
    jwt = request.client.token_format == "jwt" and not resources
    for identifier in resources:
        resource = await request.clients.resource(identifier)
        if resource is None:
            raise InvalidTarget(detail=f"{identifier} is not a live resource")
        jwt = jwt or resource.token_format == "jwt"
    if jwt and len(resources) > 1:
        message = "A JWT access token is for one resource: name one of those that were granted."
        raise InvalidTarget(message)
    return Target(resources, jwt)
