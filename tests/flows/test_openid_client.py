"""A relying party that others wrote: npm openid-client takes the whole way, with a person in Chromium between."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sojourn.model.client import Client
from sojourn.testing.server import ServerInTest
from sojourn.wire import base64url
from tests.client.servers import Server

pytestmark = [pytest.mark.browser, pytest.mark.peer]

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / "tests" / "peers" / "openid_client.mjs"
SCOPE = "openid profile offline_access"


class Peer:
    """The program, and what it says step by step."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, **values: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(values) + "\n")
        self._process.stdin.flush()

    def hear(self, step: str) -> dict[str, Any]:
        """The next line, which must be `step`."""
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert said["step"] == step, said
        return said


@contextmanager
def openid_client() -> Iterator[Peer]:
    if shutil.which("node") is None or not (ROOT / "node_modules" / "openid-client").is_dir():
        pytest.fail("npm openid-client is not installed: run `npm ci` at the root")
    command = ["node", str(PEER)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe) as process:
        yield Peer(process)


@pytest.fixture
def home() -> Iterator[str]:
    """Where the application's own pages are, which say no more than that one came back."""
    with Server(lambda _: (200, {"Content-Type": "text/html"}, b"<h1>Back</h1>")) as pages:
        yield pages.url


def registered(server: ServerInTest, home: str, *, auth: str, alg: str) -> str:
    """Register the application; its secret, empty for a public one."""
    method = "none" if auth == "none" else f"client_secret_{auth}"
    return server.add_client(
        Client(
            client_id="peer",
            client_name="Peer",
            redirect_uris=(f"{home}/callback",),
            post_logout_redirect_uris=(f"{home}/signed-out",),
            grant_types=("authorization_code", "refresh_token"),
            response_types=("code",),
            scope=tuple(SCOPE.split()),
            token_endpoint_auth_method=method,
            id_token_signed_response_alg=alg,
        )
    )


def algorithm(token: str) -> str:
    return str(json.loads(base64url.decode(token.split(".", maxsplit=1)[0]))["alg"])


@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["basic RS256", "post ES256", "none ES256", "none RS256"])
def test_openid_client_takes_the_whole_way(server, home, sit, ada, kind):
    auth, alg = kind.split()
    secret = registered(server, home, auth=auth, alg=alg)
    person = sit()
    with openid_client() as peer:
        peer.tell(
            issuer=server.issuer,
            client_id="peer",
            auth=auth,
            redirect_uri=f"{home}/callback",
            post_logout_redirect_uri=f"{home}/signed-out",
            scope=SCOPE,
            parameters={"prompt": "consent"},
            **({"client_secret": secret} if secret else {}),
        )
        person.goes_to(peer.hear("authorize")["url"])
        person.signs_in(ada)
        person.presses("Allow")
        person.reads("Back")
        peer.tell(callback=person.page.url)
        code = peer.hear("code")
        assert algorithm(code["tokens"]["id_token"]) == alg
        assert peer.hear("userinfo")["claims"]["name"] == "Ada Lovelace"
        refresh = peer.hear("refresh")
        assert refresh["rotated"]
        assert algorithm(refresh["tokens"]["id_token"]) == alg
        told = peer.hear("introspect")
        assert told.get("skipped") if auth == "none" else told["answer"]["active"]
        assert peer.hear("revoke")["revoked"]
        dead = peer.hear("dead")
        assert dead.get("skipped") if auth == "none" else dead["answer"] == {"active": False}
        person.goes_to(peer.hear("end_session")["url"])
    person.reads("Back")
    assert person.page.url == f"{home}/signed-out"
    person.goes_to("/sessions")
    person.reads("Sign in")
