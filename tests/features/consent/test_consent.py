"""Consent: when it is asked for, what is remembered, what a no means."""

from __future__ import annotations

import json

import pytest

from sojourn.model.resource import Resource
from tests.conformance.browser import Browser, Landing, Page
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider

API = "https://api.example/orders"


@pytest.fixture(scope="module", autouse=True)
def resources(served: Provider) -> None:
    served.server.add_resource(Resource(identifier=API))


def asked(rp: RelyingParty, browser: Browser, **parameters: str | None) -> bool:
    """Whether a signed-in person is asked for consent; they allow it."""
    _, where = rp.start(browser, pkce=None, **parameters)
    if isinstance(where, Landing):
        assert not where.error
        return False
    assert where.kind == "consent"
    assert isinstance(browser.submit(where, button=("decision", "allow")), Landing)
    return True


def test_consent_is_remembered_and_asked_again_for_more(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    rp.login(browser, provider.diana, scope="openid email")
    assert browser.asked == ["sign-in", "consent"]
    assert not asked(rp, browser, scope="openid email")
    assert not asked(rp, browser, scope="openid")
    assert asked(rp, browser, scope="openid profile")
    assert not asked(rp, browser, scope="openid profile email")


def test_consent_holds_in_every_browser_and_for_one_application(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    rp.login(browser, provider.diana)
    second = provider.browser()
    rp.login(second, provider.diana)
    assert second.asked == ["sign-in"]
    assert asked(provider.relying_party(), second)


def test_claims_and_resources_need_consent_too(provider: Provider, browser: Browser):
    rp = provider.relying_party(resources=(API,))
    rp.login(browser, provider.diana)
    wanted = json.dumps({"userinfo": {"email": None}})
    assert asked(rp, browser, claims=wanted)
    assert not asked(rp, browser, claims=wanted)
    assert asked(rp, browser, resource=API)
    assert not asked(rp, browser, resource=API)


def test_prompt_consent_asks_though_it_is_remembered(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    rp.login(browser, provider.diana)
    assert asked(rp, browser, prompt="consent")
    assert not asked(rp, browser)


def test_a_trusted_application_does_not_ask(provider: Provider, browser: Browser):
    rp = provider.relying_party(trusted=True)
    rp.login(browser, provider.diana, scope="openid profile email")
    assert browser.asked == ["sign-in"]


def test_a_no_is_access_denied_and_not_remembered(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    _, landing = rp.ask(browser, provider.diana, allow=False)
    assert landing.error == "access_denied"
    assert asked(rp, browser)


def test_a_no_to_more_leaves_what_was_agreed(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    rp.login(browser, provider.diana)
    _, landing = rp.ask(browser, provider.diana, allow=False, scope="openid email")
    assert landing.error == "access_denied"
    assert not asked(rp, browser)


def test_without_pages_missing_consent_is_an_error(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    provider.relying_party().login(browser, provider.diana)
    sent, where = rp.start(browser, prompt="none")
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "consent_required"


def test_the_page_says_who_asks_for_what_and_where_it_goes(provider: Provider, browser: Browser):
    rp = provider.relying_party(
        client_name="<b>Shop</b>", policy_uri="https://rp.example/privacy", resources=(API,)
    )
    _, where = rp.start(browser, scope="openid email", resource=API)
    assert isinstance(where, Page)
    page = browser.sign_in(where, provider.diana)
    assert isinstance(page, Page)
    assert page.kind == "consent"
    assert "&lt;b&gt;Shop&lt;/b&gt;" in page.html
    assert "<b>Shop" not in page.html
    assert "rp.example" in page.html
    assert API in page.html
    assert "https://rp.example/privacy" in page.links
    assert "Diana Krall" in page.html


def test_a_form_counts_for_the_account_it_was_shown_for(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    zoe = provider.person("zoe")
    trusted = provider.relying_party(trusted=True)
    diana = trusted.login(browser, provider.diana)
    sent, where = rp.start(browser)
    assert isinstance(where, Page)
    assert where.kind == "consent"
    trusted.login(browser, zoe, prompt="login")
    landing = browser.submit(where, button=("decision", "allow"))
    assert isinstance(landing, Landing)
    tokens = rp.redeemed(rp.landed(sent, landing), sent)
    assert tokens.claims["sub"] == diana.claims["sub"]
    assert asked(rp, browser)


def test_what_the_sign_in_itself_says_needs_no_new_consent(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    first = rp.login(browser, provider.diana)
    browser.asked.clear()
    demand = {"sub": {"value": first.claims["sub"]}, "acr": {"essential": True}}
    again = rp.login(browser, provider.diana, claims=json.dumps({"id_token": demand}))
    assert browser.asked == []
    assert again.claims["acr"] == first.claims["acr"]
