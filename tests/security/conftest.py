"""A server, an application of it, and what they gave a person: for every attack."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from sojourn.testing.server import ServerInTest
from tests.security.browser import (
    PASSWORD,
    REDIRECT,
    app,
)
from tests.security.held import Held, held_at
from tests.security.place import Place, cli_tokens


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ServerInTest(tmp_path_factory.mktemp("server")) as server:
        client = app(post_logout_redirect_uris=("https://app.example/bye", REDIRECT))
        yield Place(server, client.client_id, server.add_client(client))


@pytest.fixture(scope="module")
def admin_token(place: Place) -> str:
    """An access token of an administrator, from the command line's own client."""
    place.server.add_user("root", PASSWORD, roles=("administrator",))
    return cli_tokens(place.server, "root").access


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever is sent, nothing unforeseen happens behind it."""
    with caplog.at_level(logging.WARNING):
        yield
    assert not [record for record in caplog.records if record.exc_info]


@pytest.fixture(scope="module")
def held(place: Place) -> Held:
    return held_at(place)
