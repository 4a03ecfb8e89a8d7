"""User information: which token gets it, and what it says."""

from __future__ import annotations

import json

import pytest

from sojourn.model.resource import Resource
from tests.conformance.browser import Browser
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider

API = "https://api.example/orders"


def test_without_a_token_there_is_a_challenge_and_no_error_code(rp: RelyingParty):
    """RFC 6750 §3.1."""
    for method in ("GET", "POST"):
        response = rp.http.request(method, rp.metadata["userinfo_endpoint"])
        assert response.status_code == 401
        challenge = response.headers["www-authenticate"]
        assert challenge.startswith("Bearer ")
        assert "error" not in challenge


@pytest.mark.parametrize("token", ["nonsense", "sj_a_nonsense", "e30.e30.e30"])
def test_a_wrong_token_is_named_invalid(rp: RelyingParty, token: str):
    response = rp.userinfo(token)
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_token"
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert token not in response.text


def test_other_tokens_are_no_access_tokens(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana)
    for text in (tokens.refresh, tokens.id_token):
        assert rp.userinfo(text).status_code == 401


def test_a_token_comes_one_way_and_never_in_the_query(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    tokens = rp.login(browser, provider.diana)
    there = rp.metadata["userinfo_endpoint"]
    headers = {"authorization": f"Bearer {tokens.access}"}
    data = {"access_token": tokens.access}
    twice = rp.http.post(there, headers=headers, data=data)
    in_query = rp.http.get(there, params=data)
    assert [twice.status_code, in_query.status_code] == [400, 400]
    assert twice.json()["error"] == in_query.json()["error"] == "invalid_request"


def test_an_expired_token_is_dead(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana)
    provider.clock.advance(seconds=tokens.members["expires_in"] - 1)
    assert rp.userinfo(tokens.access).status_code == 200
    provider.clock.advance(seconds=1)
    assert rp.userinfo(tokens.access).status_code == 401


def test_a_token_without_openid_lacks_scope(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana, scope="email")
    assert "id_token" not in tokens.members
    response = rp.userinfo(tokens.access)
    assert response.status_code == 403
    assert response.json()["error"] == "insufficient_scope"
    assert 'scope="openid"' in response.headers["www-authenticate"]


def test_a_client_s_own_token_has_no_person(provider: Provider):
    service = provider.relying_party(
        grant_types=("client_credentials",), redirect_uris=(), scope=("openid", "reports")
    )
    tokens = service.checked(service.token(grant_type="client_credentials"))
    assert service.userinfo(tokens.access).status_code == 403


def test_a_token_for_a_resource_is_not_for_userinfo(provider: Provider, browser: Browser):
    provider.server.add_resource(Resource(identifier=API))
    rp = provider.relying_party(resources=(API,))
    tokens = rp.login(browser, provider.diana, resource=API)
    assert rp.userinfo(tokens.access).status_code == 401


def test_a_claim_that_the_person_does_not_have_is_left_out(provider: Provider, browser: Browser):
    bare = provider.person("bare")
    rp = provider.relying_party()
    asked = json.dumps({"userinfo": {"name": {"essential": True}, "sub": None}})
    tokens = rp.login(browser, bare, scope="openid email phone", claims=asked)
    assert rp.claims(tokens) == {"sub": tokens.claims["sub"]}


def test_the_login_is_the_preferred_username_of_whoever_has_no_other(
    provider: Provider, browser: Browser
):
    rp = provider.relying_party()
    tokens = rp.login(browser, provider.person("plain"), scope="openid profile")
    assert rp.claims(tokens)["preferred_username"] == "plain"


def test_nobody_keeps_the_answer(provider: Provider, rp: RelyingParty, browser: Browser):
    response = rp.userinfo(rp.login(browser, provider.diana).access)
    assert "no-store" in response.headers["cache-control"]
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_person_s_profile_never_speaks_for_the_provider(provider: Provider, browser: Browser):
    names = ("iss", "sub", "aud", "exp", "auth_time", "acr", "sid", "azp", "nonce")
    forger = provider.person("forger", claims=dict.fromkeys(names, "forged") | {"name": "F"})
    asked = dict.fromkeys((*names, "name"))
    rp = provider.relying_party()
    claims = json.dumps({"userinfo": asked, "id_token": asked})
    tokens = rp.login(browser, forger, claims=claims)
    assert tokens.claims["name"] == "F"
    assert "forged" not in tokens.claims.values()
    assert rp.claims(tokens) == {"sub": tokens.claims["sub"], "name": "F"}
