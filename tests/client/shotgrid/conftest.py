"""A ShotGrid site for the tests of its dialect, and an environment whose time passes only while it waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sojourn.client.dialects.shotgrid import create_sg_connection
from sojourn.testing.shotgrid import ShotgridInTest
from tests.client.still import StillEnv


@pytest.fixture
def site() -> Iterator[ShotgridInTest]:
    with ShotgridInTest() as server:
        server.add_user("bob", "sesame")
        server.add_user("ann", "lotus", code="123456")
        server.add_script("publisher", "key of publisher")
        yield server


@pytest.fixture
def still() -> Iterator[StillEnv]:
    env = StillEnv()
    yield env
    env.close()


@pytest.fixture
def connect(still: StillEnv) -> Iterator[Callable[..., Any]]:
    """Make connections of a plugin; they are closed at the end."""
    made: list[Any] = []

    def one(auth: Any, **options: Any) -> Any:
        made.append(create_sg_connection(auth, env=still, **options))
        return made[-1]

    yield one
    for connection in made:
        connection.close()
