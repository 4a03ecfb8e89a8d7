"""A DynECT for the tests of its dialect, sessions at it, and a time that passes only while they wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sojourn.client.dialects.dynect import DynectSession, registry
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.contract import Reply, Request
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.testing.clock import Clock
from sojourn.testing.dynect import DynectInTest

PERMISSIONS = ["ZoneGet", "ZoneUpdate", "ZoneCreate", "ZoneDelete"]


class StillEnv(BlockingEnv):
    """Waits at once: its clock moves on by what was to be waited, and `waits` tells how long each was.

    `meanwhile` is called in every wait; `sent` are the requests that went out.
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

    def close(self) -> None:
        self._transport.close()


@pytest.fixture
def dynect() -> Iterator[DynectInTest]:
    with DynectInTest() as server:
        server.add_user(
            "customer", "user", "password", permissions=PERMISSIONS, zones=["one.example"]
        )
        server.add_user(
            "customer_two",
            "user_two",
            "password_two",
            permissions=["ZoneGet"],
            zones=["two.example"],
        )
        server.add_user("customer_two", "user", "password_three")
        yield server


def forget_all() -> None:
    """Leave nothing open in this thread; nobody is signed out."""
    opened = registry.of_this_thread()
    for session in (opened.current, *opened.sessions.values()):
        if session is not None:
            session.http.close()
    opened.logins.clear()
    opened.sessions.clear()
    opened.current = None


@pytest.fixture
def still() -> Iterator[StillEnv]:
    env = StillEnv()
    yield env
    env.close()


@pytest.fixture
def opened(dynect: DynectInTest, still: StillEnv) -> Iterator[Callable[..., Any]]:
    """Open sessions: `opened()` is the first user's; all are signed out at the end."""

    def one(
        customer: str = "customer",
        user: str = "user",
        password: str = "password",
        **options: object,
    ) -> DynectSession:
        where: dict[str, Any] = {
            "host": dynect.host,
            "port": dynect.port,
            "ssl": False,
            "env": still,
        }
        return DynectSession(customer, user, password, **{**where, **options})

    yield one
    forget_all()
