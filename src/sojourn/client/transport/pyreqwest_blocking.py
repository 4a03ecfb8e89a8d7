"""The transport of synchronous sessions over pyreqwest. `choice` stands above it. Clients are kept by
process id: a child that was forked after the library had started cannot use it, and is told so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyreqwest.client import SyncClient, SyncClientBuilder
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


class PyreqwestTransport:
    """One client a process, route and pair of limits, opened at its first request."""

    def __init__(self, trust: Trust, proxies: Proxies) -> None:
        self._judge = Judge(trust, proxies)
        self._clients: dict[int, dict[Way, SyncClient]] = {}

    def objection(self, request: Request) -> str | None:
        """Return why `send` cannot send `request` exactly as asked, or None."""
        try:
            self._client(self._judge.judged(request)[0])
        except Unsupported as objection:
            return str(objection)
        return None

    def supports(self, request: Request) -> bool:
        """Tell whether `send` sends `request` exactly as asked."""
        return self.objection(request) is None

    def send(self, request: Request) -> Reply:
        """Send `request`, read the whole answer, return it. Raises ConnectFailure and its kinds;
        Unsupported, before anything is sent, where it has an objection."""
        way, url = self._judge.judged(request)
        builder = self._client(way).request(request.method, url)
        fill(builder, request)
        try:
            response = builder.build().send()
            content = bytes(response.bytes())
        except PyreqwestError as cause:
            error = failure(request, cause)
        else:
            return incoming(request, response.status, response.headers, content)
        raise error

    def close(self) -> None:
        """Close this process's connections; the next request opens new ones."""
        for client in self._clients.pop(os.getpid(), {}).values():
            client.close()

    def _client(self, way: Way) -> SyncClient:
        clients = self._clients.setdefault(os.getpid(), {})
        found = clients.get(way)
        if found is not None:
            return found
        if len(clients) >= MOST_CLIENTS:
            raise Unsupported("this session uses too many different limits and proxies")
        builder = configured(SyncClientBuilder(), way, verified=self._judge.verified)
        return clients.setdefault(way, opened(builder.build))
