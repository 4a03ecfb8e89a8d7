"""An event: that something happened to somebody's state, written in the batch that changed it (design decision 13)."""

from __future__ import annotations

from sojourn.model.value import Value


class Event(Value, frozen=True, kw_only=True):
    """One entry of the outbox, delivered at least once.

    id       time-ordered, unique
    type     `signin.started`, `grant.revoked`, `client.created`, ... (docs/events.md)
    actor    who did it: a user or client id; empty: the system
    subject  whom it happened to
    path     key of the object
    """

    id: str
    time: int
    realm: str
    type: str
    actor: str = ""
    subject: str = ""
    path: str = ""
    outcome: str = "success"
    reason: str = ""
    request_id: str = ""
