"""How long requests took, for callers that ask with `collect_timing`. The engine writes it."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Final, NamedTuple

LENGTH: Final = 10_000


class RequestTiming(NamedTuple):
    """One request that was answered; query values of `url` are masked."""

    method: str
    url: str
    elapsed: timedelta


class Timings:
    """The last 10,000 requests since they were reset, oldest first. Any thread may add."""

    def __init__(self) -> None:
        self._ring: deque[RequestTiming] = deque(maxlen=LENGTH)

    def add(self, method: str, url: str, seconds: float) -> None:
        """Remember one request."""
        self._ring.append(RequestTiming(method, url, timedelta(seconds=seconds)))

    def entries(self) -> list[RequestTiming]:
        """Return what is remembered."""
        return list(self._ring.copy())

    def reset(self) -> None:
        """Forget it."""
        self._ring.clear()
