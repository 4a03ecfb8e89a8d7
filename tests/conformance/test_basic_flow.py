"""The Basic plan: the flow itself, its variants, and what may not come of a wrong request."""

from __future__ import annotations

import json
import re

import httpx2
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError

from sojourn.errors import InvalidRequest
from tests.conformance.browser import Browser, Landing, Page
from tests.conformance.relying_party import RelyingParty, base64url
from tests.conformance.setting import CALLBACK, Provider


def test_oidcc_server(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana)
    assert browser.asked == ["sign-in", "consent"]
    assert tokens.members["scope"] == "openid"
    assert re.fullmatch(r"[\x20-\x7e]+", tokens.access)
    assert tokens.claims["iat"] == provider.clock.now() // 1000
    assert tokens.claims["exp"] > tokens.claims["iat"]
    assert tokens.claims["auth_time"] == provider.clock.now() // 1000
    assert rp.claims(tokens) == {"sub": tokens.claims["sub"]}
    other = provider.relying_party(pkce=False)
    second = other.login(provider.browser(), provider.diana, nonce="n" * 43)
    assert second.claims["aud"] == other.client.client_id
    assert second.access != tokens.access


def test_oidcc_response_type_missing(provider: Provider, rp: RelyingParty, browser: Browser):
    sent, where = rp.start(browser, response_type=None)
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error in ("invalid_request", "unsupported_response_type")
    assert browser.asked == []


def test_oidcc_idtoken_signature(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana)
    assert tokens.header["alg"] == "RS256"
    keys = rp.keys()
    assert tokens.header["kid"] in [key.kid for key in keys.keys]
    head, _, signature = tokens.id_token.split(".")
    body = base64url(json.dumps(tokens.claims | {"sub": "mallory"}).encode())
    with pytest.raises(BadSignatureError):
        jwt.decode(f"{head}.{body}.{signature}", keys, algorithms=["RS256"])


def test_oidcc_idtoken_unsigned(provider: Provider, rp: RelyingParty):
    """`none` is neither offered nor taken at registration, so there is no client that could get one."""
    assert "none" not in rp.metadata["id_token_signing_alg_values_supported"]
    with pytest.raises(InvalidRequest, match="id_token_signed_response_alg"):
        provider.relying_party(id_token_signed_response_alg="none")


def test_oidcc_userinfo_get(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana, scope="openid profile")
    assert rp.claims(tokens)["name"] == "Diana Krall"


def test_oidcc_userinfo_post_header(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana)
    headers = {"authorization": f"Bearer {tokens.access}"}
    response = rp.http.post(rp.metadata["userinfo_endpoint"], headers=headers)
    assert response.status_code == 200
    assert response.json() == {"sub": tokens.claims["sub"]}


def test_oidcc_userinfo_post_body(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana)
    data = {"access_token": tokens.access}
    response = rp.http.post(rp.metadata["userinfo_endpoint"], data=data)
    assert response.status_code == 200
    assert response.json() == {"sub": tokens.claims["sub"]}


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    """With PKCE in the nonce's place: one of the two guards every code."""
    tokens = rp.login(browser, provider.diana, pkce=True, nonce=None)
    assert "nonce" not in tokens.claims


def test_oidcc_alternate_happy_flow(provider: Provider, rp: RelyingParty, browser: Browser):
    sent = rp.request(scope="phone address email profile openid")
    backwards = dict(reversed(sent.parameters.items()))
    url = str(httpx2.URL(rp.metadata["authorization_endpoint"], params=backwards))
    landing = rp.landed(sent, browser.finish(browser.open(url), provider.diana))
    tokens = rp.redeemed(landing, sent)
    assert set(tokens.members["scope"].split()) == {
        "openid",
        "profile",
        "email",
        "address",
        "phone",
    }
    assert rp.claims(tokens)["phone_number"] == "+1 250 555 0100"


def test_oidcc_display_page(provider: Provider, rp: RelyingParty, browser: Browser):
    rp.login(browser, provider.diana, display="page")
    assert browser.asked[0] == "sign-in"


def test_oidcc_display_popup(provider: Provider, rp: RelyingParty, browser: Browser):
    rp.login(browser, provider.diana, display="popup")
    assert browser.asked[0] == "sign-in"


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    rp.login(browser, provider.diana, extra="foobar")


def test_oidcc_ensure_registered_redirect_uri(rp: RelyingParty, browser: Browser):
    _, where = rp.start(browser, redirect_uri="https://rp.example/somewhere-else")
    assert isinstance(where, Page)
    assert where.status == 400
    assert "redirect_uri" in where.html
    assert "somewhere-else" not in where.html
    assert not where.forms


def test_oidcc_ensure_post_request_succeeds(provider: Provider, rp: RelyingParty, browser: Browser):
    sent = rp.request()
    where = browser.post_from_elsewhere(rp.metadata["authorization_endpoint"], sent.parameters)
    landing = rp.landed(sent, browser.finish(where, provider.diana))
    rp.redeemed(landing, sent)


def test_oidcc_server_client_secret_post(provider: Provider, browser: Browser):
    rp = provider.relying_party(pkce=False, token_endpoint_auth_method="client_secret_post")
    assert "client_secret_post" in rp.metadata["token_endpoint_auth_methods_supported"]
    tokens = rp.login(browser, provider.diana)
    assert rp.claims(tokens)["sub"] == tokens.claims["sub"]


def unsigned(rp: RelyingParty, **claims: str) -> str:
    """An unsigned request object."""
    said = rp.request().parameters | {"iss": rp.client.client_id, "aud": rp.issuer} | claims
    head, body = (base64url(json.dumps(part).encode()) for part in ({"alg": "none"}, said))
    return f"{head}.{body}."


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    rp: RelyingParty, browser: Browser
):
    assert rp.metadata["request_uri_parameter_supported"] is False
    sent, where = rp.start(browser, request_uri="https://rp.example/request.jwt")
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "request_uri_not_supported"


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    rp: RelyingParty, browser: Browser
):
    assert rp.metadata["request_parameter_supported"] is False
    sent, where = rp.start(browser, request=unsigned(rp))
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "request_not_supported"


def test_oidcc_ensure_request_object_with_redirect_uri(rp: RelyingParty, browser: Browser):
    inside = unsigned(rp, redirect_uri=CALLBACK)
    _, where = rp.start(browser, request=inside, redirect_uri="https://rp.example/outside")
    assert isinstance(where, Page)
    assert where.status == 400
    assert "redirect_uri" in where.html


def test_oidcc_ensure_request_with_valid_pkce_succeeds(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    sent, landing = rp.ask(browser, provider.diana, pkce=True)
    wrong = rp.redeem(landing.parameters["code"], sent, code_verifier="w" * 43)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    rp.redeemed(landing, sent)
