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
    epoch        counts the endings of everything at once; what an older epoch made is dead,
                 but for the sign-in `excepted` and what came from it
    claims       OpenID Connect standard claims, `sub` apart
    roles        names that `model.admission` maps to administrative scopes
    """

    id: str
    created: int
    login: str = ""
    status: str = "active"
    epoch: int = 0
    excepted: str = ""
    claims: Mapping[str, object] = {}
    roles: tuple[str, ...] = ()
    ended: Ending | UnsetType = UNSET

    def refusal(self) -> str:
        """Why it may do nothing; empty for a live user."""
        if self.ended is not UNSET:
            return self.ended.why
        return "" if self.status == "active" else self.status

    def keeps(self, epoch: int, signin: str) -> bool:
        """Whether something made in `epoch` from `signin` survived every ending of everything."""
        return epoch == self.epoch or (bool(signin) and signin == self.excepted)


class NameClaim(Value, frozen=True, kw_only=True):
    """That a login name belongs to a user: pending until `deadline` (UTC ms), confirmed when that is 0."""

    user_id: str
    deadline: int = 0
