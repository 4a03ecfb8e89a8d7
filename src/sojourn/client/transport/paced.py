"""Transports that hold a caller's semaphore while they send, for services that count requests at
once. Sessions put them over their transport when `rate_semaphore` is given."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AbstractContextManager

from sojourn.client.transport.contract import AsyncTransport, Reply, Request, Transport


class PacedTransport:
    """Sends within `semaphore`, a context manager such as `threading.Semaphore`."""

    def __init__(self, transport: Transport, semaphore: AbstractContextManager[object]) -> None:
        self.transport = transport
        self._semaphore = semaphore

    def send(self, request: Request) -> Reply:
        with self._semaphore:
            return self.transport.send(request)

    def close(self) -> None:
        self.transport.close()


class AsyncPacedTransport:
    """Sends within `semaphore`, an asynchronous context manager such as `asyncio.Semaphore`."""

    def __init__(
        self, transport: AsyncTransport, semaphore: AbstractAsyncContextManager[object]
    ) -> None:
        self.transport = transport
        self._semaphore = semaphore

    async def send(self, request: Request) -> Reply:
        async with self._semaphore:
            return await self.transport.send(request)

    async def close(self) -> None:
        await self.transport.close()
