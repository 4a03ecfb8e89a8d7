"""What the tests of users share: a DynECT with two people in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sojourn.testing.dynect import DynectInTest
from tests.client.conftest import nobody, person, serve, store

__all__ = ["nobody", "person", "serve", "store"]


@pytest.fixture
def dynect() -> Iterator[DynectInTest]:
    with DynectInTest() as server:
        server.add_user("acme", "ada", "ada's", zones=["ada.example"])
        server.add_user("acme", "grace", "grace's", zones=["grace.example"])
        yield server
