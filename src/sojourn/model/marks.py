"""Small values that only have to exist for a while: a used assertion, a last use, counted failures, a set-up link."""

from __future__ import annotations

from sojourn.model.value import Value


class Used(Value, frozen=True, kw_only=True):
    """That something single-use was used, and when (UTC ms)."""

    at: int


class Activity(Value, frozen=True, kw_only=True):
    """When a node was last used (UTC ms), written at most once a minute and never judged by."""

    at: int
    address: str = ""


class Failures(Value, frozen=True, kw_only=True):
    """How often in a row sign-in failed for an account or an address, and when last (UTC ms)."""

    count: int
    at: int


class SetupLink(Value, frozen=True, kw_only=True):
    """The one-time link with which the first administrator is made: its token's digest; good until `end` (UTC ms)."""

    digest: str
    end: int
