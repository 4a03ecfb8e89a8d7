"""Who calls a JSON API of this server: the Bearer token judged, its audience and scope checked, and the user's roles.

`account` and `admin` stand above it. A scope in a token is what was granted; what a role carries is looked up at each
call, so that a withdrawn role counts at once.
"""

from __future__ import annotations

from msgspec import Struct
from starlette.requests import Request

from sojourn.errors import InsufficientScope, InvalidToken, TokenMissing
from sojourn.model.admission import ACCEPT
from sojourn.model.user import User
from sojourn.server.endpoints import bearer
from sojourn.server.login.authenticators.password import common_passwords
from sojourn.server.pages.site import Site
from sojourn.server.services.administration import Administration
from sojourn.server.services.administration.roles import scopes_of
from sojourn.server.services.sessions.acceptance import Accepted


class Caller(Struct, frozen=True):
    """A token found good, and the user behind it; None for a client that acts for itself."""

    accepted: Accepted
    user: User | None

    @property
    def actor(self) -> str:
        """Who does it, for events."""
        return self.user.id if self.user else self.accepted.client_id

    @property
    def signin(self) -> str:
        """The sign-in that the token came from; empty if none."""
        return self.accepted.grant.signin if self.accepted.grant else ""


async def authenticate(site: Site, request: Request, *, resource: str) -> Caller:
    """Judge the request's token. It is for `resource`, or for this server's own endpoints. Raises BearerError."""
    shown = await bearer.shown(site, request)
    if not shown.text:
        raise TokenMissing
    accepted = await bearer.judged(site, shown, ACCEPT)
    if accepted.audience and resource not in accepted.audience:
        raise InvalidToken(detail="for another resource")
    user = accepted.admitted.value(User)
    return Caller(accepted, user if isinstance(user, User) else None)


async def owner(site: Site, request: Request, *, resource: str, scope: str) -> tuple[Caller, User]:
    """The user who calls about what is theirs. Raises BearerError."""
    caller = await authenticate(site, request, resource=resource)
    if scope not in caller.accepted.scope:
        raise InsufficientScope(scope=scope)
    if caller.user is None:
        raise InvalidToken("This token is not a user's.")
    return caller, caller.user


async def administrator(site: Site, request: Request, *, resource: str, scope: str) -> Caller:
    """Who calls with an administrative scope: a user whose roles carry it, or a client registered with it.

    Raises BearerError.
    """
    caller = await authenticate(site, request, resource=resource)
    client = caller.accepted.admitted.client
    allowed = (
        scopes_of(caller.user.roles) if caller.user else frozenset(client.scope if client else ())
    )
    if scope not in caller.accepted.scope or scope not in allowed:
        raise InsufficientScope(scope=scope)
    return caller


def desk(site: Site) -> Administration:
    """The desk of this site."""
    return Administration(
        site.sessions,
        site.users,
        site.clients,
        hashed=site.passwords.hash,
        common=common_passwords(),
    )
