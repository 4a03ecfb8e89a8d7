"""The Basic plan: codes that come twice, and refresh tokens."""

from __future__ import annotations

import re

from tests.conformance.browser import Browser
from tests.conformance.relying_party import RelyingParty, Tokens
from tests.conformance.setting import Provider


def reuse(provider: Provider, rp: RelyingParty, browser: Browser, *, seconds: int) -> None:
    """A code that comes again is refused, and what it gave the first time is dead (RFC 6749 §4.1.2)."""
    sent, landing = rp.ask(browser, provider.diana, scope="openid offline_access")
    tokens = rp.redeemed(landing, sent)
    assert rp.userinfo(tokens.access).status_code == 200
    provider.clock.advance(seconds=seconds)
    again = rp.redeem(landing.parameters["code"], sent)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert rp.userinfo(tokens.access).status_code == 401
    assert rp.refresh(tokens.refresh).json()["error"] == "invalid_grant"


def test_oidcc_codereuse(provider: Provider, rp: RelyingParty, browser: Browser):
    reuse(provider, rp, browser, seconds=0)


def test_oidcc_codereuse_30seconds(provider: Provider, rp: RelyingParty, browser: Browser):
    reuse(provider, rp, browser, seconds=30)


def refreshed(provider: Provider, rp: RelyingParty) -> Tokens:
    """Sign in for offline access and refresh once; returns the second tokens."""
    browser = provider.browser()
    first = rp.login(browser, provider.diana, scope="openid offline_access", prompt="consent")
    assert "consent" in browser.asked
    assert re.fullmatch(r"[\x20-\x7e]{22,}", first.refresh)
    provider.clock.advance(seconds=1)
    second = rp.checked(rp.refresh(first.refresh))
    assert second.access != first.access
    for name in ("iss", "sub", "aud", "auth_time"):
        assert second.claims[name] == first.claims[name]
    assert second.claims["iat"] > first.claims["iat"]
    assert second.claims.get("nonce") in (None, first.claims["nonce"])
    assert rp.claims(second)["sub"] == first.claims["sub"]
    return second


def test_oidcc_refresh_token(provider: Provider, rp: RelyingParty):
    assert "refresh_token" in rp.metadata["grant_types_supported"]
    refreshed(provider, rp)
    other = provider.relying_party(pkce=False)
    theirs = refreshed(provider, other)
    stolen = rp.refresh(theirs.refresh)
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    other.checked(other.refresh(theirs.refresh))
