"""Both halves together: our client signs a person in at our server through a real Chromium as `$BROWSER`, and calls a
service that our resource server protects.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sojourn import AsyncSession, Response, Session, errors
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.client.env.wall_clock import wall_clock
from sojourn.model.client import Client
from sojourn.model.resource import Resource
from sojourn.resource_server import Verifier
from sojourn.resource_server.sample import sample_app
from sojourn.testing.server import ServerInTest
from tests.flows.person import PASSWORD
from tests.flows.relying_party import running

pytestmark = [pytest.mark.browser]

PERSON = Path(__file__).resolve().parents[1] / "peers" / "chromium_person.py"
SCOPE = "openid profile offline_access notes"


class Desk:
    """A program with one session, on a thread of its own: here Playwright's loop holds the main one."""

    def __init__(self, kind: str, auth: AuthorizationCode) -> None:
        self.auth = auth
        self._kind = kind
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()
        self._session: Session | AsyncSession | None = None

    def get(self, url: str) -> dict[str, Any]:
        """The JSON at `url`, asked for with the session. Raises what the session raises."""
        found: dict[str, Any] = self._thread.submit(self._get, url).result(60)
        return found

    def _get(self, url: str) -> Any:
        if self._session is None:
            face = Session if self._kind == "threads" else AsyncSession
            self._session = face(self.auth, trust_env=False)
        answer = self._session.get(url)
        done = answer if isinstance(answer, Response) else self._runner.run(answer)
        return done.json()

    def close(self) -> None:
        def close() -> None:
            closing = self._session.close() if self._session else None
            if closing is not None:
                self._runner.run(closing)
            self._runner.close()

        self._thread.submit(close).result(60)
        self._thread.shutdown()


@pytest.fixture
def service(server: ServerInTest, request: pytest.FixtureRequest) -> Iterator[str]:
    """The sample service; its tokens are of the format that the test's parameter says."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        secret = server.add_client(Client(client_id="service"))
        server.add_resource(
            Resource(
                identifier=url,
                scopes=("notes",),
                token_format=request.param,
                client_id="service",
            )
        )
        if request.param == "opaque":
            verifier = Verifier(
                server.issuer, audience=url, client_id="service", client_secret=secret
            )
        else:
            verifier = Verifier(server.issuer, audience=url)
        with running(sample_app(verifier), listening):
            yield url


@pytest.fixture
def sit_at_desk(
    server: ServerInTest, service: str, ada: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Desk]]:
    """A program that asks Ada when it needs a token."""
    monkeypatch.setenv("BROWSER", f"{sys.executable} {PERSON} %s")
    monkeypatch.setenv("PERSON_LOGIN", ada)
    monkeypatch.setenv("PERSON_PASSWORD", PASSWORD)
    server.add_client(
        Client(
            client_id="desk",
            client_name="Desk",
            redirect_uris=("http://127.0.0.1/callback",),
            grant_types=("authorization_code", "refresh_token"),
            response_types=("code",),
            scope=tuple(SCOPE.split()),
            resources=(service,),
            token_endpoint_auth_method="none",
            id_token_signed_response_alg="ES256",
        )
    )
    desks: list[Desk] = []

    def sit(kind: str) -> Desk:
        auth = AuthorizationCode(server.issuer, "desk", scope=SCOPE, resource=service)
        desks.append(Desk(kind, auth))
        return desks[-1]

    yield sit
    for desk in desks:
        desk.close()


def held(desk: Desk) -> Any:
    """The credential that the program holds."""
    return desk.auth._current


def age(desk: Desk, *, left: int) -> str:
    """Let the held token have `left` ms until its end, as the program sees it; returns its text."""
    old = held(desk)
    aged = old._replace(
        generation=old.generation + 1,
        issued_at=old.issued_at - 3_600_000,
        expires_at=wall_clock() + left,
    )
    desk.auth.adopt(aged)
    return str(old.access_token)


@pytest.mark.parametrize(
    ("server", "kind"), [("memory", "threads"), ("sqlite", "loop")], indirect=["server"]
)
@pytest.mark.parametrize("service", ["opaque"], indirect=True)
def test_a_session_lives_from_the_first_request_to_its_end_on_my_sessions(
    server, service, sit_at_desk, sit, kind
):
    desk = sit_at_desk(kind)
    assert desk.get(f"{service}/hello")["client_id"] == "desk"
    assert len(desk.get(f"{service}/notes")["notes"]) == 3

    first = held(desk).access_token
    assert revoked(server, first)
    desk.get(f"{service}/notes")
    second = held(desk)
    assert second.access_token != first

    ada = sit()
    ada.goes_to("/sessions")
    ada.signs_in("ada")
    ada.sees("Works while you are away")
    ada.presses("End access for Desk on all devices")
    ada.sees("That application has lost its access.")
    desk.auth.interactive = False
    with pytest.raises(errors.InteractionRequired):
        desk.get(f"{service}/notes")
    desk.auth.interactive = True
    assert desk.get(f"{service}/hello")["client_id"] == "desk"


@pytest.mark.parametrize(
    ("server", "kind"), [("memory", "loop"), ("sqlite", "threads")], indirect=["server"]
)
@pytest.mark.parametrize("service", ["jwt"], indirect=True)
def test_a_token_that_a_service_judges_offline_is_renewed_before_it_ends(
    service, sit_at_desk, sit, kind
):
    desk = sit_at_desk(kind)
    desk.get(f"{service}/notes")
    assert held(desk).access_token.count(".") == 2
    old = age(desk, left=60_000)
    assert desk.get(f"{service}/hello")["scope"].split() == SCOPE.split()
    assert held(desk).access_token != old

    ada = sit()
    ada.goes_to("/sessions")
    ada.signs_in("ada")
    ada.presses("End access for Desk on all devices")
    desk.auth.interactive = False
    assert desk.get(f"{service}/hello"), "a JWT is good until it ends: the service asks nobody"
    age(desk, left=0)
    with pytest.raises(errors.InteractionRequired):
        desk.get(f"{service}/hello")


def revoked(server: ServerInTest, token: str) -> bool:
    """End one access token of the program behind its back."""

    async def end(site: Any) -> None:
        located = await site.sessions.acceptance.locate(token)
        await site.sessions.acceptance.revoke(located, "revoked")

    server.call(end)
    return True
