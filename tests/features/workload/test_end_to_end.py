"""The whole way: a platform that is a second Sojourn, its token in a file that is renewed under the program, our
client, our server, and a request to it.
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sojourn import errors
from sojourn.client.dialects.oidc import ClientCredentials, TokenFile, TokenVariable
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.driver import drive
from sojourn.testing.server import ServerInTest
from tests.conformance.setting import Provider
from tests.features.workload.conftest import SUBJECT, Runner

_jtis = count(1)


class Platform:
    """A Sojourn that gives its workloads tokens, signed with its own key and published as it publishes everything."""

    def __init__(self, server: ServerInTest) -> None:
        self.server = server
        self.url = server.issuer

    def token(self, audience: str, *, lasts: int = 300) -> str:
        async def sign(site: Any) -> str:
            now = site.context.now() // 1000
            claims = {
                "iss": site.issuer,
                "sub": SUBJECT,
                "aud": audience,
                "jti": str(next(_jtis)),
                "iat": now,
                "exp": now + lasts,
            }
            signed: str = site.context.signing.active("ES256").sign(claims, typ="JWT")
            return signed

        return self.server.call(sign)


@pytest.fixture
def ci(sojourn_platform):
    return Platform(sojourn_platform)


@pytest.fixture
def clocked(provider):
    """The client's surroundings, on the server's clock."""
    transport = HttpxTransport(Trust(), Proxies(None, trust_env=False))
    yield BlockingEnv(transport, clock=provider.clock.now)
    transport.close()


def test_a_program_stays_signed_in_with_a_file_that_is_renewed_under_it(
    provider: Provider, ci: Platform, runner, clocked, tmp_path: Path
):
    job: Runner = runner(issuer=ci.url)
    file = tmp_path / "token"
    file.write_text(ci.token(provider.issuer))
    auth = ClientCredentials(provider.issuer, job.client_id, assertion=TokenFile(file))
    first = drive(auth.credential(clocked))
    assert drive(auth.credential(clocked)) == first
    provider.clock.advance(seconds=3_600)
    with pytest.raises(errors.IncompleteCredentials, match="ended 3300 seconds ago"):
        drive(auth.credential(clocked))
    file.write_text(ci.token(provider.issuer))
    second = drive(auth.credential(clocked))
    assert second.access_token != first.access_token
    auth.invalidate()
    with pytest.raises(errors.AuthenticationError):
        drive(auth.credential(clocked))
    provider.clock.advance(seconds=6)  # a refusal is remembered for five
    file.write_text(ci.token(provider.issuer))
    assert drive(auth.credential(clocked)).generation > second.generation


def test_a_token_that_is_meant_for_others_proves_nothing(
    provider: Provider, ci: Platform, runner, clocked, monkeypatch
):
    job: Runner = runner(issuer=ci.url)
    monkeypatch.setenv("CI_ID_TOKEN", ci.token("https://elsewhere.example"))
    auth = ClientCredentials(provider.issuer, job.client_id, assertion=TokenVariable("CI_ID_TOKEN"))
    with pytest.raises(errors.AuthenticationError, match="refused"):
        drive(auth.credential(clocked))


def test_an_administrator_registers_and_changes_what_a_client_trusts(
    provider: Provider, ci: Platform, tmp_path: Path
):
    from sojourn.server.endpoints.caller import desk

    def act(**body: Any) -> dict[str, Any]:
        return provider.server.call(lambda site: desk(site).act("clients", body, actor="root"))

    trust = {"issuer": ci.url, "subject": SUBJECT}
    made = act(action="create", client_id="deployer", scope="deploy", workloads=[trust])
    assert list(made["workloads"]) == [trust]
    assert (made["token_endpoint_auth_method"], "client_secret" in made) == (
        "private_key_jwt",
        False,
    )
    (tmp_path / "token").write_text(ci.token(provider.issuer))
    job = Runner(provider, ci.url, "deployer")
    job.is_let_in(ci.token(provider.issuer))

    changed = act(action="change", client_id="deployer", workloads=[{**trust, "subject": "other"}])
    assert changed["workloads"][0]["subject"] == "other"
    job.is_refused(ci.token(provider.issuer))
    plain = act(
        action="change", client_id="deployer", token_endpoint_auth_method="client_secret_basic"
    )
    assert "workloads" not in plain
    with pytest.raises(errors.InvalidRequest):
        act(action="change", client_id="deployer", workloads=[{**trust, "secret": "x"}])


def test_a_workload_asks_about_its_tokens_as_its_client(
    provider: Provider, ci: Platform, runner, clocked, tmp_path: Path
):
    job: Runner = runner(issuer=ci.url)
    file = tmp_path / "token"
    file.write_text(ci.token(provider.issuer))
    auth = ClientCredentials(provider.issuer, job.client_id, assertion=TokenFile(file))
    token = drive(auth.credential(clocked)).access_token
    told = job.shows(ci.token(provider.issuer), path="/introspect", token=token)
    assert json.loads(told.content)["client_id"] == job.client_id
