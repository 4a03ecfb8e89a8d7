"""The environment of threads: it blocks instead of suspending, so that `driver.drive` can run the
client's logic on the calling thread. Synchronous sessions stand above it, and every flight; below
it is a synchronous transport."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from sojourn.client import gui_thread
from sojourn.client.env.contract import Cancelled, Clock, Env
from sojourn.client.env.wall_clock import wall_clock
from sojourn.client.transport.contract import Reply, Request, Transport
from sojourn.driver import drive
from sojourn.errors import AuthenticationCancelled

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.flight import Flight

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

TICK = 0.1  # seconds: how late a wait may notice that its branch was cancelled
GRACE = 0.25  # seconds that those who lost a race have to end


class BlockingEnv:
    """Blocks its thread.

    `flights` opens the transport of one flight, closed at its end, so that closing a session never
    cuts a refresh off; without it flights use `transport`. `cancelled` is set when the branch of a
    race that this environment serves has lost.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        store: CredentialStore | None = None,
        clock: Clock = wall_clock,
        flights: Callable[[], Transport] | None = None,
        cancelled: threading.Event | None = None,
        discovery: MutableMapping[str, Any] | None = None,
    ) -> None:
        self.store = store
        self.now = clock
        self.discovery: MutableMapping[str, Any] = {} if discovery is None else discovery
        self._transport = transport
        self._flights = flights
        self._cancelled = cancelled

    async def send(self, request: Request) -> Reply:
        if self._cancelled is not None:
            self._heed()
        return self._transport.send(request)

    async def sleep(self, seconds: float) -> None:
        if self._cancelled is None:
            time.sleep(seconds)  # noqa: ASYNC251 - this environment blocks, that is its point
        else:
            self._cancelled.wait(seconds)
        self._heed()

    async def block(self, call: Callable[[*Ts], T], *args: *Ts) -> T:
        self._heed()
        return call(*args)

    async def race(
        self, *factories: Callable[[Env], Awaitable[T]], cancel: threading.Event | None = None
    ) -> T:
        over = threading.Event()
        branches = [self._start(factory, over) for factory in factories]
        try:
            while not (done := wait(branches, TICK, FIRST_COMPLETED).done):
                self._heed()
                if cancel is not None and cancel.is_set():
                    raise AuthenticationCancelled
            return next(branch for branch in branches if branch in done).result()
        finally:
            over.set()
            wait(branches, GRACE)  # what they read or send with is soon somebody else's

    def spawn(self, factory: Callable[[Env], Coroutine[Any, Any, None]]) -> None:
        self._start(factory, threading.Event())

    async def flight(self, flight: Flight, work: Callable[[Env], Coroutine[Any, Any, T]]) -> T:
        future = flight.board(lambda: self.lead(work))
        while self._cancelled is not None and not wait([future], TICK).done:
            self._heed()
        gui_thread.wait(future)
        return future.result()

    def lead(self, work: Callable[[Env], Coroutine[Any, Any, T]]) -> T:
        """Run `work`, the whole of one flight, on this thread."""
        if self._flights is None:
            return drive(work(self))
        transport = self._flights()
        try:
            return drive(work(self._with(transport)))
        finally:
            transport.close()

    def _with(
        self, transport: Transport, *, cancelled: threading.Event | None = None
    ) -> BlockingEnv:
        return BlockingEnv(
            transport,
            store=self.store,
            clock=self.now,
            flights=self._flights,
            cancelled=cancelled,
            discovery=self.discovery,
        )

    def _start(self, factory: Callable[[Env], Awaitable[T]], over: threading.Event) -> Future[T]:
        branch: Future[T] = Future()
        env = self._with(self._transport, cancelled=over)

        def run() -> None:
            try:
                branch.set_result(drive(_awaited(factory(env))))
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, not swallowed
                branch.set_exception(error)

        threading.Thread(target=run, name="sojourn-branch", daemon=True).start()
        return branch

    def _heed(self) -> None:
        if self._cancelled is not None and self._cancelled.is_set():
            raise Cancelled


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable
