"""The default transport of asynchronous sessions: httpx2 below its AsyncClient. The suspending
environment stands above it. Pools are kept by process id and running loop, because a connection
belongs to the loop that opened it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sojourn.client.transport.contract import Reply, Request

if TYPE_CHECKING:
    import httpx2

    from sojourn.client.transport.httpx import Route
    from sojourn.client.transport.proxies import Proxies
    from sojourn.client.transport.tls import Trust

    Pools = dict[tuple[int, Route], httpx2.AsyncHTTPTransport]


class AsyncHttpxTransport:
    """One pool a process, loop and route, opened at its first request. `running_loop` returns the
    current loop."""

    def __init__(
        self, trust: Trust, proxies: Proxies, *, running_loop: Callable[[], object]
    ) -> None:
        self._trust = trust
        self._proxies = proxies
        self._running_loop = running_loop
        self._pools: WeakKeyDictionary[object, Pools] = WeakKeyDictionary()

    async def send(self, request: Request) -> Reply:
        """Send `request`, read the whole answer, return it. Raises ConnectFailure and its kinds."""
        from sojourn.client.transport.httpx import directed, incoming, outgoing, translated

        sent, way = directed(request, self._proxies)
        ours = outgoing(sent)
        with translated(request):
            response = await self._pool(way).handle_async_request(ours)
            response.request = ours
            try:
                body = b"".join([piece async for piece in response.aiter_raw()])
            finally:
                await response.aclose()
        return incoming(request, response, body)

    async def close(self) -> None:
        """Close the running loop's connections; the next request opens new ones."""
        for pool in self._pools.pop(self._running_loop(), {}).values():
            await pool.aclose()

    def _pool(self, way: Route) -> httpx2.AsyncHTTPTransport:
        pools = self._pools.setdefault(self._running_loop(), {})
        key = (os.getpid(), way)
        return pools.get(key) or pools.setdefault(key, self._open(way))

    def _open(self, way: Route) -> httpx2.AsyncHTTPTransport:
        import httpx2

        from sojourn.client.transport.httpx import connection

        context, proxy = connection(way, self._trust)
        return httpx2.AsyncHTTPTransport(verify=context, trust_env=False, proxy=proxy)
