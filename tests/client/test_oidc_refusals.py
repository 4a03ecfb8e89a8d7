"""What the `oidc` dialect does not let pass: where no person is, and answers that are not good."""

from __future__ import annotations

import re
import time
from queue import SimpleQueue
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sojourn import Session, errors
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.wire.jose import SigningKey
from tests.client.servers import ok

KEY = SigningKey("one", "ES256", private=ec.generate_private_key(ec.SECP256R1()))
OTHER = SigningKey("two", "ES256", private=ec.generate_private_key(ec.SECP256R1()))


def test_without_browser_and_terminal_a_sign_in_is_refused_at_once_and_names_the_ways_out(
    face, nobody, serve
):
    server = serve(lambda _: ok())
    session = face.session(AuthorizationCode(server.url, "native"))
    began = time.perf_counter()
    with pytest.raises(errors.InteractionRequired) as caught:
        session.request(f"{server.url}/r")
    assert time.perf_counter() - began < 60  # nobody was waited for: a person has 300 s
    for way in ("sojourn login --device", "sojourn login` in", "BROWSER", "client_credentials"):
        assert way in str(caught.value)
    assert server.received == []


class Provider:
    """A provider whose every answer a test can bend. The browser is a thread that goes where it is
    sent."""

    def __init__(self):
        self.issuer = ""
        self.keys = [KEY]
        self.signs_with = KEY
        self.claims = {}
        self.metadata = {}
        self.back = {}
        self.jwks_calls = 0
        self.nonce = ""
        self.pages: SimpleQueue[Any] = SimpleQueue()
        self.token_form = {}
        self.token_body = b""
        self.asked = {}

    def answer(self, received):
        if received.path == "/.well-known/openid-configuration":
            return ok(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/auth",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/jwks",
                    "id_token_signing_alg_values_supported": ["ES256"],
                    "authorization_response_iss_parameter_supported": True,
                    **self.metadata,
                }
            )
        if received.path == "/auth":
            return 303, {"Location": self._redirect(received.target)}, b""
        if received.path == "/jwks":
            self.jwks_calls += 1
            return ok({"keys": [key.public_jwk() for key in self.keys]})
        if received.path == "/token":
            self.token_form, self.token_body = received.form, received.body
            return ok({"access_token": "t", "token_type": "Bearer", "id_token": self._id_token()})
        return ok()

    def visit(self, url):
        self.pages.put(fetch(self._redirect(url)))
        return True

    def _redirect(self, url):
        self.asked = parse_qs(urlsplit(url).query)
        asked = {name: values[0] for name, values in self.asked.items()}
        self.nonce = asked["nonce"]
        given = {"code": "c", "state": asked["state"], "iss": self.issuer, **self.back}
        query = "&".join(f"{name}={value}" for name, value in given.items() if value is not None)
        return f"{asked['redirect_uri']}?{query}"

    def _id_token(self):
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": "ada", "aud": "native", "nonce": self.nonce,
            "iat": now, "exp": now + 60, **self.claims,
        }  # fmt: skip
        kept = {name: value for name, value in claims.items() if value is not None}
        return self.signs_with.sign(kept, typ="JWT")


def fetch(url, **headers):
    try:
        with build_opener(ProxyHandler({})).open(Request(url, headers=headers)) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


@pytest.fixture
def bent(serve, monkeypatch):
    provider = Provider()
    provider.issuer = serve(provider.answer).url
    monkeypatch.setenv("BROWSER", "here")
    monkeypatch.setattr("sojourn.client.prompt.browser.show", provider.visit)
    return provider


def sign_in(provider, **options):
    auth = AuthorizationCode(provider.issuer, "native", scope="openid", **options)
    with Session(auth, trust_env=False) as session:
        return session.get(f"{provider.issuer}/r")


def test_a_good_sign_in_ends_on_a_friendly_page_without_script(bent):
    assert sign_in(bent).ok
    status, page, headers = bent.pages.get(timeout=300)
    assert status == 200
    assert "You are signed in" in page
    assert "<script" not in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert len(bent.token_form["code_verifier"]) >= 43
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", bent.token_form["redirect_uri"])


