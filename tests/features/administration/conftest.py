"""A server with people of every role, and calls to its JSON APIs with tokens that are minted for the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from sojourn.model.user import User
from sojourn.server import create_authn_event
from sojourn.server.pages.site import Site
from sojourn.server.services.administration.roles import ACCOUNT_SCOPE, ADMIN_SCOPES
from sojourn.server.services.builtin import CLI
from sojourn.testing.server import ServerInTest

PASSWORD = "a good long password"
EVERYTHING = (ACCOUNT_SCOPE, *ADMIN_SCOPES)
PEOPLE = {"alice": ("administrator",), "otto": ("auditor",), "bob": ()}


class Answer(NamedTuple):
    status: int
    members: dict[str, Any]
    headers: dict[str, str]


class Desk:
    """The server, and calls as one of its people."""

    def __init__(self, server: ServerInTest) -> None:
        self.server = server
        self.people = {
            login: server.add_user(login, PASSWORD, roles=roles, claims={"name": login.title()})
            for login, roles in PEOPLE.items()
        }

    def token(
        self,
        login: str,
        scope: tuple[str, ...] = EVERYTHING,
        *,
        resources: tuple[str, ...] = (),
    ) -> str:
        """An access token of this person, from a sign-in of its own."""
        user = self.people[login]

        async def minted(site: Site) -> str:
            event = create_authn_event(user.id, amr=("pwd",))
            started = await site.sessions.signins.start(event)
            grant = await site.sessions.create_grant(
                event, {"client_id": CLI, "scope": " ".join(scope)}, user.id, scopes=scope
            )
            assert started.text
            return (await grant.mint_token("access_token", resources=list(resources))).value

        return self.server.call(minted)

    def call(
        self,
        token: str,
        path: str,
        body: dict[str, Any] | bytes | None = None,
        *,
        kind: str = "application/json",
        query: dict[str, str] | None = None,
    ) -> Answer:
        """GET, or POST where there is a body."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        where = self.server.issuer + path + (f"?{urlencode(query)}" if query else "")
        request = Request(where, data)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        if data is not None:
            request.add_header("Content-Type", kind)
        try:
            with build_opener(ProxyHandler({})).open(request) as reply:
                return Answer(reply.status, json.loads(reply.read()), dict(reply.headers))
        except HTTPError as error:
            with error:
                return Answer(error.code, json.loads(error.read() or b"{}"), dict(error.headers))

    def user(self, login: str) -> User | None:
        return self.server.call(lambda site: site.users.by_login(login))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("administration")
    with ServerInTest(folder, store="memory:", options={"log_level": "error"}) as server:
        yield Desk(server)
