"""Random bytes of the system, fetched 4 KiB at a time: asking for each draw costs more than the draw. `context` and
whoever opens one stand above."""

from __future__ import annotations

import os
from io import BytesIO
from typing import Final

POOL: Final = 4_096


class SystemRandom:
    """Called with n, gives n fresh bytes of `os.urandom`, each given once: to one thread, in one process.

    Reading from the pool is one step that no other thread and no signal can come between, and a process that was
    forked begins a pool of its own.
    """

    __slots__ = ("_pid", "_read")

    def __init__(self) -> None:
        self._pid = 0
        self._read = BytesIO().read

    def __call__(self, count: int) -> bytes:
        if os.getpid() == self._pid:
            drawn = self._read(count)
            if len(drawn) == count:
                return drawn
        if count > POOL:
            return os.urandom(count)
        fresh = BytesIO(os.urandom(POOL)).read
        drawn = fresh(count)
        self._read, self._pid = fresh, os.getpid()
        return drawn
