"""A user: the root of a tree. Ending everything a user has is one write here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from sojourn.model.value import Ending, Value

STATUSES = ("active", "locked", "disabled")
CUTS: Final = 4
"""How many endings of everything a user's record tells of: the newest ones."""


class Cut(Struct, frozen=True, omit_defaults=True):
    """One ending of everything at once.

    epoch     what it ended was of this epoch or an older one
    excepted  the sign-in that it spared
    at, why, by   as in Ending
    """

    epoch: int
    at: int
    why: str
    excepted: str = ""
    by: str = ""


class User(Value, frozen=True, kw_only=True):
    """One person (or a subject that an embedding program names).

    id           never reused
    login        normalised name to sign in with; empty for a user made by an embedding program
    created      UTC ms
    status       active | locked | disabled
    epoch        counts the endings of everything at once; what an older epoch made is dead,
                 but for the sign-in `excepted` and what came from it
    cuts         the newest of those endings, oldest first: for people, never for a decision
    claims       OpenID Connect standard claims, `sub` apart
    roles        names that `model.admission` maps to administrative scopes
    """

    id: str
    created: int
    login: str = ""
    status: str = "active"
    epoch: int = 0
    excepted: str = ""
    cuts: tuple[Cut, ...] = ()
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

    def cut(self, now: int, why: str, *, but: str = "", by: str = "") -> User:
        """The user once all that they have has ended at `now` (UTC ms), but the sign-in `but`."""
        cut = Cut(self.epoch, now, why, but, by)
        return msgspec.structs.replace(
            self, epoch=self.epoch + 1, excepted=but, cuts=(*self.cuts, cut)[-CUTS:]
        )

    def cut_of(self, epoch: int, signin: str) -> Cut | None:
        """The ending of everything that ended what was made in `epoch` from `signin`, if it is still told of."""
        met = (cut for cut in self.cuts if cut.epoch >= epoch)
        return next((cut for cut in met if not signin or cut.excepted != signin), None)


class NameClaim(Value, frozen=True, kw_only=True):
    """That a login name belongs to a user: pending until `deadline` (UTC ms), confirmed when that is 0."""

    user_id: str
    deadline: int = 0
