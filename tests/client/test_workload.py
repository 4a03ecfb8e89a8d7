"""Programs without a secret of their own: where their platform's token comes from, and what is said when it does
not.
"""

from __future__ import annotations

import base64
import json
import os
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sojourn import Accounts, Session, errors
from sojourn.client.dialects.oidc import (
    ClientCredentials,
    GitHubActions,
    TokenFile,
    TokenVariable,
    workload,
)
from sojourn.client.loading import loader
from tests.client.servers import ok
from tests.client.small_provider import SmallProvider, refused

NOW = int(time.time())
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def small(serve):
    provider = SmallProvider()
    return provider.at(serve(provider.answer))


@pytest.fixture(autouse=True)
def no_job(monkeypatch):
    for name in (workload.URL, workload.TOKEN, "CI_ID_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def jwt(number: int = 1, *, lasts: float = 86_400) -> str:
    """A token as a platform gives it; only a server would judge its signature."""
    claims = {"sub": "job", "n": number, "exp": int(NOW + lasts)}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "ES256"}, claims)
    ]
    return ".".join((*parts, "c2lnbmF0dXJl"))


def program(small: SmallProvider, source: Any, **more: Any) -> ClientCredentials:
    return ClientCredentials(small.issuer, "job", assertion=source, scope="deploy", **more)


def test_the_token_file_is_what_proves_the_program(face, small, tmp_path):
    file = tmp_path / "token"
    file.write_text(f"{jwt()}\n")
    assert face.session(program(small, TokenFile(file))).request(f"{small.issuer}/r").ok
    (call,) = small.token_calls
    assert call.form == {
        "grant_type": "client_credentials",
        "scope": "deploy",
        "client_id": "job",
        "client_assertion_type": ASSERTION,
        "client_assertion": file.read_text().strip(),
    }
    assert "authorization" not in call.headers


def test_a_file_that_is_replaced_between_renewals_is_read_anew(face, small, tmp_path):
    """As Kubernetes does it: a link to a folder that is swapped for another."""
    for number in (1, 2):
        (tmp_path / f"..{number}").mkdir()
        (tmp_path / f"..{number}" / "token").write_text(jwt(number))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "token").symlink_to("..data/token")
    auth = program(small, TokenFile(tmp_path / "token"))
    session = face.session(auth)
    session.request(f"{small.issuer}/r")
    (tmp_path / "swap").symlink_to("..2")
    (tmp_path / "swap").replace(tmp_path / "..data")
    session.request(f"{small.issuer}/r")
    assert len(small.token_calls) == 1, "the access token still serves"
    small.live.clear()
    assert session.request(f"{small.issuer}/r").ok
    assert [call.form["client_assertion"] for call in small.token_calls] == [jwt(1), jwt(2)]


def test_a_token_file_is_needed_only_when_a_token_must_be_got(face, small, tmp_path):
    file = tmp_path / "token"
    file.write_text(jwt())
    session = face.session(program(small, TokenFile(file)))
    session.request(f"{small.issuer}/r")
    file.unlink()
    assert session.request(f"{small.issuer}/r").ok


def put(path, content):
    path.write_bytes(content)
    return path


def pipe(path):
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda at: at, "is not there"),
        (lambda at: put(at, b" \n"), "is empty"),
        (lambda at: put(at, b"x" * 40_000), "too large"),
        (lambda at: put(at, b"a-password"), "not a signed token"),
        (lambda at: put(at, b"\xff.\xff.\xff"), "not a signed token"),
        (lambda at: put(at, f"{jwt()} {jwt()}".encode()), "not a signed token"),
        (lambda at: put(at, jwt(lasts=-60).encode()), "ended [0-9]+ seconds ago"),
        (lambda at: at.mkdir() or at, "is not a file|cannot be read"),
        (pipe, "is not a file"),
        (lambda at: put(at, jwt().encode()).chmod(0) or at, "Permission denied"),
    ],
    ids=["missing", "empty", "large", "text", "binary", "two", "old", "folder", "pipe", "closed"],
)
def test_what_is_wrong_with_the_file_is_said_with_its_place_and_nothing_of_it(
    face, small, tmp_path, make, said
):
    path = make(tmp_path / "token")
    if said == "Permission denied" and os.geteuid() == 0:
        said = "refused"  # root reads every file: the server is asked, and decides
        small.on_token = lambda _: refused("invalid_client", 401)
    session = face.session(program(small, TokenFile(path)))
    with pytest.raises(errors.CredentialError, match=said) as caught:
        session.request(f"{small.issuer}/r")
    assert "eyJ" not in f"{caught.value} {caught.value.detail} {caught.value!r}"
    if said != "refused":
        assert str(path) in str(caught.value)
        assert isinstance(caught.value, errors.IncompleteCredentials)
        assert small.token_calls == []


