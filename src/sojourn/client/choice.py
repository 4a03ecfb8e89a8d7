"""Which account is meant, and why: the rules that were asked in their order, what each said, and what
follows for the credential and the address. `accounts` makes it; it asks nobody and imports little,
because reading a token goes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from sojourn.client.account import Account

VARIABLE: Final = "SOJOURN_ACCOUNT"
JOB: Final = "SOJOURN_JOB"
"""Holds the text of a job's user, for what runs as the job."""

ARGUMENT: Final = "argument"
WITH: Final = "with"
ENVIRONMENT: Final = "environment"
PROFILE: Final = "profile"
ONLY: Final = "only"

_SILENT: Final = {
    ARGUMENT: "no name was given",
    WITH: "no `with accounts.use(...)` block is open",
    ENVIRONMENT: f"{VARIABLE} is not set",
    PROFILE: "no account was chosen with `sojourn use` or at a sign-in",
}
_SAID: Final = {
    ARGUMENT: "the name given",
    WITH: "the innermost `with accounts.use(...)` block",
    ENVIRONMENT: VARIABLE,
    PROFILE: "chosen with `sojourn use` or at the last sign-in",
    ONLY: "there is no other account",
}


class Step(NamedTuple):
    """One rule that was asked, and what it said: `chosen` is the account's name, None where the rule
    is silent."""

    rule: str
    chosen: str | None

    @property
    def text(self) -> str:
        """What the rule said, as a sentence's part."""
        return _SILENT[self.rule] if self.chosen is None else f"{_SAID[self.rule]}: {self.chosen}"


class Choice(NamedTuple):
    """Which account is meant, and `why`: argument, with, environment, profile, or only (there is no
    other). `steps` are the rules in the order in which they were asked."""

    account: Account
    why: str
    steps: tuple[Step, ...] = ()

    @property
    def credential(self) -> str:
        """Which credential is sent, and how it stays good."""
        return self.account.credential

    @property
    def endpoint(self) -> str:
        """The address that the credential is for, and where that is known from."""
        return self.account.endpoint

    def __str__(self) -> str:
        asked = "; ".join(step.text for step in self.steps)
        return (
            f"account     {self.account.name} ({asked})\n"
            f"credential  {self.credential}\n"
            f"endpoint    {self.endpoint}"
        )
