"""How a person is asked for a newer or stronger sign-in than the one that made a good token: in the same flight as a
renewal, once for all who wait. Dialects stand above it; below it is renewal."""

from __future__ import annotations

from sojourn.client.auth import Stamp
from sojourn.client.credential import Credential
from sojourn.client.env.contract import Env
from sojourn.client.keeper import Keeper
from sojourn.client.renewal import RenewingAuth
from sojourn.errors import InteractionRequired, SojournError, StepUpRequired


class _InVain(Exception):
    """A person was asked for a newer or stronger sign-in, and none came of it: `error` is for those who wanted one,
    and not for those who joined the flight for no more than a good token."""

    def __init__(self, error: SojournError) -> None:
        super().__init__()
        self.error = error


class SteppingUpAuth(RenewingAuth):
    """A plugin whose person can be asked again although the credential is good."""

    asked_for: InteractionRequired | None = None
    """Why a person was asked last, by this plugin."""

    async def step_up(self, env: Env, refused: Stamp, reason: StepUpRequired) -> Credential:
        """Return a credential of a person who signed in after `refused` was made, asking them as `reason` says if
        nobody did yet: once for all who wait. Raises `reason` where nobody can be asked.
        """
        generation, found = refused.generation, self._current
        while found is None or found.since <= generation:
            try:
                found = await env.flight(
                    self._flight, lambda worker: self._stepped_up(worker, generation, reason)
                )
            except _InVain as vain:
                raise vain.error from None
        return found

    async def _stepped_up(self, env: Env, generation: int, reason: StepUpRequired) -> Credential:
        try:
            keeper = self._keeper(env)
            with keeper.locked():
                found = self._found(env, keeper, generation, reason)
            return found or await self._asked_in_turn(env, keeper, generation, reason)
        except SojournError as error:
            raise _InVain(error) from error

    async def _flown(self, env: Env, *, ask: bool) -> Credential:
        while True:
            try:
                return await super()._flown(env, ask=ask)
            except _InVain:
                continue

    def _found(
        self, env: Env, keeper: Keeper, stale: int, reason: InteractionRequired
    ) -> Credential | None:
        if not isinstance(reason, StepUpRequired):
            return super()._found(env, keeper, stale, reason)
        kept = keeper.read()
        found = kept.credential if kept.proven else None
        if found is None or found.since <= stale:
            return None
        self.adopt(found)
        return found
