"""Which library a session sends with: httpx2, or where the session asks for "fast", pyreqwest for
each request that it sends exactly as asked. Sessions and flights stand above it; it imports neither
library before the first request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, Protocol, TypeVar

from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.contract import AsyncTransport, Reply, Request, Transport, Unsupported
from sojourn.client.transport.paced import AsyncPacedTransport, PacedTransport
from sojourn.client.transport.suspending import AsyncHttpxTransport
from sojourn.errors import ConfigurationError, SSLFailure

if TYPE_CHECKING:
    from sojourn.client.transport.proxies import Proxies
    from sojourn.client.transport.pyreqwest_blocking import PyreqwestTransport
    from sojourn.client.transport.pyreqwest_suspending import AsyncPyreqwestTransport
    from sojourn.client.transport.tls import Trust

Library = Literal["httpx2", "pyreqwest"]
Named = Literal["httpx2", "pyreqwest", "fast"]


class Choice(NamedTuple):
    """The library that sends a request, and why this one."""

    library: Library
    reason: str

    def __str__(self) -> str:
        return f"sent with {self.library}: {self.reason}"


class _Exact(Protocol):
    def objection(self, request: Request) -> str | None: ...


F = TypeVar("F", bound=_Exact)


def blocking(trust: Trust, proxies: Proxies, library: Library | None = None) -> Transport:
    """Return the transport of a synchronous session; `library` is the one that must be used."""
    slow = HttpxTransport(trust, proxies)
    if library == "httpx2":
        return slow

    def fast() -> PyreqwestTransport:
        from sojourn.client.transport.pyreqwest_blocking import PyreqwestTransport

        return PyreqwestTransport(trust, proxies)

    return ChosenTransport(slow, fast, library)


def suspending(
    trust: Trust,
    proxies: Proxies,
    *,
    running_loop: Callable[[], object],
    library: Library | None = None,
) -> AsyncTransport:
    """Return the transport of an asynchronous session; `library` is the one that must be used."""
    slow = AsyncHttpxTransport(trust, proxies, running_loop=running_loop)
    if library == "httpx2":
        return slow

    def fast() -> AsyncPyreqwestTransport:
        from sojourn.client.transport.pyreqwest_suspending import AsyncPyreqwestTransport

        return AsyncPyreqwestTransport(trust, proxies, running_loop=running_loop)

    return AsyncChosenTransport(slow, fast, library)


def named(transport: object) -> Library | None:
    """Return the library that `transport`, the argument of a session, names: httpx2 if it names none.

    None means "fast": whichever fits. Raises ConfigurationError for another name, and where the extra
    that a name needs is not installed.
    """
    if not isinstance(transport, str) or transport == "httpx2":
        return "httpx2"
    if transport not in ("pyreqwest", "fast"):
        message = 'transport= must be a transport, "httpx2", "fast" or "pyreqwest".'
        raise ConfigurationError(message)
    if not installed():
        message = f'transport="{transport}" needs the extra: pip install "sojourn[fast]".'
        raise ConfigurationError(message)
    return "pyreqwest" if transport == "pyreqwest" else None


def installed() -> bool:
    """Tell whether the `fast` extra is there and works; imports it."""
    try:
        import pyreqwest.client  # noqa: F401 - asked for its presence
    except ImportError:
        return False
    return True


class _Chosen(Generic[F]):
    """The quick one, once it is needed, and the rule of choice."""

    def __init__(self, fast: Callable[[], F], library: Library | None) -> None:
        self._open_fast = fast
        self._library = library
        self._found: tuple[F | None] | None = None

    @property
    def _fast(self) -> F | None:
        # No lock that a fork could leave taken: of two that are opened at once, one is forgotten.
        if self._found is None:
            self._found = (self._open_fast() if installed() else None,)
        return self._found[0]

    def choice(self, request: Request) -> Choice:
        """Return which library sends `request`, and why."""
        if self._fast is None:
            return Choice("httpx2", 'the extra is not installed (pip install "sojourn[fast]")')
        if (objection := self._fast.objection(request)) is None:
            return Choice(
                "pyreqwest", 'transport="fast" or "pyreqwest", and it can do all that is asked'
            )
        if self._library is not None:
            return Choice("pyreqwest", f"transport= says so, but it will refuse: {objection}")
        return Choice("httpx2", objection)

    def _refuse(self, cause: Unsupported | SSLFailure) -> None:
        """Leave the request to httpx2, unless pyreqwest is forced. Nothing was sent: the last word on
        whom to trust has OpenSSL, which for one accepts a server's certificate that signs itself."""
        if self._library is None:
            return
        if isinstance(cause, SSLFailure):
            raise cause
        message = f'transport="pyreqwest" cannot send this request: {cause}.'
        raise ConfigurationError(message)


class ChosenTransport(_Chosen["PyreqwestTransport"]):
    """Sends with pyreqwest what it sends exactly, the rest with httpx2; where pyreqwest is forced, the
    rest is refused with ConfigurationError."""

    def __init__(
        self,
        slow: HttpxTransport,
        fast: Callable[[], PyreqwestTransport],
        library: Library | None,
    ) -> None:
        super().__init__(fast, library)
        self._slow = slow

    def send(self, request: Request) -> Reply:
        """Send `request`, read the whole answer, return it. Raises ConnectFailure and its kinds."""
        if (fast := self._fast) is not None:
            try:
                return fast.send(request)
            except (Unsupported, SSLFailure) as cause:
                self._refuse(cause)
        return self._slow.send(request)

    def close(self) -> None:
        """Close this process's connections; the next request opens new ones."""
        if self._found is not None and (fast := self._found[0]) is not None:
            fast.close()
        self._slow.close()


class AsyncChosenTransport(_Chosen["AsyncPyreqwestTransport"]):
    """The same, awaited on the running loop."""

    def __init__(
        self,
        slow: AsyncHttpxTransport,
        fast: Callable[[], AsyncPyreqwestTransport],
        library: Library | None,
    ) -> None:
        super().__init__(fast, library)
        self._slow = slow

    async def send(self, request: Request) -> Reply:
        """Send `request`, read the whole answer, return it. Raises ConnectFailure and its kinds."""
        if (fast := self._fast) is not None:
            try:
                return await fast.send(request)
            except (Unsupported, SSLFailure) as cause:
                self._refuse(cause)
        return await self._slow.send(request)

    async def close(self) -> None:
        """Close the running loop's connections; the next request opens new ones."""
        if self._found is not None and (fast := self._found[0]) is not None:
            await fast.close()
        await self._slow.close()


def explained(transport: object, request: Request) -> Choice | None:
    """Return what sends `request` in a session with `transport`; None where it is the caller's own."""
    if isinstance(transport, (PacedTransport, AsyncPacedTransport)):
        return explained(transport.transport, request)
    if isinstance(transport, _Chosen):
        return transport.choice(request)
    if isinstance(transport, (HttpxTransport, AsyncHttpxTransport)):
        return Choice("httpx2", "what is sent with unless transport= says otherwise")
    return None
