"""Wrong authorization requests: a page where there is no checked place to go, else an answer."""

from __future__ import annotations

import json

import pytest

from sojourn.errors import InvalidRequest
from tests.conformance.browser import Browser, Landing, Page
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import CALLBACK, Provider

PLAIN = "p" * 43


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"redirect_uri": None},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": f"{CALLBACK}?a=b"},
        {"redirect_uri": f"{CALLBACK}#fragment"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "https://rp.example.evil.example/callback"},
        {"redirect_uri": "https://rp.example@evil.example/callback"},
    ],
    ids=str,
)
def test_without_a_checked_place_to_go_the_error_is_a_page(
    rp: RelyingParty, browser: Browser, wrong: dict[str, str | None]
):
    _, where = rp.start(browser, pkce=None, **wrong)
    assert isinstance(where, Page)
    assert 400 <= where.status < 500
    assert not where.forms
    assert "evil.example" not in where.html


def test_a_parameter_that_comes_twice_is_a_page(rp: RelyingParty, browser: Browser):
    for name in ("redirect_uri", "state", "client_id", "unknown"):
        where = browser.open(f"{rp.url(rp.request())}&{name}=x&{name}=y")
        assert isinstance(where, Page)
        assert where.status == 400


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "unknown"}, "invalid_scope"),
        ({"scope": 'open"id'}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": PLAIN, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": json.dumps({"userinfo": ["name"]})}, "invalid_request"),
        ({"id_token_hint": "nonsense"}, "invalid_request"),
        ({"resource": "https://api.example"}, "invalid_target"),
        ({"state": "s" * 2001}, "invalid_request"),
        ({"nonce": "n" * 2001}, "invalid_request"),
    ],
    ids=str,
)
def test_with_a_checked_place_to_go_the_error_goes_there(
    rp: RelyingParty, browser: Browser, wrong: dict[str, str | None], error: str
):
    sent, where = rp.start(browser, pkce=None, **wrong)
    assert isinstance(where, Landing), where
    assert rp.landed(sent, where).error == error
    assert where.parameters["error_description"]


def test_an_id_token_of_another_client_is_no_hint(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    theirs = provider.relying_party().login(browser, provider.diana)
    sent, where = rp.start(browser, prompt="none", id_token_hint=theirs.id_token)
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "invalid_request"


def test_scopes_of_other_clients_are_left_out(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    tokens = rp.login(browser, provider.diana, scope="openid users:write email whatever")
    assert tokens.members["scope"] == "openid email"


def test_without_pkce_a_client_that_was_let_off_sends_a_nonce(provider: Provider, browser: Browser):
    rp = provider.relying_party(pkce=False)
    sent, where = rp.start(browser, nonce=None)
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "invalid_request"
    with pytest.raises(InvalidRequest, match="PKCE"):
        provider.relying_party(pkce=False, token_endpoint_auth_method="none")


def test_a_loopback_redirect_may_have_any_port(provider: Provider, browser: Browser):
    """RFC 8252 §7.3."""
    rp = provider.relying_party(
        token_endpoint_auth_method="none", redirect_uris=("http://127.0.0.1/callback",)
    )
    rp.login(browser, provider.diana, redirect_uri="http://127.0.0.1:50123/callback")
    _, where = rp.start(browser, redirect_uri="http://127.0.0.1:50123/other")
    assert isinstance(where, Page)


def test_a_disabled_client_gets_a_page(provider: Provider, browser: Browser):
    rp = provider.relying_party(status="disabled")
    _, where = rp.start(browser)
    assert isinstance(where, Page)
    assert 400 <= where.status < 500
