"""The contract of a transport and the values that cross it: one request, its whole answer.
Everything in the client that sends stands above it; below it is nothing. Named tuples, because
msgspec alone would take longer to import than all of the session."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Final, NamedTuple, Protocol

from sojourn.client.url import masked

Fields = tuple[tuple[str, str], ...]
Body = bytes | Iterable[bytes] | AsyncIterable[bytes]

made: Final = tuple.__new__
"""Makes a named tuple from all of its values, twice as fast as calling it; for what every request makes."""


class Timeout(NamedTuple):
    """Seconds to connect (also the wait for a free connection) and seconds between two pieces of
    the answer."""

    connect: float = 30.0
    read: float = 60.0


class Request(NamedTuple):
    """One request as it goes out. `content` is bytes, or an iterable that can be sent only once;
    `None` is no body."""

    method: str
    url: str
    headers: Fields = ()
    content: Body | None = None
    timeout: Timeout = Timeout()

    def __repr__(self) -> str:
        return f"<Request {self.method} {masked(self.url)}>"

    @property
    def replayable(self) -> bool:
        """Whether the body can be sent a second time."""
        return self.content is None or isinstance(self.content, bytes)


class Unsupported(Exception):
    """A transport cannot send a request exactly as asked, and has sent nothing; the text says why."""


class Reply(NamedTuple):
    """One answer, read to its end and decoded as its Content-Encoding says. Header names are as the
    server wrote them, or in lower case; `reason` is the server's, or the standard one."""

    status: int
    headers: Fields
    content: bytes
    reason: str = ""

    def __repr__(self) -> str:
        return f"<Reply {self.status}, {len(self.content)} bytes>"

    def header(self, name: str) -> str | None:
        """Return the value of header `name`, whose case does not matter; several are joined by a
        comma."""
        wanted = name.lower()
        values = [value for field, value in self.headers if field.lower() == wanted]
        return ", ".join(values) if values else None


class Transport(Protocol):
    """Sends on the calling thread; any number of threads at once, also after a fork.

    `send` raises ConnectFailure and its kinds; AnswerLost where the server may have acted already.
    """

    def send(self, request: Request) -> Reply: ...

    def close(self) -> None: ...


class AsyncTransport(Protocol):
    """The same, awaited on the running loop; a transport serves any number of loops."""

    async def send(self, request: Request) -> Reply: ...

    async def close(self) -> None: ...
