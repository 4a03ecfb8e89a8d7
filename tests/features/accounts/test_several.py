"""Several accounts in one browser: choosing, adding, signing one out."""

from __future__ import annotations

import pytest

from tests.conformance.browser import Browser, Landing, Page, Person
from tests.conformance.relying_party import RelyingParty, Tokens
from tests.conformance.setting import Provider

OTHER = ("action", "other")
NAMES = ("ada", "bob", "cleo", "dan", "eve", "fay", "gus", "hal")


@pytest.fixture(scope="module")
def people(served: Provider) -> list[Person]:
    return [served.person(name) for name in NAMES]


@pytest.fixture
def rp(provider: Provider) -> RelyingParty:
    """An application of ours, which asks for no consent."""
    return provider.relying_party(trusted=True)


def list_of_accounts(where: Page | Landing) -> list[str]:
    assert isinstance(where, Page), where
    assert where.kind == "choose-account"
    return [value for name, value in where.form.buttons if name == "account"]


def add(rp: RelyingParty, browser: Browser, person: Person) -> Tokens:
    """Sign in beside whoever is signed in already."""
    sent, where = rp.start(browser, prompt="select_account")
    if isinstance(where, Page) and where.kind == "choose-account":
        where = browser.submit(where, button=OTHER)
    return rp.redeemed(rp.landed(sent, browser.finish(where, person)), sent)


def choose(rp: RelyingParty, browser: Browser, sid: str) -> Tokens:
    sent, where = rp.start(browser, prompt="select_account")
    assert sid in list_of_accounts(where)
    assert isinstance(where, Page)
    landing = browser.submit(where, button=("account", sid))
    assert isinstance(landing, Landing)
    return rp.redeemed(rp.landed(sent, landing), sent)


def active(rp: RelyingParty, browser: Browser, **parameters: str) -> str:
    """The `sub` that a silent request is answered for."""
    sent, where = rp.start(browser, pkce=None, prompt="none", **parameters)
    assert isinstance(where, Landing)
    landing = rp.landed(sent, where)
    if landing.error:
        return landing.error
    sub: str = rp.redeemed(landing, sent).claims["sub"]
    return sub


def test_a_browser_holds_several_accounts_and_the_person_chooses(
    provider: Provider, rp: RelyingParty, browser: Browser, people: list[Person]
):
    diana = add(rp, browser, provider.diana)
    ada = add(rp, browser, people[0])
    assert ada.claims["sub"] != diana.claims["sub"]
    assert active(rp, browser) == ada.claims["sub"]
    again = choose(rp, browser, diana.claims["sid"])
    assert again.claims["sub"] == diana.claims["sub"]
    assert again.claims["sid"] == diana.claims["sid"]
    assert active(rp, browser) == diana.claims["sub"]


def test_with_nobody_signed_in_there_is_nothing_to_choose(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    _, where = rp.start(browser, prompt="select_account")
    assert isinstance(where, Page)
    assert where.kind == "sign-in"


def test_select_account_is_asked_though_there_is_one(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    diana = rp.login(browser, provider.diana)
    _, where = rp.start(browser, prompt="select_account")
    assert list_of_accounts(where) == [diana.claims["sid"]]


def test_a_browser_holds_at_most_eight(
    provider: Provider, rp: RelyingParty, browser: Browser, people: list[Person]
):
    first = add(rp, browser, provider.diana)
    others = [add(rp, browser, person) for person in people]
    _, where = rp.start(browser, prompt="select_account")
    held = list_of_accounts(where)
    assert held == [tokens.claims["sid"] for tokens in reversed(others)]
    assert first.claims["sid"] not in held
    (cookie,) = [text for name, text in browser.cookies.items() if name.endswith("signins")]
    assert cookie.count("sj_s_") == 8


def test_one_account_signs_out_and_the_others_stay(
    provider: Provider, rp: RelyingParty, browser: Browser, people: list[Person]
):
    diana, ada = add(rp, browser, provider.diana), add(rp, browser, people[0])
    _, where = rp.start(browser, prompt="select_account")
    assert isinstance(where, Page)
    left = browser.submit(where, button=("sign_out", ada.claims["sid"]))
    assert list_of_accounts(left) == [diana.claims["sid"]]
    assert rp.userinfo(ada.access).status_code == 401
    assert rp.userinfo(diana.access).status_code == 200


def test_logging_out_by_a_hint_ends_that_account_alone(
    provider: Provider, rp: RelyingParty, browser: Browser, people: list[Person]
):
    diana, ada = add(rp, browser, provider.diana), add(rp, browser, people[0])
    where = rp.log_out(browser, id_token_hint=diana.id_token)
    assert isinstance(where, Page)
    assert active(rp, browser) == ada.claims["sub"]
    assert active(rp, browser, id_token_hint=diana.id_token) == "login_required"


def test_a_hint_picks_its_account(
    provider: Provider, rp: RelyingParty, browser: Browser, people: list[Person]
):
    diana, ada = add(rp, browser, provider.diana), add(rp, browser, people[0])
    assert active(rp, browser, id_token_hint=diana.id_token) == diana.claims["sub"]
    assert active(rp, browser, login_hint="diana") == diana.claims["sub"]
    assert active(rp, browser, login_hint="ada") == ada.claims["sub"]


def test_a_hint_of_somebody_else_asks_for_that_person(
    provider: Provider, rp: RelyingParty, browser: Browser, people: list[Person]
):
    ada = rp.login(provider.browser(), people[0])
    rp.login(browser, provider.diana)
    sent, where = rp.start(browser, id_token_hint=ada.id_token)
    assert isinstance(where, Page)
    assert where.kind == "sign-in"
    wrong = browser.sign_in(where, provider.diana)
    assert isinstance(wrong, Page)
    assert wrong.kind == "sign-in"
    landing = browser.sign_in(wrong, people[0])
    assert isinstance(landing, Landing)
    assert rp.redeemed(rp.landed(sent, landing), sent).claims["sub"] == ada.claims["sub"]


def test_signing_in_again_replaces_the_cookie_and_keeps_the_sid(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    first = rp.login(browser, provider.diana)
    before = browser.cookies
    second = rp.login(browser, provider.diana, prompt="login")
    assert second.claims["sid"] == first.claims["sid"]
    changed = {name for name, value in browser.cookies.items() if before.get(name) != value}
    assert any(name.endswith("signins") for name in changed)
    thief = provider.browser()
    for name, value in before.items():
        thief.http.cookies.set(name, value, domain="127.0.0.1")
    assert active(rp, thief) == "login_required"
