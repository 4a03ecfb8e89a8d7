"""Combinations of `prompt`, `max_age` and hints, and requests that are too large to keep."""

from __future__ import annotations

import json

import pytest

from tests.conformance.browser import Browser, Landing, Page
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider


@pytest.mark.parametrize(
    ("prompt", "asked"),
    [
        ("login consent", ["sign-in", "consent"]),
        ("consent", ["consent"]),
        ("select_account", ["choose-account"]),
        ("select_account consent", ["choose-account", "consent"]),
        ("select_account login", ["choose-account", "sign-in"]),
        ("login consent select_account", ["choose-account", "sign-in", "consent"]),
    ],
)
def test_each_prompt_is_asked_once(
    provider: Provider, rp: RelyingParty, browser: Browser, prompt: str, asked: list[str]
):
    rp.login(browser, provider.diana)
    browser.asked.clear()
    rp.login(browser, provider.diana, prompt=prompt)
    assert browser.asked == asked


def test_max_age_0_always_asks(provider: Provider, rp: RelyingParty, browser: Browser):
    rp.login(browser, provider.diana)
    browser.asked.clear()
    rp.login(browser, provider.diana, max_age="0")
    assert browser.asked == ["sign-in"]


def test_max_age_without_pages_is_login_required(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    rp.login(browser, provider.diana)
    provider.clock.advance(seconds=10)
    sent, where = rp.start(browser, prompt="none", max_age="10")
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "login_required"


def test_a_client_s_default_max_age_counts_and_a_request_overrules_it(
    provider: Provider, browser: Browser
):
    rp = provider.relying_party(default_max_age=60)
    rp.login(browser, provider.diana)
    provider.clock.advance(seconds=60)
    browser.asked.clear()
    rp.login(browser, provider.diana, max_age="120")
    assert browser.asked == []
    rp.login(browser, provider.diana)
    assert browser.asked == ["sign-in"]


def test_a_demanded_sub_is_somebody_s_or_nobody_s(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    first = rp.login(browser, provider.diana)
    mine = json.dumps({"id_token": {"sub": {"value": first.claims["sub"]}}})
    rp.login(browser, provider.diana, claims=mine)
    theirs = json.dumps({"id_token": {"sub": {"value": "somebody"}}})
    sent, where = rp.start(browser, prompt="none", claims=theirs)
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "login_required"


def test_a_code_says_when_the_person_last_proved_themselves_for_it(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    first = rp.login(browser, provider.diana, scope="openid offline_access")
    provider.clock.advance(seconds=100)
    second = rp.login(browser, provider.diana, prompt="login")
    assert second.claims["auth_time"] == first.claims["auth_time"] + 100
    assert rp.checked(rp.refresh(first.refresh)).claims["auth_time"] == first.claims["auth_time"]


def test_a_request_too_large_to_keep_goes_back_to_the_client(rp: RelyingParty, browser: Browser):
    sent = rp.request(state="s" * 2000, nonce="n" * 2000)
    where = browser.open(rp.url(sent))
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "invalid_request"
    posted = browser.post_from_elsewhere(rp.metadata["authorization_endpoint"], sent.parameters)
    assert isinstance(posted, Landing)
    assert rp.landed(sent, posted).error == "invalid_request"


def test_a_request_with_much_to_say_goes_through_the_pages(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    """An ID token, a long state and a long nonce, as the conformance suite sends them."""
    hint = rp.login(provider.browser(), provider.diana).id_token
    tokens = rp.login(browser, provider.diana, state="s" * 384, nonce="n" * 384, id_token_hint=hint)
    assert tokens.claims["nonce"] == "n" * 384


def test_a_page_that_is_opened_twice_still_gives_one_answer(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    sent, where = rp.start(browser)
    assert isinstance(where, Page)
    second = browser.open(where.url)
    assert isinstance(second, Page)
    landing = rp.landed(sent, browser.finish(second, provider.diana))
    rp.redeemed(landing, sent)
    late = browser.sign_in(where, provider.diana)
    assert isinstance(late, Page)
    assert 400 <= late.status < 500


def demand(**member: object) -> str:
    return json.dumps({"id_token": {"acr": member}})


def test_an_essential_acr_that_nobody_can_have_is_refused(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    """OpenID Connect Core §5.5.1.1."""
    (offered,) = rp.metadata["acr_values_supported"]
    for member in ({"value": "urn:other"}, {"values": ["urn:other", "urn:more"]}):
        sent, where = rp.start(browser, claims=demand(essential=True, **member))
        assert isinstance(where, Landing)
        assert rp.landed(sent, where).error == "unmet_authentication_requirements"
        tokens = rp.login(browser, provider.diana, claims=demand(**member))
        assert tokens.claims["acr"] == offered
    rp.login(browser, provider.diana, claims=demand(essential=True, values=["urn:other", offered]))
    rp.login(browser, provider.diana, claims=demand(essential=True))
