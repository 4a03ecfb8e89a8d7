"""The default transport of synchronous sessions and of every flight: httpx2 below its Client. The
blocking environment stands above it. Pools are kept by process id, because a forked child must not
speak on its parent's connections."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sojourn.client.transport.contract import Reply, Request

if TYPE_CHECKING:
    import httpx2

    from sojourn.client.transport.httpx import Route
    from sojourn.client.transport.proxies import Proxies
    from sojourn.client.transport.tls import Trust

    Pools = dict[Route, httpx2.HTTPTransport]


class HttpxTransport:
    """One pool a process and route, opened at its first request."""

    def __init__(self, trust: Trust, proxies: Proxies) -> None:
        self._trust = trust
        self._proxies = proxies
        self._pools: dict[int, Pools] = {}

    def send(self, request: Request) -> Reply:
        """Send `request`, read the whole answer, return it. Raises ConnectFailure and its kinds."""
        from sojourn.client.transport.httpx import directed, incoming, outgoing, translated

        sent, way = directed(request, self._proxies)
        ours = outgoing(sent)
        with translated(request):
            response = self._pool(way).handle_request(ours)
            response.request = ours
            try:
                body = b"".join(response.iter_raw())
            finally:
                response.close()
        return incoming(request, response, body)

    def close(self) -> None:
        """Close this process's connections; the next request opens new ones."""
        for pool in self._pools.pop(os.getpid(), {}).values():
            pool.close()

    def _pool(self, way: Route) -> httpx2.HTTPTransport:
        # `setdefault` is one step for all threads, so no lock is there that a fork could leave
        # taken.
        pools = self._pools.setdefault(os.getpid(), {})
        return pools.get(way) or pools.setdefault(way, self._open(way))

    def _open(self, way: Route) -> httpx2.HTTPTransport:
        import httpx2

        from sojourn.client.transport.httpx import connection

        context, proxy = connection(way, self._trust)
        return httpx2.HTTPTransport(verify=context, trust_env=False, proxy=proxy)
