"""The default way to the issuer: httpx2 below its clients, imported at the first request. The environments stand above
it; no redirect is followed, every wait has an end, and no answer is read past its limit.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from sojourn.errors import ConnectFailure, ConnectTimeout, ReadTimeout, RequestError
from sojourn.resource_server.contract import Reply, Request

if TYPE_CHECKING:
    import httpx2

MAX_ANSWER: Final = 262_144
PATIENCE: Final = 5.0
"""Seconds for each of: a connection, a piece of the answer; twice that for the whole answer."""


class HttpxTransport:
    """Pools kept by process id, because a forked child must not speak on its parent's connections, and by running loop.

    `cafile` is a PEM file of authorities to trust instead of the system's.
    """

    def __init__(self, *, cafile: str | None = None) -> None:
        self._cafile = cafile
        self._pools: dict[int, httpx2.HTTPTransport] = {}
        self._loops: WeakKeyDictionary[object, dict[int, httpx2.AsyncHTTPTransport]]
        self._loops = WeakKeyDictionary()

    def send(self, request: Request) -> Reply:
        """Return the whole answer; raises RequestError."""
        import httpx2

        pool = self._pools.get(os.getpid())
        if pool is None:
            opened = httpx2.HTTPTransport(verify=self._trust(), trust_env=False, limits=_limits())
            pool = self._pools.setdefault(os.getpid(), opened)
        with _translated(request):
            response = pool.handle_request(_outgoing(request))
            try:
                answer = _Answer(request)
                for piece in response.iter_raw():
                    answer.add(piece)
            finally:
                response.close()
        return Reply(response.status_code, bytes(answer.content))

    async def asend(self, request: Request) -> Reply:
        """The same, awaited on the running loop."""
        import httpx2

        pools = self._loops.setdefault(asyncio.get_running_loop(), {})
        pool = pools.get(os.getpid())
        if pool is None:
            opened = httpx2.AsyncHTTPTransport(
                verify=self._trust(), trust_env=False, limits=_limits()
            )
            pool = pools.setdefault(os.getpid(), opened)
        with _translated(request):
            response = await pool.handle_async_request(_outgoing(request))
            try:
                answer = _Answer(request)
                async for piece in response.aiter_raw():
                    answer.add(piece)
            finally:
                await response.aclose()
        return Reply(response.status_code, bytes(answer.content))

    def close(self) -> None:
        """Close this process's blocking connections; the next request opens new ones."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.close()

    async def aclose(self) -> None:
        """Close the running loop's connections; the next request opens new ones."""
        for pool in self._loops.pop(asyncio.get_running_loop(), {}).values():
            await pool.aclose()

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._cafile)


class _Answer:
    """The pieces of one answer, refused once they are too many or too slow."""

    def __init__(self, request: Request) -> None:
        self.content = bytearray()
        self._request = request
        self._until = time.monotonic() + 2 * PATIENCE

    def add(self, piece: bytes) -> None:
        self.content += piece
        if len(self.content) > MAX_ANSWER or time.monotonic() > self._until:
            raise _failure(RequestError, self._request, "the answer is too long or too slow")


def _limits() -> httpx2.Limits:
    import httpx2

    # Shorter than servers keep an idle connection, so that none is closed under a request of ours.
    return httpx2.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=2.0)


def _outgoing(request: Request) -> httpx2.Request:
    import httpx2

    limits = dict.fromkeys(("connect", "pool", "read", "write"), PATIENCE)
    headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in request.headers]
    return httpx2.Request(
        request.method,
        request.url,
        headers=[*headers, (b"Accept-Encoding", b"identity")],
        content=request.content or None,
        extensions={"timeout": limits},
    )


@contextmanager
def _translated(request: Request) -> Iterator[None]:
    import httpx2

    try:
        yield
    except httpx2.ReadTimeout as cause:
        raise _failure(ReadTimeout, request, "no answer in time") from cause
    except httpx2.TimeoutException as cause:
        raise _failure(ConnectTimeout, request, "no connection in time") from cause
    except (httpx2.RequestError, httpx2.InvalidURL) as cause:
        raise _failure(ConnectFailure, request, "no connection") from cause


def _failure(kind: type[RequestError], request: Request, text: str) -> RequestError:
    shown = f"{request.method} {request.url}: {text}"
    return kind(shown, method=request.method, url=request.url)
