"""How clients prove themselves at the token endpoint."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests.conformance.browser import Browser
from tests.conformance.relying_party import ASSERTION, RelyingParty, refused
from tests.conformance.setting import Provider

SERVICE: dict[str, Any] = {
    "grant_types": ("client_credentials",),
    "redirect_uris": (),
    "post_logout_redirect_uris": (),
    "scope": ("reports",),
}


@pytest.fixture
def keyed(provider: Provider) -> RelyingParty:
    return provider.relying_party(token_endpoint_auth_method="private_key_jwt", **SERVICE)


@pytest.fixture
def service(provider: Provider) -> RelyingParty:
    return provider.relying_party(**SERVICE)


def ask(rp: RelyingParty, **fields: str) -> Any:
    """A token request with nothing but what `fields` say about the client."""
    said = {"grant_type": "client_credentials"} | fields
    return rp.http.post(rp.metadata["token_endpoint"], data=said)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_wrong_secret_is_refused(provider: Provider, method: str):
    rp = provider.relying_party(token_endpoint_auth_method=method, **SERVICE)
    rp.checked(rp.token(grant_type="client_credentials"))
    rp.secret += "x"
    response = rp.token(grant_type="client_credentials")
    assert refused(response, "invalid_client", 401)
    challenged = response.headers.get("www-authenticate", "").startswith("Basic ")
    assert challenged == (method == "client_secret_basic")


def test_an_unknown_client_is_told_what_a_wrong_secret_is_told(service: RelyingParty):
    known = ask(service, client_id=service.client.client_id, client_secret="x")
    unknown = ask(service, client_id="nobody", client_secret="x")
    assert refused(unknown, "invalid_client", 401)
    assert known.content == unknown.content


def test_a_client_uses_the_one_method_it_registered(service: RelyingParty):
    response = ask(service, client_id=service.client.client_id, client_secret=service.secret)
    assert refused(response, "invalid_client", 401)
    assert refused(ask(service, client_id=service.client.client_id), "invalid_client", 401)
    assert refused(ask(service), "invalid_client", 401)


def test_two_ways_at_once_are_refused(service: RelyingParty):
    response = service.token(grant_type="client_credentials", client_secret=service.secret)
    assert refused(response, "invalid_request")


def test_an_assertion_is_good_once(keyed: RelyingParty):
    once = keyed.assertion()
    keyed.checked(ask(keyed, **once))
    assert refused(ask(keyed, **once), "invalid_client", 401)
    keyed.checked(ask(keyed, **keyed.assertion()))


@pytest.mark.parametrize("aud", ["issuer", "token_endpoint"])
def test_an_assertion_is_for_the_issuer_or_the_token_endpoint(keyed: RelyingParty, aud: str):
    keyed.checked(ask(keyed, **keyed.assertion(aud=keyed.metadata[aud])))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://op.example"},
        {"aud": ["https://op.example", "https://rp.example"]},
        {"iss": "somebody"},
        {"exp": 1},
        {"exp": None},
        {"exp": 1_800_000_000 + 30 * 86_400},
        {"nbf": 1_800_000_000 + 86_400},
        {"jti": None},
        {"sub": "client-0"},
    ],
    ids=str,
)
def test_a_wrong_assertion_is_refused(keyed: RelyingParty, claims: dict[str, Any]):
    assert refused(ask(keyed, **keyed.assertion(**claims)), "invalid_client", 401)
    keyed.checked(keyed.token(grant_type="client_credentials"))


def test_an_assertion_of_another_key_or_algorithm_is_refused(keyed: RelyingParty):
    assert keyed.key is not None
    good = jwt.decode(keyed.assertion()["client_assertion"], keyed.key, algorithms=["ES256"])
    forged = [
        jwt.encode({"alg": "ES256"}, good.claims, ECKey.generate_key("P-256")),
        jwt.encode({"alg": "HS256"}, good.claims, OctKey.import_key(b"k" * 32)),
        "e30.e30.e30",
        "nonsense",
    ]
    for text in forged:
        response = ask(keyed, client_assertion_type=ASSERTION, client_assertion=text)
        assert refused(response, "invalid_client", 401)


def test_a_client_with_a_key_is_not_rotated(provider: Provider, browser: Browser):
    rp = provider.relying_party(token_endpoint_auth_method="private_key_jwt")
    tokens = rp.login(browser, provider.diana, scope="openid offline_access")
    for _ in range(3):
        assert rp.checked(rp.refresh(tokens.refresh)).refresh == tokens.refresh


def test_a_public_client_with_pkce_gets_tokens(provider: Provider, browser: Browser):
    rp = provider.relying_party(token_endpoint_auth_method="none")
    assert rp.secret == ""
    tokens = rp.login(browser, provider.diana, scope="openid profile")
    assert rp.claims(tokens)["name"] == "Diana Krall"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unauthorized_client"),
    ],
)
def test_a_grant_type_is_one_that_server_and_client_have(
    service: RelyingParty, fields: dict[str, str], code: str
):
    assert refused(service.token(**fields), code)
