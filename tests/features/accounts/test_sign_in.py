"""Signing in by name and password inside a page flow."""

from __future__ import annotations

from tests.conformance.browser import Browser, Landing, Page, Person
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider


def test_a_wrong_password_asks_again_and_keeps_the_name(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    sent, where = rp.start(browser)
    assert isinstance(where, Page)
    again = browser.sign_in(where, Person("diana", "wrong"))
    assert isinstance(again, Page)
    assert (again.status, again.kind) == (403, "sign-in")
    assert again.form.fields["login"] == "diana"
    assert again.form.fields["password"] == ""
    landing = rp.landed(
        sent, browser.finish(browser.sign_in(again, provider.diana), provider.diana)
    )
    rp.redeemed(landing, sent)


def test_an_unknown_name_looks_like_a_wrong_password(rp: RelyingParty, browser: Browser):
    _, where = rp.start(browser)
    assert isinstance(where, Page)
    known = browser.sign_in(where, Person("diana", "wrong"))
    unknown = browser.sign_in(where, Person("nobody", "wrong"))
    assert isinstance(known, Page)
    assert isinstance(unknown, Page)
    assert known.status == unknown.status == 403
    assert known.html.replace('value="diana"', "") == unknown.html.replace('value="nobody"', "")


def test_a_login_hint_is_prefilled_and_harmless(rp: RelyingParty, browser: Browser):
    hint = '"><script>alert(1)</script>'
    _, where = rp.start(browser, login_hint=hint)
    assert isinstance(where, Page)
    assert where.form.fields["login"] == hint
    assert "<script>alert" not in where.html


def test_giving_up_tells_the_application(provider: Provider, rp: RelyingParty, browser: Browser):
    sent, where = rp.start(browser)
    assert isinstance(where, Page)
    landing = browser.open(where.link("cancel"))
    assert isinstance(landing, Landing)
    assert rp.landed(sent, landing).error == "access_denied"


def test_a_page_flow_lasts_a_quarter_of_an_hour(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    _, where = rp.start(browser)
    assert isinstance(where, Page)
    provider.clock.advance(seconds=900)
    late = browser.sign_in(where, provider.diana)
    assert isinstance(late, Page)
    assert 400 <= late.status < 500
    assert late.kind == "nothing"


def test_a_page_flow_is_nothing_in_another_browser(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    _, where = rp.start(browser)
    assert isinstance(where, Page)
    elsewhere = provider.browser().open(where.url)
    assert isinstance(elsewhere, Page)
    assert elsewhere.kind == "nothing"
    assert 400 <= elsewhere.status < 500


def test_a_finished_flow_gives_no_second_code(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    _, where = rp.start(browser)
    assert isinstance(where, Page)
    assert isinstance(browser.finish(where, provider.diana), Landing)
    again = browser.open(where.url)
    assert isinstance(again, Page)
    assert 400 <= again.status < 500
