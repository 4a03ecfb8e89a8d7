"""Where requests to an origin really go: a table that only tests fill (`sojourn.testing.route`), so that
examples run with the addresses they print. Both default transports look into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from sojourn.client.transport.contract import Request
from sojourn.client.url import Origin, origin


class Target(NamedTuple):
    """The origin that answers instead, and the PEM file with the authority that its certificate is from."""

    url: str
    ca: str | None


_table: Mapping[Origin, Target] = {}


def replace(table: Mapping[Origin, Target]) -> Mapping[Origin, Target]:
    """Make `table` the whole table; returns the one before."""
    global _table
    before, _table = _table, table
    return before


def target(request: Request) -> Target | None:
    """Return where `request` really goes, or None: where its URL says."""
    return _table.get(origin(request.url)) if _table else None


def moved(request: Request, to: Target) -> Request:
    """Return `request` at `to`; Host stays that of the address it was made for."""
    whole, other = urlsplit(request.url), urlsplit(to.url)
    url = urlunsplit((other.scheme, other.netloc, whole.path, whole.query, ""))
    headers = request.headers
    if not any(name.lower() == "host" for name, _ in headers):
        headers = (("Host", whole.netloc), *headers)
    return request._replace(url=url, headers=headers)
