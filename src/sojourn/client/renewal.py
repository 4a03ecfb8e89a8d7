"""How a credential stays good: the base of every plugin that holds tokens. One flight renews for
all threads, tasks and processes; a late refusal of an old generation changes nothing. Dialects
stand above it and say how tokens are obtained; below it are the flight, the keeper and the
environment."""

from __future__ import annotations

import json
import logging
import secrets as random
from abc import abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sojourn.client.asking import InVain
from sojourn.client.auth import Stamp, Verdict, handed_to_this_thread
from sojourn.client.credential import Credential, of_halves
from sojourn.client.env.contract import Env
from sojourn.client.flight import Flight
from sojourn.client.interaction import InteractiveAuth, NotAsked, generation_of
from sojourn.client.keeper import InMemory, Keeper, Kept, Sealed, SignedOut
from sojourn.client.refusals import Refusal
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.errors import (
    AuthenticationError,
    ConnectFailure,
    CredentialBusy,
    InteractionRequired,
    KeyBound,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

BOUND: Final = (
    "The access token is bound to a key (DPoP) and of no use as a bearer token: each request needs a proof of its own. "
    "Send the request through sojourn's Session, or sign in with dpop=False for a token that can be handed on."
)

_log = logging.getLogger("sojourn.client.renewal")


class SignInEnded(InteractionRequired):
    """The server will not renew this credential again: a person must sign in anew."""

    text = "The sign-in has ended at the server. Sign in again."


class RenewingAuth(InteractiveAuth):
    """A plugin whose credential is renewed in one flight. `store` is its own sealed store; else the
    session's is used."""

    kind: str
    spends: bool = True
    """Whether a renewal uses up the refresh token, so that two processes must not hold one each."""
    meant_for: CredentialStore | None = None
    """The store that is going to keep what a sign-in gives."""
    connected: Mapping[str, Any] = MappingProxyType({})
    """`verify` and `cert` of connections to the service, where they are not the session's; no secret is in them."""

    def __init__(self, *, store: CredentialStore | None = None, account: str | None = None) -> None:
        self._store = self.meant_for = store
        self._account = account
        self._memory = InMemory()
        self._current: Credential | None = None
        self._stamp: tuple[Credential | None, Stamp] = (None, Stamp())
        self._stale = 0
        self._flight = Flight()
        self._refused: Refusal | None = None

    @property
    def account(self) -> str | None:
        """The account of the sealed store that it renews, if it is bound to one."""
        return self._account

    @property
    def subject(self) -> str | None:
        """Who must be signed in, where only the credential tells one person from another."""
        return None

    # What a dialect says ---------------------------------------------------------------------------------------------

    @abstractmethod
    def identity(self, user: str | None = None) -> tuple[str, ...]:
        """Return what tells this credential from all others: issuer, client, user, scope, ...

        `user` is given once it is known who signed in.
        """

    @abstractmethod
    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        """Return the next credential without asking a person; the credential's lock is held.

        `nonce` stays the same until an outcome is known. Raises InteractionRequired if only a
        person can help, SignInEnded if the refresh token is dead.
        """

    def proof(self) -> dict[str, Any]:
        """Return, of `secrets`, what it was given to prove who asks. What the session's store keeps of the
        same identity is served to those who were given the same; others must convince the server."""
        return {name: value for name, value in self.secrets().items() if name != "token"}

    # The contract ----------------------------------------------------------------------------------------------------

    async def authorize(self, env: Env, request: Request) -> Stamp:
        credential = self._ready(env) or await self.credential(env)
        if credential.key is not None:
            return Stamp(self._proved(credential, request, env.now()), credential.generation)
        shown, stamp = self._stamp
        if shown is not credential:
            stamp = Stamp(self._shown(credential), credential.generation)
            self._stamp = (credential, stamp)
        return stamp

    def _shown(self, credential: Credential) -> Fields:
        """Return the headers that show `credential`, which are the same for every request."""
        return (("Authorization", f"Bearer {credential.access_token}"),)

    def _proved(self, credential: Credential, request: Request, now: int) -> Fields:
        """Return the headers that show `credential` with `request` alone, and prove its key."""
        raise KeyBound(BOUND)

    async def challenged(
        self, env: Env, request: Request, response: Reply, stamp: Stamp
    ) -> Verdict:
        self.invalidate(stamp)
        return Verdict.RETRY

    def invalidate(self, failed: Stamp | None = None) -> bool:
        handed = handed_to_this_thread(self) if failed is None else None
        failed = failed or handed
        current = self._current
        if current is None or (failed is not None and failed.generation != current.generation):
            return handed is not None
        # Only ever rises, so a late refusal of an older generation cannot throw away a newer one.
        self._stale = max(self._stale, current.generation)
        return True

    async def token(self, env: Env) -> str:
        credential = await self.credential(env)
        if credential.key is not None:
            raise KeyBound(BOUND)
        return credential.access_token

    def state(self) -> dict[str, Any]:
        return {"token": self._current.public()} if self._current else {}

    def secrets(self) -> dict[str, Any]:
        return {"token": self._current.secret()} if self._current else {}

    def restore(self, state: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        public, secret = state.get("token"), secrets.get("token")
        if public and secret:
            self.adopt(of_halves(public, secret))

    def record(self) -> dict[str, Any]:
        """Return what the sealed store keeps of this plugin; only ever written sealed."""
        return {
            "v": 1,
            "kind": self.kind,
            "state": self.state(),
            "secrets": self.secrets(),
            "connection": dict(self.connected) or None,
        }

    def connection(self) -> Mapping[str, Any]:
        return self.connected

    def bind(self, store: CredentialStore, account: str) -> None:
        """Renew what `store` keeps of `account` from now on: two copies of a refresh token would look
        like theft to the server."""
        self._store = self.meant_for = store
        self._account = account

    def unbind(self) -> None:
        """Forget the credential, and whose account it was: the account was closed."""
        self.invalidate()
        self._current, self._stamp = None, (None, Stamp())
        self._store = self._account = None
        self._memory = InMemory()

    # Renewal ---------------------------------------------------------------------------------------------------------

    async def credential(self, env: Env, *, ask: bool = True) -> Credential:
        """Return a good credential, renewing it if need be; without `ask` a person is not asked.

        Raises CredentialError and ConnectFailure.
        """
        if (ready := self._ready(env)) is not None:
            return ready
        stale = self._stale
        try:
            found = await self._newer(env, stale, ask=ask)
        except (ConnectFailure, CredentialBusy, NotAsked, StoreUnavailable):
            if (current := self._usable(env, stale)) is not None:
                return current
            raise
        return found

    def _ready(self, env: Env) -> Credential | None:
        """Return the current credential if it is as good as a new one."""
        current = self._current
        if current is None or current.generation <= self._stale or not current.fresh(env.now()):
            return None
        return current

    async def renew_early(self, env: Env) -> Credential:
        """Return a newer credential than the current one, which serves until it is there, or that itself where nobody
        knows its end. Nobody is asked."""
        before = generation_of(self._current)
        held = await self.credential(env, ask=False)
        if held.generation != before or held.expires_at is None:  # renewed just now, or for ever
            return held
        return await self._newer(env, before, ask=False)

    async def _newer(self, env: Env, stale: int, *, ask: bool) -> Credential:
        found = await self._flown(env, stale, ask=ask)
        while found.generation <= stale:  # it took off before anybody wanted a newer one
            found = await self._flown(env, stale, ask=ask)
        return found

    async def _flown(self, env: Env, stale: int, *, ask: bool) -> Credential:
        while True:
            try:
                return await env.flight(
                    self._flight,
                    lambda worker: self._renewed(worker, max(stale, self._stale), ask=ask),
                )
            except NotAsked:  # of this flight, or of one that another began who wanted none asked
                if not ask:
                    raise
            except InVain:
                continue

    def adopt(self, credential: Credential) -> None:
        """Make `credential` the current one, unless a newer one is."""
        current = self._current
        if current is None or current.generation < credential.generation:
            self._current = credential
            self._memory.write(Kept(credential))

    async def _renewed(self, env: Env, stale: int, *, ask: bool) -> Credential:
        keeper = self._keeper(env)
        try:
            return await self._renewed_silently(env, keeper, stale)
        except SignedOut:
            raise
        except InteractionRequired as reason:
            current = self._usable(env, stale)
            if current is None and not ask:
                raise NotAsked(reason.public, detail=reason.detail) from reason
            return current or await self._asked_in_turn(env, keeper, stale, reason)

    async def _renewed_silently(self, env: Env, keeper: Keeper, stale: int) -> Credential:
        with keeper.locked():
            kept = keeper.read()
            previous = kept.credential
            if previous is not None and kept.proven:
                self.adopt(previous)
                if previous.generation > stale and previous.fresh(env.now()):
                    return previous
            if self.spends:
                keeper.claim()
            self._heed(keeper, previous, env.now())
            nonce = self._intend(keeper, kept)
            try:
                credential = self._later(await self.renew(env, previous, nonce), stale)
            except SignInEnded:
                return self._ended(keeper, previous, env.now())
            except AuthenticationError as error:
                self._remember(keeper, previous, error, env.now())
                raise
            self.adopt(credential)
            self._keep(keeper, credential)
            return credential

    def _ended(self, keeper: Keeper, previous: Credential | None, now: int) -> Credential:
        """Give up the refresh token that the server will not take; one that came meanwhile stays,
        and serves."""
        kept = keeper.read()
        found = kept.credential
        if found is None or found == previous:
            dead = previous and previous._replace(refresh_token=None)
            keeper.write(kept._replace(credential=dead, intent=None))
            raise SignInEnded
        if not kept.proven:
            raise SignInEnded
        self.adopt(found)
        if not found.fresh(now):
            raise SignInEnded
        return found

    def _heed(self, keeper: Keeper, previous: Credential | None, now: int) -> None:
        """Raise again how the same was refused a moment ago, here or in another process."""
        generation = generation_of(previous)
        if self._refused is not None and self._refused.holds(generation, now):
            raise self._refused.error
        refusals = keeper.refusals()
        text = refusals and refusals.told(lambda: self._tried(generation), now=now)
        if text:
            raise AuthenticationError(text)

    def _remember(
        self, keeper: Keeper, previous: Credential | None, error: AuthenticationError, now: int
    ) -> None:
        generation = generation_of(previous)
        self._refused = Refusal(error, generation, now)
        if (refusals := keeper.refusals()) is not None:
            refusals.tell(lambda: self._tried(generation), error.public, now=now)

    def _tried(self, generation: int) -> tuple[str, ...]:
        return str(generation), json.dumps(self.proof(), sort_keys=True)

    def _usable(self, env: Env, stale: int) -> Credential | None:
        """Return the current credential if it cannot be renewed now and still serves."""
        current = self._current
        if current is None or current.generation <= stale or not current.live(env.now()):
            return None
        return current

    def _intend(self, keeper: Keeper, kept: Kept) -> str:
        """Return the rotation nonce, written down before it is sent: after a lost answer the same
        one is sent again."""
        if kept.intent:
            return kept.intent
        nonce = random.token_urlsafe(24)
        if kept.credential and kept.credential.refresh_token:
            keeper.write(kept._replace(intent=nonce))
        return nonce

    def _keep(self, keeper: Keeper, credential: Credential) -> None:
        try:
            keeper.write(Kept(credential))
        except StoreUnavailable as error:
            # Nothing is lost: this process has the new tokens, and the stored nonce gets them again
            # for others.
            _log.warning("The renewed credential of %s was not saved: %s", self.label, error)

    def _keeper(self, env: Env) -> Keeper:
        store = self._store or env.store
        if store is None:
            return self._memory
        if self._account is not None:
            return Sealed(store, self._account)
        account = store.account_id(self.kind, *self.identity())
        return Sealed(store, account, self.record(), self.proof)
