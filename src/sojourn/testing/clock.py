"""Time and randomness that a test holds in its hand, for everything that takes them as arguments.
Below it is only the standard library.
"""

from __future__ import annotations

from hashlib import shake_256
from threading import Lock
from typing import Final

START: Final = 1_800_000_000_000


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: int = START) -> None:
        """Stand at `start`, UTC ms."""
        self._now = start

    def now(self) -> int:
        """Return the time in UTC ms."""
        return self._now

    def advance(self, ms: int = 0, *, seconds: float = 0) -> int:
        """Move on by `ms` and `seconds` together, and return the new time. Time never goes back:
        ValueError.
        """
        step = ms + round(seconds * 1000)
        if step < 0:
            message = f"a clock does not go back: {step} ms"
            raise ValueError(message)
        self._now += step
        return self._now


class Randomness:
    """Bytes that look random and are the same for the same seed. For tests alone: whoever knows the
    seed knows all.
    """

    def __init__(self, seed: int | str = 0) -> None:
        """Begin the sequence that `seed` names."""
        self._seed = f"{type(seed).__name__}:{seed}".encode()
        self._calls = 0
        self._lock = Lock()

    def bytes(self, n: int) -> bytes:
        """Return the next `n` bytes. Safe to call from many threads."""
        with self._lock:
            self._calls += 1
            return shake_256(self._seed + b"/%d" % self._calls).digest(n)
