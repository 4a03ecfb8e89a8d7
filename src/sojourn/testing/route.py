"""Leads requests for hosts that do not exist to servers of a test, certificates included: what an
example writes stays as it is written. The only override of the default transports; tests of any
package stand above it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sojourn.client.transport import httpx as library
from sojourn.client.transport.contract import Request
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust

if TYPE_CHECKING:
    import httpx2


@contextmanager
def route(hosts: Mapping[str, str], *, ca: str | None = None) -> Iterator[None]:
    """Within the block send what is for a `host:port` of `hosts` to the `host:port` it names.

    Host header, TLS name and everything that a caller sees stay those of the URL. `ca` is the only
    authority that is trusted meanwhile, whatever `verify` says. It is process-wide, and one at a time.
    """
    outgoing, authorities, through = library.outgoing, Trust._authorities, Proxies.through  # noqa: SLF001

    def routed(request: Request) -> httpx2.Request:
        parts = urlsplit(request.url)
        there = hosts.get(parts.netloc)
        if there is None:
            return outgoing(request)
        headers = (*request.headers, ("Host", parts.netloc))
        url = parts._replace(netloc=there).geturl()
        made = outgoing(request._replace(url=url, headers=headers))
        made.extensions["sni_hostname"] = parts.hostname
        return made

    def trusted(trust: Trust) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=ca) if ca else authorities(trust)

    def straight(proxies: Proxies, url: str) -> str | None:
        return None if urlsplit(url).netloc in hosts else through(proxies, url)

    try:
        _set(routed, trusted, straight)
        yield
    finally:
        _set(outgoing, authorities, through)


def _set(outgoing: object, authorities: object, through: object) -> None:
    setattr(library, "outgoing", outgoing)  # noqa: B010 - a function of a module is not declared to change
    setattr(Trust, "_authorities", authorities)  # noqa: B010
    setattr(Proxies, "through", through)  # noqa: B010
