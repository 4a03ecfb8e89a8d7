"""Revocation: what ends with what, and whose tokens nobody else can end."""

from __future__ import annotations

import pytest

from sojourn.model.resource import Resource
from tests.conformance.browser import Browser
from tests.conformance.relying_party import RelyingParty, Tokens, refused
from tests.conformance.setting import Provider

SIGNED = "https://api.example/signed"


def login(provider: Provider, rp: RelyingParty, resource: str | None = None) -> Tokens:
    scope = "openid offline_access"
    return rp.login(provider.browser(), provider.diana, scope=scope, resource=resource)


def active(rp: RelyingParty, *texts: str) -> list[bool]:
    return [rp.introspect(text)["active"] for text in texts]


def test_revoking_an_access_token_ends_that_token(provider: Provider, rp: RelyingParty):
    tokens = login(provider, rp)
    response = rp.revoke(tokens.access)
    assert (response.status_code, response.json()) == (200, {})
    assert rp.userinfo(tokens.access).status_code == 401
    fresh = rp.checked(rp.refresh(tokens.refresh))
    assert active(rp, tokens.access, fresh.access) == [False, True]


def test_revoking_a_refresh_token_ends_its_grant(provider: Provider, rp: RelyingParty):
    tokens = login(provider, rp)
    other = login(provider, rp)
    fresh = rp.checked(rp.refresh(tokens.refresh))
    assert rp.revoke(fresh.refresh).status_code == 200
    assert active(rp, tokens.access, fresh.access, fresh.refresh) == [False] * 3
    assert refused(rp.refresh(fresh.refresh), "invalid_grant")
    assert active(rp, other.access, other.refresh) == [True, True]


def test_revoking_an_older_refresh_token_ends_the_grant_too(provider: Provider, rp: RelyingParty):
    tokens = login(provider, rp)
    fresh = rp.checked(rp.refresh(tokens.refresh))
    again = rp.checked(rp.refresh(fresh.refresh))
    assert rp.revoke(tokens.refresh).status_code == 200
    assert active(rp, again.access, again.refresh) == [False, False]


def test_another_client_s_token_stays(provider: Provider, rp: RelyingParty):
    """RFC 7009 §2.1."""
    tokens = login(provider, rp)
    other = provider.relying_party()
    for text in (tokens.access, tokens.refresh):
        assert other.revoke(text).status_code == 400
    assert active(rp, tokens.access, tokens.refresh) == [True, True]


@pytest.mark.parametrize("text", ["nonsense", "sj_a_nonsense", "sj_r_nonsense", "e30.e30.e30"])
def test_a_token_that_is_not_there_counts_as_revoked(rp: RelyingParty, text: str):
    """RFC 7009 §2.2."""
    assert rp.revoke(text).status_code == 200


def test_revoking_twice_is_no_error(provider: Provider, rp: RelyingParty):
    tokens = login(provider, rp)
    for text in (tokens.access, tokens.access, tokens.refresh, tokens.refresh):
        assert rp.revoke(text, token_type_hint="access_token").status_code == 200


def test_revoking_a_jwt_says_until_when_it_may_still_be_accepted(provider: Provider):
    provider.server.add_resource(Resource(identifier=SIGNED, token_format="jwt"))
    rp = provider.relying_party(resources=(SIGNED,))
    first, second = login(provider, rp, SIGNED), login(provider, rp, SIGNED)
    response = rp.revoke(first.access)
    until = provider.clock.now() // 1000 + first.members["expires_in"]
    assert (response.status_code, response.json()) == (200, {"accepted_offline_until": until})
    assert active(rp, first.access, second.access) == [False, True]
    assert rp.revoke(first.access).status_code == 200
    rp.checked(rp.refresh(first.refresh))


def test_a_public_client_may_revoke_its_own(provider: Provider, browser: Browser):
    rp = provider.relying_party(token_endpoint_auth_method="none")
    tokens = rp.login(browser, provider.diana)
    assert rp.revoke(tokens.access).status_code == 200
    assert rp.userinfo(tokens.access).status_code == 401


def test_revocation_needs_a_token_and_a_client(rp: RelyingParty):
    assert refused(rp.call("revocation_endpoint"), "invalid_request")
    anonymous = rp.http.post(rp.metadata["revocation_endpoint"], data={"token": "x"})
    assert refused(anonymous, "invalid_client", 401)
