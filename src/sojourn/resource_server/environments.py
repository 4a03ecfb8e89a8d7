"""The two environments of verifying: one blocks its thread, one suspends its task. The verifier chooses; below them
is a transport. The only file of the resource server that imports asyncio.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from sojourn.resource_server.contract import Clock, Reply, Request, Transport

T = TypeVar("T")


class OnALoop(RuntimeError):
    """The synchronous face was called where it would stop an event loop."""


class BlockingEnv:
    """Blocks the calling thread. Locks are kept by process id: a fork may leave the parent's taken for good."""

    def __init__(self, transport: Transport, now: Clock) -> None:
        self.now = now
        self._transport = transport
        self._locks: defaultdict[tuple[int, str], threading.Lock] = defaultdict(threading.Lock)

    async def send(self, request: Request) -> Reply:
        return self._transport.send(request)

    async def once(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        with self._locks[os.getpid(), name]:
            return await work()


class SuspendingEnv:
    """Suspends the calling task; what several wait for goes on when one of them is cancelled."""

    def __init__(self, transport: Transport, now: Clock) -> None:
        self.now = now
        self._transport = transport
        self._flights: dict[tuple[asyncio.AbstractEventLoop, str], asyncio.Task[Any]] = {}

    async def send(self, request: Request) -> Reply:
        return await self._transport.asend(request)

    async def once(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        key = (asyncio.get_running_loop(), name)
        task = self._flights.get(key)
        if task is None:
            task = self._flights[key] = key[0].create_task(work())
            task.add_done_callback(lambda done: self._land(key, done))
        return cast("T", await asyncio.shield(task))

    def _land(self, key: tuple[asyncio.AbstractEventLoop, str], task: asyncio.Task[Any]) -> None:
        del self._flights[key]
        # Read, so that nothing is reported when everybody who waited has gone.
        if not task.cancelled():
            task.exception()


def refuse_on_a_loop() -> None:
    """Raise OnALoop where this thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise OnALoop("verify() would stop the event loop of this thread: await averify() instead")
