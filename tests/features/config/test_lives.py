"""Options about time, seen from outside: what a refresh token is good for, and for how long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from sojourn.model.client import Client
from sojourn.server import create_authn_event
from sojourn.server.pages.site import Site
from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest

DAY = 86_400


@contextmanager
def refreshing(folder: Path, clock: Clock, **options: int) -> Iterator[Refreshing]:
    with ServerInTest(folder, now=clock.now, options=options) as server:
        user = server.add_user("alice", "correct horse battery")
        server.add_client(
            Client(
                client_id="notebook",
                token_endpoint_auth_method="none",
                grant_types=("authorization_code", "refresh_token"),
                redirect_uris=("http://127.0.0.1/callback",),
                scope=("notes",),
            )
        )

        async def first(site: Site) -> str:
            event = create_authn_event(user.id, now=clock.now())
            grant = await site.sessions.create_grant(event, {"scope": "notes"}, user.id, "notebook")
            return (await grant.mint_token("refresh_token")).value

        yield Refreshing(server.issuer, server.call(first))


class Refreshing:
    """A public client with a refresh token."""

    def __init__(self, issuer: str, token: str) -> None:
        self.token = token
        self._issuer = issuer

    def refresh(self, token: str) -> str:
        """Show `token`; returns the next one, or the error's code."""
        form = {"grant_type": "refresh_token", "client_id": "notebook", "refresh_token": token}
        opener = build_opener(ProxyHandler({}))
        try:
            answer = opener.open(f"{self._issuer}/token", urlencode(form).encode())
        except HTTPError as error:
            return str(json.load(error)["error"])
        return str(json.load(answer)["refresh_token"])


def test_the_previous_refresh_token_gives_its_successor_again_within_the_window(tmp_path):
    clock = Clock()
    with refreshing(tmp_path, clock, refresh_retry_window=5) as client:
        second = client.refresh(client.token)
        clock.advance(seconds=4)
        assert client.refresh(client.token) == second
        clock.advance(seconds=1)
        assert client.refresh(client.token) == "invalid_grant"
        assert client.refresh(second) == "invalid_grant"


def test_without_a_window_the_previous_refresh_token_is_theft_at_once(tmp_path):
    with refreshing(tmp_path, Clock(), refresh_retry_window=0) as client:
        second = client.refresh(client.token)
        assert client.refresh(client.token) == "invalid_grant"
        assert client.refresh(second) == "invalid_grant"


def test_each_use_of_a_refresh_token_begins_its_life_anew(tmp_path):
    clock = Clock()
    with refreshing(tmp_path, clock, refresh_token_life=2 * DAY) as client:
        token = client.token
        for _ in range(3):
            clock.advance(seconds=DAY)
            token = client.refresh(token)
            assert token.startswith("sj_r_")
        clock.advance(seconds=2 * DAY)
        assert client.refresh(token) == "invalid_grant"
