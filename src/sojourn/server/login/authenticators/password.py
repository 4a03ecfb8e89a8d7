"""Passwords: argon2id with OWASP's parameters, off the loop, in a bounded pool.

Hashing is meant to be slow, so it has its own threads and a queue that is never long: when it is full, the answer is
busy with Retry-After. An unknown user costs the same time as a known one.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sojourn.errors import ServerBusy

T = TypeVar("T")

MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1
_NICE: Final = 10
AMR: Final = ("pwd",)


@functools.cache
def common_passwords() -> frozenset[str]:
    """The 10,000 passwords that people try first (ASVS 6.2.4 asks for 3,000)."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"][:10_000])


def _give_way() -> None:
    """Let everything else go first on a busy core: hashing is in no hurry (Linux has niceness for each thread)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class Passwords:
    """Hashes and verifies passwords. `workers` 0: one for each core; `queue`: how many may wait besides."""

    def __init__(self, *, workers: int = 0, queue: int = 32) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._workers = workers or os.cpu_count() or 1
        self._limit = self._workers + queue
        self._busy = 0
        self._pool = ThreadPoolExecutor(
            self._workers, thread_name_prefix="sojourn-password", initializer=_give_way
        )
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The PHC text of a new password. Raises ServerBusy when too many wait."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is behind `stored`; None takes as long and is False. Raises ServerBusy."""
        return await self._run(lambda: self._matches(stored or self._nobody, password)) and bool(
            stored
        )

    def outdated(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._busy >= self._limit:
            raise ServerBusy(retry_after=1 + self._limit // (self._workers * 20))
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._busy -= 1

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)
