"""A DynECT for the tests of its dialect, with two customers' users."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sojourn.testing.dynect import DynectInTest

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
        yield server
