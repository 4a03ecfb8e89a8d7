"""An environment whose time passes only while it waits, for the tests of dialects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.env.contract import Cancelled
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.contract import Reply, Request
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.testing.clock import Clock


class StillEnv(BlockingEnv):
    """Waits at once: its clock moves on by what was to be waited, and `waits` tells how long each was.

    `meanwhile` is called in every wait; `sent` are the requests that went out. Of a race the first branch is run to its
    end, after the others were run until they first waited.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.waits: list[float] = []
        self.sent: list[Request] = []
        self.meanwhile: Callable[[], object] = list
        super().__init__(
            HttpxTransport(Trust(), Proxies(None, trust_env=False)), clock=self.clock.now
        )

    async def send(self, request: Request) -> Reply:
        self.sent.append(request)
        return await super().send(request)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.meanwhile()
        self.clock.advance(seconds=seconds)

    async def race(self, *factories: Callable[[Any], Awaitable[Any]], cancel: Any = None) -> Any:
        for factory in factories[1:]:
            with suppress(Cancelled):
                await factory(_Impatient(self._transport))
        return await factories[0](self)

    def close(self) -> None:
        self._transport.close()


class _Impatient(BlockingEnv):
    async def sleep(self, seconds: float) -> None:
        raise Cancelled
