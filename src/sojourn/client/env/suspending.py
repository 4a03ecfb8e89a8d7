"""The environment of an event loop: tasks, shielded flights, threads for what blocks. Asynchronous
sessions stand above it; below it is an asynchronous transport. The only file of the client that
imports asyncio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from sojourn.client.env.blocking import TICK, BlockingEnv
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import AsyncTransport, Reply, Request
from sojourn.errors import AuthenticationCancelled

if TYPE_CHECKING:
    from sojourn.client.flight import Flight

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

running_loop = asyncio.get_running_loop


class SuspendingEnv:
    """Suspends its task. Flights run with `worker`, a blocking environment: neither a cancelled
    task nor a closing loop can then interrupt a refresh whose token the server has consumed."""

    def __init__(self, transport: AsyncTransport, worker: BlockingEnv) -> None:
        self.store = worker.store
        self.now = worker.now
        self.discovery = worker.discovery
        self._transport = transport
        self._worker = worker
        self._spawned: set[asyncio.Task[None]] = set()

    async def send(self, request: Request) -> Reply:
        return await self._transport.send(request)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def block(self, call: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.to_thread(call, *args)

    async def race(
        self, *factories: Callable[[Env], Awaitable[T]], cancel: threading.Event | None = None
    ) -> T:
        branches = [asyncio.ensure_future(factory(self)) for factory in factories]
        try:
            while True:
                tick = None if cancel is None else TICK
                done, _ = await asyncio.wait(
                    branches, timeout=tick, return_when=asyncio.FIRST_COMPLETED
                )
                if done:
                    return next(branch for branch in branches if branch in done).result()
                if cancel is not None and cancel.is_set():
                    raise AuthenticationCancelled
        finally:
            for branch in branches:
                branch.cancel()
            await asyncio.gather(*branches, return_exceptions=True)

    def spawn(self, factory: Callable[[Env], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.get_running_loop().create_task(factory(self))
        self._spawned.add(task)
        task.add_done_callback(self._spawned.discard)

    async def flight(self, flight: Flight, work: Callable[[Env], Coroutine[Any, Any, T]]) -> T:
        future = flight.board(lambda: self._worker.lead(work))
        return await asyncio.shield(asyncio.wrap_future(future))


async def in_thread(call: Callable[[*Ts], T], *args: *Ts) -> T:
    """Return what the blocking function `call` returns, run in a thread with the task's context."""
    return await asyncio.to_thread(call, *args)
