"""The contract of an environment: everything the client's logic may ask of the world. Written as
`async def` over it, the logic runs on threads (`blocking`) and on an event loop (`suspending`)."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, TypeVarTuple

from sojourn.client.transport.contract import Reply, Request

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.flight import Flight

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Clock = Callable[[], int]


class Cancelled(Exception):
    """Another branch of a race was first, or the race was called off. Never seen outside a race."""


class Env(Protocol):
    """What logic that waits may ask for. A factory takes the environment it shall use and returns a
    coroutine."""

    @property
    def store(self) -> CredentialStore | None:
        """The sealed credential store of this session, if it has one."""

    @property
    def discovery(self) -> MutableMapping[str, Any]:
        """What services said of their versions, kept for as long as the session."""

    async def send(self, request: Request) -> Reply:
        """Send one request and return its whole answer; raises ConnectFailure and its kinds."""

    def now(self) -> int:
        """Return the time, in UTC milliseconds."""

    async def sleep(self, seconds: float) -> None:
        """Wait; raises Cancelled in a branch of a race that is lost."""

    async def block(self, call: Callable[[*Ts], T], *args: *Ts) -> T:
        """Return what the blocking function `call` returns."""

    async def race(
        self, *factories: Callable[[Env], Awaitable[T]], cancel: threading.Event | None = None
    ) -> T:
        """Run all at once; the first to end decides, by result or by error, and the others are
        cancelled.

        Setting `cancel` ends the race with AuthenticationCancelled.
        """

    def spawn(self, factory: Callable[[Env], Coroutine[Any, Any, None]]) -> None:
        """Start a coroutine that nobody waits for."""

    async def flight(self, flight: Flight, work: Callable[[Env], Coroutine[Any, Any, T]]) -> T:
        """Join `flight`, or lead it by running `work` in a thread of its own with a blocking
        environment."""
