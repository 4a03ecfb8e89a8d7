"""What verifying may ask of the world: one request to the issuer, the time, and one run of work at a time. The issuer,
the introspection and the verifier stand above it; `environments` and `transport` fulfil it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from msgspec import Struct

T = TypeVar("T")

Clock = Callable[[], int]
"""Returns UTC milliseconds."""
Random = Callable[[int], bytes]
"""Returns that many unpredictable bytes."""


class Request(Struct, frozen=True):
    """One request to the issuer. `content` is a form body, empty for GET."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url}>"


class Reply(Struct, frozen=True):
    """The issuer's whole answer."""

    status: int
    content: bytes

    def __repr__(self) -> str:
        return f"<Reply {self.status}, {len(self.content)} bytes>"


class Transport(Protocol):
    """Sends one request and follows no redirect; any number of threads or tasks at once.

    Both faces raise RequestError where no whole answer came in time.
    """

    def send(self, request: Request) -> Reply: ...

    async def asend(self, request: Request) -> Reply: ...

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


class Env(Protocol):
    """What logic that waits is given."""

    @property
    def now(self) -> Clock:
        """The clock."""

    async def send(self, request: Request) -> Reply:
        """Return the answer to `request`; raises RequestError."""

    async def once(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what `work` returns, never running two works of one `name` at a time.

        A caller that had to wait may get the outcome it waited for, or its own run of `work` after it.
        """
