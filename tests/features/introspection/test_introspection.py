"""Introspection: who is told what about which token."""

from __future__ import annotations

from typing import Any

import pytest

from sojourn.model.resource import Resource
from tests.conformance.browser import Browser
from tests.conformance.relying_party import RelyingParty, Tokens, refused
from tests.conformance.setting import Provider

OPAQUE = "https://api.example/opaque"
SIGNED = "https://api.example/signed"
INACTIVE: dict[str, Any] = {"active": False}


def introspecting(provider: Provider) -> RelyingParty:
    return provider.relying_party(
        grant_types=("client_credentials",), redirect_uris=(), post_logout_redirect_uris=()
    )


@pytest.fixture
def api(provider: Provider) -> RelyingParty:
    """The client with which both resources introspect."""
    party = introspecting(provider)
    for identifier, kind in ((OPAQUE, "opaque"), (SIGNED, "jwt")):
        provider.server.add_resource(
            Resource(identifier=identifier, token_format=kind, client_id=party.client.client_id)
        )
    return party


def asking(provider: Provider) -> RelyingParty:
    return provider.relying_party(resources=(OPAQUE, SIGNED))


def login(provider: Provider, rp: RelyingParty, resource: str | None = None) -> Tokens:
    return rp.login(provider.browser(), provider.diana, scope="openid profile", resource=resource)


def test_a_client_sees_its_own_tokens(provider: Provider, rp: RelyingParty):
    tokens = login(provider, rp)
    now = provider.clock.now() // 1000
    said = rp.introspect(tokens.access)
    assert said == {
        "active": True,
        "iss": provider.issuer,
        "sub": tokens.claims["sub"],
        "client_id": rp.client.client_id,
        "username": "diana",
        "scope": "openid profile",
        "token_type": "Bearer",
        "iat": now,
        "exp": now + tokens.members["expires_in"],
        "auth_time": tokens.claims["auth_time"],
        "acr": tokens.claims["acr"],
    }
    refresh = rp.introspect(tokens.refresh)
    assert refresh["active"] is True
    assert "token_type" not in refresh


@pytest.mark.parametrize("resource", [OPAQUE, SIGNED])
def test_a_resource_sees_the_tokens_meant_for_it_and_no_others(
    provider: Provider, api: RelyingParty, resource: str
):
    rp = asking(provider)
    tokens = login(provider, rp, resource)
    said = api.introspect(tokens.access)
    assert (said["active"], said["aud"]) == (True, resource)
    assert api.introspect(tokens.refresh) == INACTIVE
    assert api.introspect(login(provider, rp).access) == INACTIVE


def test_anybody_else_is_told_nothing(provider: Provider, api: RelyingParty):
    rp = asking(provider)
    tokens = login(provider, rp, OPAQUE)
    other = introspecting(provider)
    for text in (tokens.access, tokens.refresh, tokens.id_token, "nonsense", "sj_a_nonsense"):
        assert other.introspect(text) == INACTIVE


def test_a_wrong_hint_does_no_harm(provider: Provider, rp: RelyingParty):
    tokens = login(provider, rp)
    assert rp.introspect(tokens.access, token_type_hint="refresh_token")["active"]
    assert rp.introspect(tokens.refresh, token_type_hint="access_token")["active"]


def test_codes_and_id_tokens_are_not_introspected(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    sent, landing = rp.ask(browser, provider.diana)
    assert rp.introspect(landing.parameters["code"]) == INACTIVE
    assert rp.introspect(rp.redeemed(landing, sent).id_token) == INACTIVE


@pytest.mark.parametrize("resource", [None, SIGNED])
def test_an_ended_sign_in_is_seen_at_once(
    provider: Provider, api: RelyingParty, browser: Browser, resource: str | None
):
    rp = asking(provider)
    tokens = rp.login(browser, provider.diana, resource=resource)
    assert rp.introspect(tokens.access)["active"]
    rp.log_out(browser, id_token_hint=tokens.id_token)
    assert rp.introspect(tokens.access) == INACTIVE


@pytest.mark.parametrize("resource", [None, SIGNED])
def test_an_expired_token_is_inactive(provider: Provider, api: RelyingParty, resource: str | None):
    rp = asking(provider)
    tokens = login(provider, rp, resource)
    provider.clock.advance(seconds=tokens.members["expires_in"])
    assert rp.introspect(tokens.access) == INACTIVE


def test_introspection_needs_a_client_that_proves_itself(provider: Provider, rp: RelyingParty):
    """RFC 7662 §2.1."""
    public = provider.relying_party(token_endpoint_auth_method="none")
    assert refused(public.call("introspection_endpoint", token="x"), "invalid_client", 401)
    anonymous = rp.http.post(rp.metadata["introspection_endpoint"], data={"token": "x"})
    assert refused(anonymous, "invalid_client", 401)
    assert refused(rp.call("introspection_endpoint"), "invalid_request")
