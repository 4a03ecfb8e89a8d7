"""The transport of asynchronous sessions over pyreqwest. `choice` stands above it. Clients are kept by
process id and running loop, so that closing on one loop cuts nothing off on another."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from sojourn.client.transport.contract import Reply, Request, Unsupported
from sojourn.client.transport.pyreqwest import (
    MOST_CLIENTS,
    Judge,
    Way,
    configured,
    failure,
    fill,
    incoming,
    opened,
)

if TYPE_CHECKING:
    from sojourn.client.transport.proxies import Proxies
    from sojourn.client.transport.tls import Trust

    Clients = dict[tuple[int, Way], Client]


# The library's thread hands an answer over and then needs the interpreter once more. Were that gone by
# then, it would abort the process: of 25 scripts that ended with their last answer, 4 did.
atexit.register(time.sleep, 0.02)


class AsyncPyreqwestTransport:
    """One client a process, loop, route and pair of limits, opened at its first request.
    `running_loop` returns the current loop."""

    def __init__(
        self, trust: Trust, proxies: Proxies, *, running_loop: Callable[[], object]
    ) -> None:
        self._judge = Judge(trust, proxies)
        self._running_loop = running_loop
        self._clients: WeakKeyDictionary[object, Clients] = WeakKeyDictionary()

    def objection(self, request: Request) -> str | None:
        """Return why `send` cannot send `request` exactly as asked, or None."""
        try:
            way = self._judge.judged(request)[0]
            with suppress(RuntimeError):  # no loop runs: there is no client to ask for
                self._client(way)
        except Unsupported as objection:
            return str(objection)
        return None

    def supports(self, request: Request) -> bool:
        """Tell whether `send` sends `request` exactly as asked."""
        return self.objection(request) is None

    async def send(self, request: Request) -> Reply:
        """Send `request`, read the whole answer, return it. Raises ConnectFailure and its kinds;
        Unsupported, before anything is sent, where it has an objection."""
        way, url = self._judge.judged(request)
        builder = self._client(way).request(request.method, url)
        fill(builder, request)
        try:
            response = await builder.build().send()
            content = bytes(await response.bytes())
        except PyreqwestError as cause:
            error = failure(request, cause)
        else:
            return incoming(request, response.status, response.headers, content)
        raise error

    async def close(self) -> None:
        """Close the running loop's connections; the next request opens new ones."""
        for client in self._clients.pop(self._running_loop(), {}).values():
            await client.close()

    def _client(self, way: Way) -> Client:
        clients = self._clients.setdefault(self._running_loop(), {})
        key = (os.getpid(), way)
        found = clients.get(key)
        if found is not None:
            return found
        if len(clients) >= MOST_CLIENTS:
            raise Unsupported("this session uses too many different limits and proxies")
        builder = configured(ClientBuilder(), way, verified=self._judge.verified)
        return clients.setdefault(key, opened(builder.build))
