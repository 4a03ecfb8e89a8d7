"""The history of a DynectSession in the form that its users know: five values a call. The session
writes it; what else a session remembers is in `client.history`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sojourn.wire.masking import masked_fields

MASK: Final = "*****"
LENGTH: Final = 1000


class JournalEntry(NamedTuple):
    """One call: local time in ISO 8601, path, method, arguments with secrets masked, and the status
    of the answer: success, failure or incomplete."""

    time: str
    uri: str
    method: str
    arguments: dict[str, Any]
    status: str

    def __repr__(self) -> str:
        return tuple.__repr__(self)


def entry(
    uri: str, method: str, arguments: Mapping[str, Any], *, status: str, now: int
) -> JournalEntry:
    """Return the entry of a call that was answered at `now`, UTC ms."""
    local = datetime.fromtimestamp(now / 1000)  # noqa: DTZ006 - local time without a zone is its form
    shown: dict[str, Any] = masked_fields(arguments, MASK)
    return JournalEntry(local.isoformat(timespec="microseconds"), uri, method, shown, status)


class Journal:
    """The last thousand entries, oldest first. Any thread may add."""

    def __init__(self, first: JournalEntry | None = None) -> None:
        self._ring: deque[JournalEntry] = deque([first] if first else (), maxlen=LENGTH)

    def add(self, one: JournalEntry) -> None:
        """Remember `one`."""
        self._ring.append(one)

    def entries(self) -> list[JournalEntry]:
        """Return what is remembered, as a list of the caller's own."""
        return list(self._ring.copy())
