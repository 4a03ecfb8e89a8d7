"""Token exchange with what others wrote: npm openid-client at our server, our client at PyPI idpyoidc's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sojourn import errors
from sojourn.client.dialects.oidc import TokenExchange
from sojourn.wire import exchange
from tests.client.conftest import face, serve
from tests.client.servers import Received, ok
from tests.conformance.setting import Provider
from tests.features.exchange.conftest import Setting, login
from tests.peers.idpyoidc_provider import BACK, SECRET, IdpyProvider

__all__ = ["face", "serve"]

pytestmark = pytest.mark.peer

ROOT = Path(__file__).resolve().parents[3]


def openid_client(setting: Setting, subject: str, **parameters: str) -> dict[str, Any]:
    """What npm openid-client got for `subject`, as the front's program."""
    if shutil.which("node") is None or not (ROOT / "node_modules" / "openid-client").is_dir():
        pytest.fail("npm openid-client is not installed: run `npm ci` at the root")
    told = {
        "issuer": setting.api.issuer,
        "client_id": setting.api.client.client_id,
        "client_secret": setting.api.secret,
        "subject_token": subject,
        "parameters": parameters,
    }
    program = ROOT / "tests" / "peers" / "openid_client_exchange.mjs"
    done = subprocess.run(
        ["node", str(program)],
        cwd=ROOT,
        input=json.dumps(told) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_openid_client_exchanges_at_our_server(provider: Provider, setting: Setting):
    tokens = login(provider, setting)
    said = openid_client(setting, tokens.access, resource=setting.back, scope="notes")
    assert said["tokens"]["issued_token_type"] == exchange.ACCESS_TOKEN
    assert said["tokens"]["token_type"] == "bearer"
    told = setting.vault.introspect(said["tokens"]["access_token"])
    actor = setting.api.client.client_id
    assert told["act"] == {"sub": actor, "client_id": actor}
    assert (told["sub"], told["scope"]) == (tokens.claims["sub"], "notes")
    assert said["told"]["active"]


def test_openid_client_reads_our_refusals(provider: Provider, setting: Setting):
    tokens = login(provider, setting)
    for more, code in (
        ({"resource": "https://nowhere.example"}, "invalid_target"),
        ({"resource": setting.back, "scope": "profile"}, "invalid_scope"),
        ({"resource": setting.back, "subject_token": "x"}, "invalid_request"),
    ):
        said = openid_client(setting, tokens.access, **more)
        assert (said["error"], bool(said["description"])) == (code, True)


@pytest.fixture
def idpyoidc(serve: Any, tmp_path: Path) -> IdpyProvider:
    made: list[IdpyProvider] = []

    def answer(received: Received) -> Any:
        return made[0].answer(received)

    made.append(IdpyProvider(serve(answer).url, tmp_path))
    return made[0]


def front_of(peer: IdpyProvider, subject: Any, **more: Any) -> TokenExchange:
    return TokenExchange(peer.issuer, "front", client_secret=SECRET, subject=subject, **more)


def test_our_client_exchanges_at_idpyoidc(idpyoidc: IdpyProvider, face: Any, serve: Any):
    service = serve(lambda _: ok())
    token = idpyoidc.token()
    session = face.session(front_of(idpyoidc, lambda: token, scope="notes", resource=BACK))
    for _ in range(2):
        session.request(service.url)
    (header,) = {received.headers["authorization"] for received in service.received}
    assert idpyoidc.told(header.removeprefix("Bearer ")) == ("front", ["notes"], True)


def test_our_client_reads_the_refusals_of_idpyoidc(idpyoidc: IdpyProvider, face: Any, serve: Any):
    service = serve(lambda _: ok())
    for plugin, words in (
        (front_of(idpyoidc, "not a token"), "Subject token invalid"),
        (front_of(idpyoidc, idpyoidc.token(), resource="https://nowhere.example"), "resource"),
    ):
        with pytest.raises(errors.AuthenticationError, match=words):
            face.session(plugin).request(service.url)
    assert not service.received
