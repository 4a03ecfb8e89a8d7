"""The Basic plan: who is signed in, since when, and what a client may ask about that."""

from __future__ import annotations

from tests.conformance.browser import Browser, Landing, Page
from tests.conformance.relying_party import RelyingParty, Tokens
from tests.conformance.setting import Provider


def silent(rp: RelyingParty, browser: Browser, **parameters: str | None) -> Tokens:
    """Authorize without a page: the provider must answer at once."""
    sent, where = rp.start(browser, pkce=None, **parameters)
    assert isinstance(where, Landing), where
    return rp.redeemed(rp.landed(sent, where), sent)


def same(first: Tokens, second: Tokens) -> bool:
    return [first.claims[name] for name in ("sub", "auth_time")] == [
        second.claims[name] for name in ("sub", "auth_time")
    ]


def test_oidcc_prompt_login(provider: Provider, rp: RelyingParty, browser: Browser):
    first = rp.login(browser, provider.diana)
    browser.asked.clear()
    provider.clock.advance(seconds=1)
    second = rp.login(browser, provider.diana, prompt="login")
    assert browser.asked == ["sign-in"]
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert second.claims["sub"] == first.claims["sub"]


def test_oidcc_prompt_none_not_logged_in(rp: RelyingParty, browser: Browser):
    sent, where = rp.start(browser, prompt="none")
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "login_required"


def test_oidcc_prompt_none_logged_in(provider: Provider, rp: RelyingParty, browser: Browser):
    first = rp.login(browser, provider.diana)
    provider.clock.advance(seconds=5)
    assert same(first, silent(rp, browser, prompt="none"))


def test_oidcc_max_age_1(provider: Provider, rp: RelyingParty, browser: Browser):
    first = rp.login(browser, provider.diana)
    browser.asked.clear()
    provider.clock.advance(seconds=2)
    second = rp.login(browser, provider.diana, max_age="1")
    assert browser.asked == ["sign-in"]
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert second.claims["auth_time"] == provider.clock.now() // 1000


def test_oidcc_max_age_10000(provider: Provider, rp: RelyingParty, browser: Browser):
    first = rp.login(browser, provider.diana, max_age="15000")
    provider.clock.advance(seconds=30)
    assert same(first, silent(rp, browser, max_age="10000"))


def test_oidcc_id_token_hint(provider: Provider, rp: RelyingParty, browser: Browser):
    first = rp.login(browser, provider.diana)
    provider.clock.advance(seconds=400)
    assert same(first, silent(rp, browser, prompt="none", id_token_hint=first.id_token))


def test_oidcc_login_hint(provider: Provider, rp: RelyingParty, browser: Browser):
    sent, where = rp.start(browser, login_hint="diana")
    assert isinstance(where, Page)
    assert where.form.fields["login"] == "diana"
    landing = rp.landed(sent, browser.finish(where, provider.diana))
    rp.redeemed(landing, sent)
    rp.login(provider.browser(), provider.diana, login_hint="buffy@rp.example")


def test_oidcc_ui_locales(provider: Provider, rp: RelyingParty, browser: Browser):
    sent, where = rp.start(browser, ui_locales="se fr-CA")
    assert isinstance(where, Page)
    assert where.language == "fr"
    again = browser.sign_in(where, provider.diana)
    assert isinstance(again, Page)
    assert (again.kind, again.language) == ("consent", "fr")
    landing = rp.landed(sent, browser.finish(again, provider.diana))
    rp.redeemed(landing, sent)


def test_oidcc_ensure_request_with_acr_values_succeeds(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    offered = rp.metadata["acr_values_supported"]
    tokens = rp.login(browser, provider.diana, acr_values=" ".join(offered))
    assert tokens.claims["acr"] in offered
    rp.login(browser, provider.diana, acr_values="1 2")
