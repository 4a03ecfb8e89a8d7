"""A ShotGrid site for the tests of its dialect, and an environment whose time passes only while it waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
