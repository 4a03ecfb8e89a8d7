"""What a session remembers of its requests: a ring of named tuples without a secret in them. The
engine writes it."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

LENGTH: Final = 100


class HistoryEntry(NamedTuple):
    """One request that went out. `time` is UTC milliseconds, `duration` seconds, `status` None
    where no answer came, `url` has its query values masked."""

    time: int
    method: str
    url: str
    status: int | None
    duration: float
    account: str | None
    request_id: str | None


class History:
    """The last `length` requests, oldest first; 0 remembers none. Any thread may add."""

    def __init__(self, length: int) -> None:
        self._ring: deque[HistoryEntry] = deque(maxlen=length)

    def add(self, entry: HistoryEntry) -> None:
        """Remember `entry`; the oldest one is forgotten when the ring is full."""
        self._ring.append(entry)

    def entries(self) -> tuple[HistoryEntry, ...]:
        """Return what is remembered."""
        return tuple(self._ring.copy())
