"""What a session remembers of its requests: a ring of named tuples without a secret in them, and with
`history="full"` what went over the wire, masked. The engine writes it; below it are `exchange` and `har`,
loaded where they are needed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from sojourn.client.transport.contract import Reply, Request

if TYPE_CHECKING:
    import os

    from sojourn.client.exchange import Exchange

LENGTH: Final = 100

Kept = int | Literal["full"]
"""How many requests are remembered, or "full": a hundred, each with its masked headers and bodies."""


class HistoryEntry(NamedTuple):
    """One request that went out. `time` is UTC milliseconds, `duration` seconds, `status` None
    where no answer came, `url` has its query values masked. `exchange` is there with
    `history="full"`: masked headers, and up to 4 KiB of each masked body."""

    time: int
    method: str
    url: str
    status: int | None
    duration: float
    account: str | None
    request_id: str | None
    exchange: Exchange | None = None


class Entries(tuple[HistoryEntry, ...]):
    """Remembered requests, oldest first."""

    __slots__ = ()

    def har(self) -> dict[str, Any]:
        """Return them as an HTTP Archive 1.2, plain JSON values.

        Headers and bodies are in it only with `history="full"`; secrets never are.
        """
        from sojourn.client.har import archive

        return archive(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the HTTP Archive to `path`, readable by its owner alone. What was there is replaced
        once all is written. Raises StoreUnavailable."""
        from sojourn.client.har import save

        save(self, path)


class History:
    """The last requests, oldest first; 0 remembers none. Any thread may add."""

    def __init__(self, kept: Kept) -> None:
        self.full = kept == "full"
        if isinstance(kept, str) and not self.full:
            message = f"history= is a number or 'full', not {kept!r}."
            raise ValueError(message)
        self._ring: deque[HistoryEntry] = deque(maxlen=LENGTH if isinstance(kept, str) else kept)

    def add(self, entry: HistoryEntry, request: Request, reply: Reply | None) -> None:
        """Remember `entry`; the oldest one is forgotten when the ring is full."""
        if self.full:
            from sojourn.client.exchange import exchange

            entry = entry._replace(exchange=exchange(request, reply))
        self._ring.append(entry)

    def entries(self) -> Entries:
        """Return what is remembered."""
        return Entries(self._ring.copy())
