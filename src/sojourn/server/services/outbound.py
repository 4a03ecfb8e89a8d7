"""Requests that this server itself makes: a document of another server, read with a limit to everything. Nothing is
sent along, no redirect is followed, and what an answer said is for its reader alone. `published` stands above it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from sojourn.errors import ConnectFailure
from sojourn.version import __version__

Fetch = Callable[[str], Awaitable[bytes]]
"""Returns the body of the 200 answer at an address; anything else raises ConnectFailure."""

MAX_ANSWER: Final = 262_144
PATIENCE: Final = 5.0
"""Seconds for each of: a connection, a piece of the answer; twice that for all of it."""

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"sojourn-server/{__version__}",
}


def is_safe(url: str, *, at: str) -> bool:
    """Tell whether a server whose issuer is `at` may read `url`: https; http on loopback only from one that is itself
    on http, for that is somebody's own machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return parts.scheme == "http" and here and at.startswith("http://")


async def fetch(url: str) -> bytes:
    """Return the body of the 200 answer to GET `url`; anything else raises ConnectFailure."""
    import httpx2

    context = await asyncio.to_thread(ssl.create_default_context)
    try:
        async with (
            asyncio.timeout(2 * PATIENCE),
            httpx2.AsyncClient(
                verify=context, trust_env=False, follow_redirects=False, timeout=PATIENCE
            ) as client,
            client.stream("GET", url, headers=_HEADERS) as response,
        ):
            if response.status_code != 200:
                raise _failure(url, f"it answered {response.status_code}")
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > MAX_ANSWER:
                    raise _failure(url, "the answer is too long")
            return bytes(body)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as cause:
        raise _failure(url, f"no answer: {type(cause).__name__}") from cause


def _failure(url: str, text: str) -> ConnectFailure:
    return ConnectFailure(f"{url}: {text}", method="GET", url=url)
