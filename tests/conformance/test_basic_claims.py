"""The Basic plan: which claims come for which scope or request, and where."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tests.conformance.browser import Browser
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import CLAIMS, Provider

PROFILE = {
    "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username",
    "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
}  # fmt: skip
EMAIL = {"email", "email_verified"}
ADDRESS = {"address"}
PHONE = {"phone_number", "phone_number_verified"}


def check(provider: Provider, rp: RelyingParty, scope: str, names: Iterable[str]) -> None:
    """The scope's claims come from userinfo, all of them, no other, and not in the ID token (Core §5.4)."""
    tokens = rp.login(provider.browser(), provider.diana, scope=scope)
    said = rp.claims(tokens)
    assert said == {name: CLAIMS[name] for name in names} | {"sub": tokens.claims["sub"]}
    assert not set(CLAIMS) & set(tokens.claims)
    assert set(names) <= set(rp.metadata["claims_supported"])
    assert set(scope.split()) <= set(rp.metadata["scopes_supported"])


def test_oidcc_scope_profile(provider: Provider, rp: RelyingParty):
    check(provider, rp, "openid profile", PROFILE)


def test_oidcc_scope_email(provider: Provider, rp: RelyingParty):
    check(provider, rp, "openid email", EMAIL)


def test_oidcc_scope_address(provider: Provider, rp: RelyingParty):
    check(provider, rp, "openid address", ADDRESS)


def test_oidcc_scope_phone(provider: Provider, rp: RelyingParty):
    check(provider, rp, "openid phone", PHONE)


def test_oidcc_scope_all(provider: Provider, rp: RelyingParty):
    check(provider, rp, "openid email phone address profile", PROFILE | EMAIL | ADDRESS | PHONE)


def test_oidcc_claims_essential(provider: Provider, rp: RelyingParty, browser: Browser):
    asked = json.dumps({"userinfo": {"name": {"essential": True}}})
    tokens = rp.login(browser, provider.diana, claims=asked)
    assert rp.claims(tokens) == {"sub": tokens.claims["sub"], "name": "Diana Krall"}
    assert "name" not in tokens.claims
    in_token = json.dumps({"id_token": {"name": {"essential": True}}})
    tokens = rp.login(browser, provider.diana, claims=in_token)
    assert tokens.claims["name"] == "Diana Krall"
    assert "name" not in rp.claims(tokens)


def test_oidcc_claims_locales(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana, scope="openid profile", claims_locales="se")
    assert rp.claims(tokens)["name"] == "Diana Krall"
