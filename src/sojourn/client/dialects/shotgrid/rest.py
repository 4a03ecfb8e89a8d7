"""The REST API's access tokens: got with what the plugin holds, kept in memory, got anew when they end or are refused.
The plugin stands above it; below it are renewal and `wire.shotgrid`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from sojourn.client.auth import Stamp
from sojourn.client.credential import Credential, next_generation
from sojourn.client.dialects.shotgrid.errors import SessionEnded
from sojourn.client.env.contract import Env
from sojourn.client.keeper import Keeper
from sojourn.client.renewal import RenewingAuth
from sojourn.client.transport.contract import Fields, Request
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import AuthenticationError, ConnectFailure, Malformed, ProtocolError
from sojourn.wire import forms, shotgrid
from sojourn.wire.shotgrid import RestGrant

_HEADERS: Final[Fields] = (
    ("Accept", "application/json"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("User-Agent", PRODUCT),
)

Grant = Callable[[Env], Awaitable[tuple[RestGrant, int]]]
"""Returns what a token is asked for with, and the generation of the credential that it is from."""


class RestTokens(RenewingAuth):
    """Access tokens of one site. `grant` says what to ask with, `invalidate_grant` is told that the site refused it.

    The refresh token that comes along is not used: a session gets a new access token with one request just as well,
    and there is nothing to lose or to spend twice.
    """

    kind = "shotgrid_rest"
    spends = False

    def __init__(self, site: str, grant: Grant, invalidate_grant: Callable[[Stamp], bool]) -> None:
        super().__init__()
        self._site = site
        self._grant = grant
        self._invalidate_grant = invalidate_grant

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        return (self._site,)

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        grant, generation = await self._grant(env)
        try:
            return await self._asked(env, grant, previous)
        except SessionEnded:
            self._invalidate_grant(Stamp((), generation))
        grant, _ = await self._grant(env)
        return await self._asked(env, grant, previous)

    async def _asked(self, env: Env, grant: RestGrant, previous: Credential | None) -> Credential:
        body = forms.encode(grant.params()).encode("ascii")
        url = f"{self._site}{shotgrid.ACCESS_TOKEN}"
        reply = await env.send(Request("POST", url, _HEADERS, body))
        if reply.status >= 500:
            raise ConnectFailure(f"{self._site} is down, or too busy to answer ({reply.status}).")
        if reply.status in {400, 401, 403}:
            refused = SessionEnded if grant.grant_type == "session_token" else AuthenticationError
            raise refused(f"{self._site} gave no token for its REST API ({reply.status}).")
        try:
            found = shotgrid.rest_token(reply.content)
        except (Malformed, ProtocolError) as cause:
            raise AuthenticationError(f"{self._site} gave no token for its REST API.") from cause
        now = env.now()
        until = None if found.expires_in is None else now + found.expires_in * 1000
        return Credential(next_generation(previous, now), found.access_token, now, expires_at=until)

    def _keeper(self, env: Env) -> Keeper:
        return self._memory
