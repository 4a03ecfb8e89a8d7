"""Lets tests use the addresses that examples print: what is sent to them goes to servers of the test.
Published for others; below it is the routing table of the client's default transports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sojourn.client.transport import routing
from sojourn.client.url import origin


@contextmanager
def route(origins: Mapping[str, str], *, ca: str | None = None) -> Iterator[None]:
    """Send what is for the keys to the values, within the `with` block and in the whole process.

    `route({"https://api.example.com": "http://127.0.0.1:8080"})`. `ca` is a PEM file with the authority
    of values that are https. Sessions with a transport of their own are not concerned.
    """
    table = {origin(here): routing.Target(there, ca) for here, there in origins.items()}
    before = routing.replace({})
    routing.replace({**before, **table})
    try:
        yield
    finally:
        routing.replace(before)