def test_a_token_that_appears_serves_at_once(face, small, tmp_path):
    session = face.session(program(small, TokenFile(tmp_path / "token")))
    with pytest.raises(errors.IncompleteCredentials):
        session.request(f"{small.issuer}/r")
    (tmp_path / "token").write_text(jwt())
    assert session.request(f"{small.issuer}/r").ok


def test_a_variable_holds_the_token_of_a_cis_job(face, small, monkeypatch):
    session = face.session(program(small, TokenVariable("CI_ID_TOKEN")))
    with pytest.raises(errors.IncompleteCredentials, match="CI_ID_TOKEN is not set"):
        session.request(f"{small.issuer}/r")
    monkeypatch.setenv("CI_ID_TOKEN", "")
    with pytest.raises(errors.IncompleteCredentials, match="CI_ID_TOKEN is empty"):
        session.request(f"{small.issuer}/r")
    monkeypatch.setenv("CI_ID_TOKEN", jwt())
    assert session.request(f"{small.issuer}/r").ok
    assert small.token_calls[0].form["client_assertion"] == jwt()


class GitHub:
    """What a job of GitHub Actions asks for its token."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.received: list[Any] = []
        self.says: Any = None
        self._monkeypatch = monkeypatch

    def answer(self, received):
        self.received.append(received)
        return self.says or ok({"count": 1, "value": jwt(len(self.received))})

    def at(self, url: str) -> GitHub:
        self._monkeypatch.setenv(workload.URL, f"{url}/idtoken?api-version=2.0")
        self._monkeypatch.setenv(workload.TOKEN, "the-jobs-own-s3cret")
        return self


@pytest.fixture
def github(serve, monkeypatch):
    github = GitHub(monkeypatch)
    return github.at(serve(github.answer).url)


@pytest.mark.parametrize("audience", [None, "api://AzureADTokenExchange"])
def test_a_job_of_github_asks_for_a_token_for_the_provider(face, small, github, audience):
    session = face.session(program(small, GitHubActions(audience)))
    assert session.request(f"{small.issuer}/r").ok
    (asked,) = github.received
    assert asked.headers["authorization"] == "Bearer the-jobs-own-s3cret"
    query = parse_qs(urlsplit(asked.target).query)
    assert query == {"api-version": ["2.0"], "audience": [audience or small.issuer]}
    assert small.token_calls[0].form["client_assertion"] == jwt(1)
    small.live.clear()
    assert session.request(f"{small.issuer}/r").ok
    assert small.token_calls[1].form["client_assertion"] == jwt(2)


@pytest.mark.parametrize(
    ("says", "kind", "said"),
    [
        (ok({"message": "no"}, 403), errors.AuthenticationError, "answered 403"),
        (ok({"value": 7}), errors.AuthenticationError, "gave no token"),
        (ok({"value": "x" * 20_000}), errors.IncompleteCredentials, "too large"),
        ((200, {}, b"<html>"), errors.AuthenticationError, "gave no token"),
        (ok(None, 503), errors.ConnectFailure, "answered 503"),
        ((302, {"Location": "/elsewhere"}, b""), errors.AuthenticationError, "answered 302"),
    ],
)
def test_what_github_should_not_answer_is_told(small, github, says, kind, said):
    github.says = says
    with (
        Session(program(small, GitHubActions()), trust_env=False) as session,
        pytest.raises(kind, match=said) as caught,
    ):
        session.get(f"{small.issuer}/r")
    assert "s3cret" not in f"{caught.value} {caught.value.detail}"
    assert len(github.received) == 1
    assert small.token_calls == []


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        ("", "t", "not set"),
        ("https://x.example", "", "not set"),
        ("http://x.example/idtoken", "t", "not what"),
        ("file:///etc/passwd", "t", "not what"),
        ("https://", "t", "not what"),
        ("http://127.0.0.1:9/", "two words", "not what"),
        ("http://127.0.0.1:9/", "t\r\nX: y", "not what"),
    ],
)
def test_a_jobs_token_is_never_asked_for_in_the_clear(small, monkeypatch, url, token, said):
    monkeypatch.setenv(workload.URL, url)
    monkeypatch.setenv(workload.TOKEN, token)
    with (
        Session(program(small, GitHubActions()), trust_env=False) as session,
        pytest.raises(errors.IncompleteCredentials, match=said),
    ):
        session.get(f"{small.issuer}/r")


def test_the_option_description_chooses_the_source(small, tmp_path, monkeypatch, github):
    found = loader("workload")

    def load(**options: str) -> ClientCredentials:
        loaded = found.load(**job, **options)
        assert isinstance(loaded, ClientCredentials)
        return loaded

    job = {"issuer": small.issuer, "client-id": "job"}
    file = tmp_path / "token"
    file.write_text(jwt())
    by_file = load(**{"token-file": str(file)})
    assert repr(by_file.endpoints.client.assertion) == f"TokenFile('{file}')"
    by_variable = load(token_variable="CI_ID_TOKEN")
    assert repr(by_variable.endpoints.client.assertion) == "TokenVariable('CI_ID_TOKEN')"
    by_github = load(audience="x", scope="a b", resource="https://r.example")
    assert repr(by_github.endpoints.client.assertion) == "GitHubActions('x')"
    assert by_github.resources == ("https://r.example",)
    assert repr(load().endpoints.client.assertion) == "GitHubActions(None)"
    with pytest.raises(errors.ConfigurationError, match="three ways"):
        load(token_file="a", token_variable="b")
    monkeypatch.delenv(workload.URL)
    with pytest.raises(errors.IncompleteCredentials, match="token_file or token_variable"):
        load()
    variables = found.variables({"SOJOURN_WORKLOAD_TOKEN_FILE": "a", "TOKEN_FILE": "b"})
    assert variables == {"token_file": "a"}


@pytest.mark.usefixtures("github")
@pytest.mark.parametrize("source", ["file", "variable", "github"])
def test_an_account_is_kept_with_where_its_token_is_and_not_with_the_token(
    small, store, tmp_path, monkeypatch, source
):
    (tmp_path / "token").write_text(jwt())
    monkeypatch.setenv("CI_ID_TOKEN", jwt())
    sources = {
        "file": TokenFile(tmp_path / "token"),
        "variable": TokenVariable("CI_ID_TOKEN"),
        "github": GitHubActions("x"),
    }
    small.expires_in = 3600
    account = Accounts(store).login(program(small, sources[source]))
    assert "platform" in account.credential
    assert account.renewable
    again = Accounts(store).get()
    assert jwt() not in json.dumps(again.record)
    auth = again.auth()
    auth.invalidate()
    with Session(auth, trust_env=False) as session:
        assert session.get(f"{small.issuer}/r").ok
    assert len(small.token_calls) == 2
    assert all(call.form["client_assertion"] for call in small.token_calls)


def test_two_sources_of_one_client_are_two_credentials(small, store, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(jwt())
        with Session(
            program(small, TokenFile(tmp_path / name)), cache=store, trust_env=False
        ) as session:
            session.get(f"{small.issuer}/r")
    assert len(small.token_calls) == 2


def test_nothing_of_the_token_is_shown(small, tmp_path, caplog):
    caplog.set_level("DEBUG")
    file = tmp_path / "token"
    file.write_text(jwt())
    auth = program(small, TokenFile(file))
    small.on_token = lambda _: refused("invalid_client", 401)
    with Session(auth, trust_env=False, history="full") as session:
        with pytest.raises(errors.AuthenticationError) as caught:
            session.get(f"{small.issuer}/r")
        shown = f"{session.history!r} {auth!r} {auth.endpoints.client!r} {caught.value.detail}"
    signature = jwt().rpartition(".")[2]
    assert signature not in f"{shown} {caplog.text} {caught.getrepr()}"
