"""What every ShotGrid plugin shares: a session token that dies of disuse and is renewed in place, calls of the JSON API
with it, and what goes along with an HTTP request. The plugins stand above it; below it are renewal, the calls and the
REST tokens.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sojourn.client.auth import AccessInfo, Stamp, Verdict
from sojourn.client.credential import Credential, next_generation
from sojourn.client.dialects.shotgrid import rpc
from sojourn.client.dialects.shotgrid.errors import (
    SessionEnded,
    ShotgridFault,
    UnresolvableHumanUser,
    UnresolvableScriptUser,
)
from sojourn.client.dialects.shotgrid.rest import RestTokens
from sojourn.client.env.contract import Env
from sojourn.client.keeper import Keeper, Kept
from sojourn.client.renewal import RenewingAuth, SignInEnded
from sojourn.client.transport.contract import Reply, Request
from sojourn.client.url import origin
from sojourn.wire import shotgrid
from sojourn.wire.shotgrid import Caller, RestGrant

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

RECENT: Final = 300_000
"""Milliseconds of disuse after which a session is asked after, before something is sent that cannot be sent again."""

_BEARER: Final = "Authorization"


class ShotgridAuth(RenewingAuth):
    """Somebody at one site. Requests below `/api/v1` get a token of the REST API, all others the session's cookie,
    which attachments ask for; nothing goes to another origin.

    Nobody knows when a session token ends: it dies of disuse. It is used until the site refuses it.
    """

    kind = "shotgrid"
    spends = False
    grant: str
    """The name that loads the plugin."""
    entity_type: str
    entity_field: str
    """Where the site keeps who this is."""

    def __init__(
        self, host: str, *, store: CredentialStore | None = None, account: str | None = None
    ) -> None:
        super().__init__(store=store, account=account)
        self.site = rpc.site_of(host)
        self._origin = origin(self.site)
        self._rest = RestTokens(self.site, self._rest_grant, self.invalidate)
        self._taken = (0, 0)

    @property
    @abstractmethod
    def name(self) -> str | None:
        """The user's login or the script's name; None while it is not known."""

    @property
    def renewable(self) -> bool:
        """Whether a session that has ended is followed by another without a person."""
        return False

    async def first(self, env: Env) -> Credential:
        """Return a credential made now, whatever is kept."""
        return await self.renew(env, None, "")

    # Calls -----------------------------------------------------------------------------------------------------------

    async def caller(self, env: Env) -> tuple[Caller, int]:
        """Return who makes a call, and the generation of the credential that says so."""
        held = await self.credential(env)
        return session_of(held), held.generation

    async def call(self, env: Env, method: str, arguments: object = None) -> Any:  # noqa: ANN401 - any JSON value
        """Return the results of `method` of the JSON API; a session that has ended is renewed once. Raises what
        `rpc.call` does, and CredentialError."""
        caller, generation = await self.caller(env)
        try:
            found = await rpc.call(env, self.site, method, caller, arguments)
        except SessionEnded:
            self.invalidate(Stamp((), generation))
            caller, generation = await self.caller(env)
            found = await rpc.call(env, self.site, method, caller, arguments)
        self.seen(generation, env.now())
        return found

    async def entity(self, env: Env) -> dict[str, Any]:
        """Return `type` and `id` of what this is at the site. Raises UnresolvableUser where it has none such."""
        wanted = shotgrid.reading(self.entity_type, self.entity_field, self.name or "")
        found = shotgrid.entity_of(await self.call(env, "read", wanted))
        if found is None:
            kind = (
                UnresolvableHumanUser if self.entity_type == "HumanUser" else UnresolvableScriptUser
            )
            raise kind(f"{self.site} has no {self.entity_type} {self.name!r}.")
        return found

    async def recent(self, env: Env) -> Credential:
        """Return the session that the site took within the last five minutes: the site is asked where it was not used
        for longer, and it is renewed where it has ended. How a site refuses a download or a form could not be told from
        other answers."""
        held = await self.credential(env)
        generation, at = self._taken
        known = max(held.issued_at, at if generation == held.generation else 0)
        if env.now() - known <= RECENT:
            return held
        try:
            await self.ask_after(env, session_of(held))
        except SessionEnded:
            self.invalidate(Stamp((), held.generation))
            return await self.credential(env)
        self.seen(held.generation, env.now())
        return held

    def seen(self, generation: int, now: int) -> None:
        """Remember that the site took the session of `generation` at `now`, which keeps it alive; 0 is no session."""
        if generation:
            self._taken = (generation, now)

    def key(self) -> tuple[str | None, str | None]:
        """Return the name and the key of a script; for users neither."""
        return None, None

    async def ask_after(self, env: Env, caller: Caller) -> None:
        """Ask the site whether it takes `caller`, which keeps a session alive. Raises SessionEnded for one that is
        over, and what `rpc.call` does."""
        wanted = shotgrid.reading(self.entity_type, self.entity_field, self.name or "")
        with suppress(ShotgridFault):  # not allowed to read that, and that is not said to strangers
            await rpc.call(env, self.site, "read", caller, wanted)

    # The contract of a plugin ----------------------------------------------------------------------------------------

    async def authorize(self, env: Env, request: Request) -> Stamp:
        # keystoneauth1's Session asks for headers, and does not say what for.
        if request.url and origin(request.url) != self._origin:
            return Stamp()
        if _is_rest(request.url):
            held = await self._rest.credential(env)
            return Stamp(((_BEARER, f"Bearer {held.access_token}"),), held.generation)
        held = await self.recent(env)
        cookie = f"{shotgrid.COOKIE}={held.access_token}"
        return Stamp((("Cookie", cookie),), held.generation)

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        if not stamp.headers:
            return Verdict.GIVE_UP
        self.invalidate(stamp)
        return Verdict.RETRY

    def invalidate(self, failed: Stamp | None = None) -> bool:
        if failed is None:
            self._rest.invalidate(None)
        elif any(name == _BEARER for name, _ in failed.headers):
            return self._rest.invalidate(failed)
        return super().invalidate(failed)

    async def access(self, env: Env) -> AccessInfo:
        """Return who the credential is."""
        held = await self.credential(env)
        return AccessInfo(self.name, self.site, None, None, held.claims)

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        return (self.site, self.entity_type, same(user or self.name or ""))

    def state(self) -> dict[str, Any]:
        own = {
            "grant": self.grant,
            "issuer": self.site,
            "client_id": self.name,
            "user": self.name,
            "renewable": self.renewable,
        }
        return {**own, **super().state()}

    # Inside ----------------------------------------------------------------------------------------------------------

    def _ended(self, keeper: Keeper, previous: Credential | None, now: int) -> Credential:
        # The site was asked, and takes it no more: every reader of the store shall know.
        try:
            return super()._ended(keeper, previous, now)
        except SignInEnded:
            kept = keeper.read()
            if kept.credential is not None and kept.proven:
                keeper.write(Kept(kept.credential._replace(access_token="")))
            raise

    async def _rest_grant(self, env: Env) -> tuple[RestGrant, int]:
        held = await self.credential(env)
        return RestGrant("session_token", held.access_token), held.generation

    def made(self, token: str, previous: Credential | None, now: int) -> Credential:
        """Return the credential of a session token."""
        return Credential(
            next_generation(previous, now),
            token,
            now,
            token_type="session_token",
            claims={"sub": self.name, "type": self.entity_type},
        )


def session_of(held: Credential) -> Caller:
    """Return who a call with that session says to be."""
    return Caller(session_token=held.access_token, reject_if_expired=True)


def same(login: str) -> str:
    """Return the spelling by which logins are compared: without case and outer blanks."""
    return login.strip().casefold()


def _is_rest(url: str) -> bool:
    path = urlsplit(url).path
    return path.startswith((f"{shotgrid.REST}/", f"{shotgrid.REST}."))
