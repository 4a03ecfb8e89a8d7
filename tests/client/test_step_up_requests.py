"""What the provider is asked for where a service wants a newer or stronger sign-in (RFC 9470)."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from sojourn import Session, errors
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode, DeviceCode
from sojourn.client.dialects.oidc.sign_in import SignIn
from sojourn.client.dialects.oidc.step_up import raised
from sojourn.driver import drive
from sojourn.wire.json_text import parse_object
from tests.client.servers import ok
from tests.client.vault import vault

__all__ = ["vault"]

ROOT = Path(__file__).parents[2]


RECORDED = (
    "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + chr(10)); "
    "from tests.peers.person import visit; visit(sys.argv[2])"
)


@pytest.mark.peer
def test_the_provider_is_asked_for_what_the_service_wants_of_the_same_person(
    provider, vault, tmp_path, monkeypatch
):
    visits = tmp_path / "visits"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{RECORDED}" {visits} "$1"\n')
    program.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{program} %s")
    monkeypatch.setenv("PERSON_LOGIN", "ada")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    auth = AuthorizationCode(provider.issuer, "native", scope="openid offline_access")
    with Session(auth, trust_env=False) as session:
        session.get(f"{provider.issuer}/me")
        with pytest.raises(errors.Unauthorized):
            session.get(vault.door)
    first, second = (parse_qs(urlsplit(line).query) for line in visits.read_text().splitlines())
    assert not {"acr_values", "max_age", "claims"} & first.keys()
    assert (second["acr_values"], second["max_age"]) == (["urn:gold urn:silver"], ["60"])
    assert second["prompt"] == ["consent"]
    assert len(set(vault.knocks)) == 2


def test_a_provider_that_knows_the_claims_parameter_is_told_that_it_is_a_condition():
    wanted = errors.StepUpRequired(acr_values=("urn:gold",), max_age=60)
    found = raised(SignIn("openid", acr_values="urn:iron"), wanted, "ada")
    assert parse_object(found.claims or "") == {
        "id_token": {
            "sub": {"value": "ada"},
            "acr": {"essential": True, "values": ["urn:gold"]},
        }
    }
    anew = raised(SignIn("openid offline_access"), errors.StepUpRequired(), None)
    assert (anew.prompt, anew.claims) == ("login consent", None)


def test_a_device_asks_for_the_same(serve):
    asked: list[dict[str, str]] = []

    def answer(received):
        if received.path == "/device":
            asked.append(received.form)
            return 400, {}, b'{"error": "access_denied"}'
        url = f"http://{received.headers['host']}"
        return ok({"issuer": url, "device_authorization_endpoint": f"{url}/device"})

    service = serve(answer)
    plugin = DeviceCode(service.url, "box", scope="openid")
    plugin.adopt(Credential(1, "access-0", 1))
    reason = errors.StepUpRequired(acr_values=("a", "b"), max_age=0)
    with Session(plugin, trust_env=False) as session, pytest.raises(errors.AuthenticationCancelled):
        drive(plugin.ask(session.env, reason))
    assert plugin.command()[-1] == "--device"
    assert (asked[0]["acr_values"], asked[0]["max_age"]) == ("a b", "0")
