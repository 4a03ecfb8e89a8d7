"""A server behind a proxy, and guesses at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from tests.security.browser import PASSWORD, Browser, hidden
from tests.security.wire import Answer

PROXY = "127.0.0.1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(tmp_path: Path, clock: Clock) -> Iterator[ServerInTest]:
    """Tests come from loopback, so loopback is a named proxy and they say where they come from."""
    options = {"trusted_proxies": (PROXY,), "password_workers": 1}
    with ServerInTest(tmp_path / "data", now=clock.now, options=options) as running:
        running.add_user("ada", PASSWORD)
        running.add_user("bob", PASSWORD)
        yield running


@pytest.fixture
def plain(tmp_path: Path, clock: Clock) -> Iterator[ServerInTest]:
    """A server that trusts no proxy."""
    with ServerInTest(tmp_path / "plain", now=clock.now) as running:
        running.add_user("ada", PASSWORD)
        yield running


def tried(
    server: ServerInTest, login: str, password: str = "wrong password", **from_where: str
) -> Answer:
    """One sign-in; `address` is what the proxy says, `forwarded` the whole header."""
    browser = Browser(server.issuer)
    page = browser.get(f"{server.issuer}/sign-in")
    form = hidden(page.text) | {"login": login, "password": password}
    hops = from_where.get("forwarded") or from_where.get("address", "192.0.2.1")
    headers = {"Origin": browser.origin, "X-Forwarded-For": hops}
    return browser.post(f"{server.issuer}/sign-in", form, headers=headers)


def fail(server: ServerInTest, login: str, *, times: int, address: str = "192.0.2.1") -> None:
    for _ in range(times):
        assert tried(server, login, address=address).status == 403
