"""A user: the root of a tree. Ending everything a user has is one write here."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET, UnsetType

from sojourn.model.value import Ending, Value

STATUSES = ("active", "locked", "disabled")


class User(Value, frozen=True, kw_only=True):
    """One person (or a subject that an embedding program names).

    id           never reused
    login        normalised name to sign in with; empty for a user made by an embedding program
    created      UTC ms
    status       active | locked | disabled
    valid_after  UTC ms: what was made at or before it is dead, but for the sign-in `excepted` and what came from it
    claims       OpenID Connect standard claims, `sub` apart
    roles        names that `model.admission` maps to administrative scopes
    """

    id: str
    created: int
    login: str = ""
    status: str = "active"
    valid_after: int = 0
    excepted: str = ""
    claims: Mapping[str, object] = {}
    roles: tuple[str, ...] = ()
    ended: Ending | UnsetType = UNSET

    def outlives(self, created: int, signin: str) -> bool:
        """Whether something made at `created` (UTC ms) from `signin` is above `valid_after`."""
        return created > self.valid_after or (bool(signin) and signin == self.excepted)


class NameClaim(Value, frozen=True, kw_only=True):
    """That a login name belongs to a user: pending until `deadline` (UTC ms), confirmed when that is 0."""

    user_id: str
    deadline: int = 0
