"""A DynECT for the tests of its dialect, and sessions at it whose time passes only while they wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sojourn.client.dialects.dynect import DynectSession, registry
from sojourn.testing.dynect import DynectInTest
from tests.client.still import StillEnv

PERMISSIONS = ["ZoneGet", "ZoneUpdate", "ZoneCreate", "ZoneDelete"]


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
