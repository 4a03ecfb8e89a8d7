"""Signing out: from the provider's own page, and by an application's request (RP-Initiated Logout 1.0)."""

from __future__ import annotations

from tests.conformance.browser import Browser, Landing, Page
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import AFTER_LOGOUT, Provider


def signed_in(rp: RelyingParty, browser: Browser) -> bool:
    _, where = rp.start(browser, prompt="none")
    assert isinstance(where, Landing)
    return where.error == ""


def test_the_page_asks_and_staying_changes_nothing(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    rp.login(browser, provider.diana)
    page = browser.open(f"{provider.issuer}/sign-out")
    assert isinstance(page, Page)
    browser.submit(page, button=("decision", "stay"))
    assert signed_in(rp, browser)
    done = browser.submit(page, button=("decision", "sign_out"))
    assert isinstance(done, Page)
    assert done.kind == "nothing"
    assert not signed_in(rp, browser)
    again = browser.open(f"{provider.issuer}/sign-out")
    assert isinstance(again, Page)
    assert again.kind == "nothing"


def test_an_old_hint_asks_whoever_signed_in_again(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    old = rp.login(browser, provider.diana)
    rp.log_out(browser, id_token_hint=old.id_token)
    rp.login(browser, provider.diana)
    where = rp.log_out(browser, id_token_hint=old.id_token, post_logout_redirect_uri=AFTER_LOGOUT)
    assert isinstance(where, Page)
    assert where.kind == "sign-out"
    assert signed_in(rp, browser)
    browser.submit(where, button=("decision", "sign_out"))
    assert not signed_in(rp, browser)


def test_an_expired_hint_is_a_hint(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana)
    provider.clock.advance(seconds=3000)
    where = rp.log_out(
        browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=AFTER_LOGOUT
    )
    assert where == Landing(AFTER_LOGOUT, {})
    assert not signed_in(rp, browser)


def test_with_nobody_signed_in_the_browser_goes_back_at_once(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    tokens = rp.login(browser, provider.diana)
    elsewhere = provider.browser()
    where = rp.log_out(
        elsewhere, id_token_hint=tokens.id_token, post_logout_redirect_uri=AFTER_LOGOUT
    )
    assert where == Landing(AFTER_LOGOUT, {})
    assert rp.userinfo(tokens.access).status_code == 200


def test_a_hint_of_another_client_is_refused(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    tokens = rp.login(browser, provider.diana)
    other = provider.relying_party()
    where = other.log_out(browser, id_token_hint=tokens.id_token, client_id=other.client.client_id)
    assert isinstance(where, Page)
    assert where.status == 400
    assert signed_in(rp, browser)


def test_the_pages_speak_the_language_asked_for(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    tokens = rp.login(browser, provider.diana)
    asks = rp.log_out(browser, ui_locales="de")
    done = rp.log_out(browser, id_token_hint=tokens.id_token, ui_locales="fr")
    assert isinstance(asks, Page)
    assert isinstance(done, Page)
    assert (asks.language, done.language) == ("de", "fr")


def test_cookies_of_a_finished_sign_in_are_dead_when_they_come_back(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    tokens = rp.login(browser, provider.diana)
    stolen = browser.cookies
    rp.log_out(browser, id_token_hint=tokens.id_token)
    thief = provider.browser()
    for name, value in stolen.items():
        thief.http.cookies.set(name, value, domain="127.0.0.1")
    assert not signed_in(rp, thief)