@pytest.mark.parametrize(
    ("resource", "named"),
    [
        ("urn:a", ["urn:a"]),
        (["urn:a", "urn:b", "urn:a"], ["urn:a", "urn:b"]),
        ([], None),
        (None, None),
    ],
)
def test_the_services_that_a_token_is_for_are_named_at_both_endpoints(bent, resource, named):
    assert sign_in(bent, resource=resource).ok
    assert bent.asked.get("resource") == named
    assert parse_qs(bent.token_body.decode()).get("resource") == named


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"sub": None}, "sub"),
        ({"aud": "other"}, "another audience"),
        ({"iat": None}, "iat"),
        ({"nonce": "other"}, "another request"),
        ({"exp": 1}, "expired"),
        ({"at_hash": "AAAA"}, "another access token"),
    ],
)
def test_an_id_token_that_breaks_a_rule_ends_the_sign_in(bent, claims, why):
    bent.claims = claims
    with pytest.raises(errors.AuthenticationError, match=why):
        sign_in(bent)
    assert "not signed in" in bent.pages.get(timeout=300)[1]


def test_an_id_token_signed_with_a_strangers_key_is_refused(bent):
    bent.signs_with = OTHER
    with pytest.raises(errors.AuthenticationError, match="No known key"):
        sign_in(bent)


def test_an_unsigned_id_token_is_refused(bent, monkeypatch):
    monkeypatch.setattr(bent, "_id_token", lambda: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.")
    with pytest.raises(errors.AuthenticationError, match="ID token"):
        sign_in(bent)


@pytest.mark.parametrize("iss", ["https://evil.example", None])
def test_an_answer_from_another_issuer_is_refused_before_its_code_is_used(bent, iss):
    bent.back = {"iss": iss}
    with pytest.raises(errors.AuthenticationError, match="another issuer"):
        sign_in(bent)
    assert bent.token_form == {}


def test_metadata_of_another_issuer_is_refused(bent):
    bent.metadata = {"issuer": "https://evil.example"}
    with pytest.raises(errors.AuthenticationError, match="another issuer"):
        sign_in(bent)


def test_an_error_answer_is_told_in_the_providers_words(bent):
    bent.back = {"error": "invalid_scope", "error_description": "no+such+scope", "code": None}
    with pytest.raises(errors.AuthenticationError, match="no such scope"):
        sign_in(bent)


def test_a_visit_with_another_state_changes_nothing(bent, monkeypatch):
    strays = []

    def visit(url):
        asked = parse_qs(urlsplit(url).query)
        back = asked["redirect_uri"][0]
        strays.append(fetch(f"{back}?code=evil&state=guess&iss={bent.issuer}"))
        strays.append(fetch(f"{back}?code=evil&state=a&state=b"))
        strays.append(fetch(back.replace("/callback", "/favicon.ico")))
        strays.append(fetch(f"{back}?state={asked['state'][0]}", Host="evil.example"))
        return bent.visit(url)

    monkeypatch.setattr("sojourn.client.prompt.browser.show", visit)
    assert sign_in(bent).ok
    assert [status for status, _, _ in strays] == [400, 400, 404, 404]
    assert bent.token_form["code"] == "c"


def test_new_keys_are_fetched_for_an_unknown_kid_at_most_once_a_minute(bent):
    auth = AuthorizationCode(bent.issuer, "native", scope="openid")
    now = [1_000_000]
    from sojourn.client.env.blocking import BlockingEnv
    from sojourn.client.transport.blocking import HttpxTransport
    from sojourn.client.transport.proxies import Proxies
    from sojourn.client.transport.tls import Trust
    from sojourn.driver import drive

    transport = HttpxTransport(Trust(), Proxies(None, trust_env=False))
    env = BlockingEnv(transport, clock=lambda: now[0])
    provider = auth.endpoints.provider
    assert drive(provider.verified(env, KEY.sign({"a": 1}, typ="JWT"), algs=["ES256"])).claims
    assert bent.jwks_calls == 1
    stranger = OTHER.sign({"a": 1}, typ="JWT")
    for _ in range(3):
        with pytest.raises(errors.UnknownKey):
            drive(provider.verified(env, stranger, algs=["ES256"]))
    assert bent.jwks_calls == 2
    bent.keys = [OTHER]
    now[0] += 60_000
    assert drive(provider.verified(env, stranger, algs=["ES256"])).claims == {"a": 1}
    assert bent.jwks_calls == 3
    transport.close()
