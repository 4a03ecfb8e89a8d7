"""Asking the person of a credential: one process asks in its turn, the others wait for what comes of it; and a newer or
stronger sign-in is asked for once for all who want one (RFC 9470). Renewal stands above it; below it are the turns, the
flight and the keeper."""

from __future__ import annotations

import logging
import secrets as random
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from sojourn.client.asking import CANCELLED, PENDING, InVain, Turn, answers, falls_short
from sojourn.client.auth import AuthPlugin, Stamp
from sojourn.client.credential import Credential
from sojourn.client.env.contract import Env
from sojourn.client.flight import Flight
from sojourn.client.keeper import Keeper, Kept
from sojourn.errors import (
    AuthenticationCancelled,
    InteractionRequired,
    SojournError,
    StepUpRequired,
    StoreUnavailable,
)

Asker = Callable[[Env, Any, InteractionRequired], Coroutine[Any, Any, Credential]]
"""Asks the person of a plugin's credential; the plugin is the second argument."""

_POLL = 0.2  # seconds

_log = logging.getLogger("sojourn.client.renewal")


class NotAsked(InteractionRequired):
    """Only a person can help, and whoever wanted the credential wanted none to be asked."""


class InteractiveAuth(AuthPlugin):
    """A plugin whose credential a person may be asked for."""

    asker: Asker | None = None
    """Asks the person of this credential, where one was chosen to."""
    asked_for: InteractionRequired | None = None
    """Why a person was asked last, by this plugin."""
    _stepped: tuple[int, tuple[str, ...], int | None] = (0, (), None)
    """The generation of the last sign-in that a service asked for, by which ways and how new."""
    _current: Credential | None
    _flight: Flight

    @abstractmethod
    def adopt(self, credential: Credential) -> None:
        """Make `credential` the current one, unless a newer one is."""

    @abstractmethod
    def _keeper(self, env: Env) -> Keeper: ...

    async def ask(self, env: Env, reason: InteractionRequired) -> Credential:
        """Return a credential that a person gave; no lock is held. Raises `reason` where none can
        be asked."""
        if self.asker is None:
            raise reason
        return await self.asker(env, self, reason)

    def may_ask(self) -> bool:
        """Tell whether `ask` could reach a person here."""
        return self.asker is not None

    async def step_up(self, env: Env, refused: Stamp, reason: StepUpRequired) -> Credential:
        """Return a credential of a person who signed in after `refused` was made, asking them as `reason` says if
        nobody did yet: once for all who wait. Raises `reason` where nobody can be asked.
        """
        generation, found = refused.generation, self._current
        while (
            found is None
            or found.since <= generation
            # Another's sign-in, for no more than a good token. What was given to this one is all there is.
            or (
                falls_short(found, reason, env.now())
                and (found.since, reason.acr_values, reason.max_age) != self._stepped
            )
        ):
            try:
                found = await env.flight(
                    self._flight, lambda worker: self._stepped_up(worker, generation, reason)
                )
            except InVain as vain:
                raise vain.error from None
            except NotAsked:  # of a flight that another began who wanted none asked
                continue
        return found

    async def _stepped_up(self, env: Env, generation: int, reason: StepUpRequired) -> Credential:
        try:
            keeper = self._keeper(env)
            with keeper.locked():
                found = self._found(env, keeper, generation, reason)
            if found is None:
                found = await self._asked_in_turn(env, keeper, generation, reason)
                self._stepped = (found.since, reason.acr_values, reason.max_age)
            return found
        except SojournError as error:
            raise InVain(error) from error

    async def _asked_in_turn(
        self, env: Env, keeper: Keeper, stale: int, reason: InteractionRequired
    ) -> Credential:
        """Ask the person, unless another process is asking: then wait for what comes of that."""
        turn = keeper.turn()
        if turn is None or not self.may_ask():
            return self._given(keeper, stale, await self._ask(env, reason))
        flight = random.token_hex(8)
        while (other := _taken(turn, flight, env.now())) is not None:
            while turn.of(other, now=env.now()) == PENDING:
                await env.sleep(_POLL)
            if turn.of(other, now=env.now()) == CANCELLED:
                raise AuthenticationCancelled("The person said no, in another program.")
        try:
            credential = self._found(env, keeper, stale, reason) or self._given(
                keeper, stale, await self._ask(env, reason)
            )
        except AuthenticationCancelled:
            with suppress(StoreUnavailable):
                turn.cancel(flight)
            raise
        except BaseException:
            _left(turn, flight)
            raise
        _left(turn, flight)
        return credential

    def _found(
        self, env: Env, keeper: Keeper, stale: int, reason: InteractionRequired
    ) -> Credential | None:
        """Return what the person gave to another process while this one came to ask."""
        kept = keeper.read()
        found = kept.credential if kept.proven else None
        if found is None or not answers(found, reason, stale, env.now()):
            return None
        self.adopt(found)
        return found

    async def _ask(self, env: Env, reason: InteractionRequired) -> Credential:
        self.asked_for = reason
        return await self.ask(env, reason)

    def _given(self, keeper: Keeper, stale: int, credential: Credential) -> Credential:
        """Keep what the person gave. Where that fails it still serves this process."""
        try:
            with keeper.locked():
                known = generation_of(keeper.read().credential)
                credential = _newest(self._later(credential, max(stale, known)))
                keeper.write(Kept(credential))
        except StoreUnavailable as error:
            credential = _newest(self._later(credential, stale))
            _log.warning("The new credential of %s was not saved: %s", self.label, error)
        self.adopt(credential)
        return credential

    def _later(self, credential: Credential, stale: int) -> Credential:
        """Return `credential` with a generation above all that is known, whatever the clock did."""
        known = max(stale, generation_of(self._current))
        return credential._replace(generation=max(credential.generation, known + 1))


def _newest(credential: Credential) -> Credential:
    """Return `credential` as one whose person signed in for it."""
    return credential._replace(since=credential.generation)


def _taken(turn: Turn, flight: str, now: int) -> str | None:
    """Take the turn; where it cannot be written down, other processes are not kept from asking."""
    try:
        return turn.take(flight, now=now)
    except StoreUnavailable as error:
        _log.warning("Other processes may ask as well: %s", error)
        return None


def _left(turn: Turn, flight: str) -> None:
    with suppress(StoreUnavailable):
        turn.leave(flight)


def generation_of(credential: Credential | None) -> int:
    """Return the generation of a credential, 0 where there is none."""
    return credential.generation if credential else 0
