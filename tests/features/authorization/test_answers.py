"""How answers get back to the client, and requests that come by another site's form."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

from tests.conformance.browser import Browser, Landing, Page
from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import AFTER_LOGOUT, CALLBACK, Provider


def test_a_form_post_carries_the_answer_in_the_body(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    sent, landing = rp.ask(browser, provider.diana, response_mode="form_post")
    assert (landing.url, landing.method) == (CALLBACK, "POST")
    assert set(landing.parameters) == {"code", "state", "iss"}
    rp.redeemed(landing, sent)


def test_a_form_post_page_runs_its_one_script_and_posts_nowhere_else(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    rp.login(browser, provider.diana)
    _, where = rp.start(browser, response_mode="form_post")
    assert isinstance(where, Page)
    assert where.form.action == CALLBACK
    scripts = re.findall(r"<script>(.*?)</script>", where.html, re.DOTALL)
    hashes = [b64encode(sha256(text.encode()).digest()).decode() for text in scripts]
    policy = where.headers["content-security-policy"]
    assert [f"'sha256-{found}'" in policy for found in hashes] == [True]
    allowed = re.search(r"form-action ([^;]*)", policy)
    assert allowed
    assert set(allowed[1].split()) <= {"'self'", "https://rp.example"}
    assert "no-store" in where.headers["cache-control"]


def test_an_error_goes_by_form_post_too(rp: RelyingParty, browser: Browser):
    sent, where = rp.start(browser, response_mode="form_post", prompt="none")
    assert isinstance(where, Page)
    landing = browser.submit(where)
    assert isinstance(landing, Landing)
    assert landing.method == "POST"
    assert rp.landed(sent, landing).error == "login_required"


def test_what_is_posted_is_escaped(provider: Provider, rp: RelyingParty, browser: Browser):
    state = "\"><script>alert('1')</script>&amp;é"
    _, landing = rp.ask(browser, provider.diana, response_mode="form_post", state=state)
    assert landing.parameters["state"] == state


def test_without_a_state_none_comes_back(provider: Provider, rp: RelyingParty, browser: Browser):
    _, landing = rp.ask(browser, provider.diana, state=None)
    assert set(landing.parameters) == {"code", "iss"}


def test_a_registered_query_is_kept(provider: Provider, browser: Browser):
    rp = provider.relying_party(redirect_uris=(f"{CALLBACK}?shop=1",))
    sent, landing = rp.ask(browser, provider.diana)
    assert landing.parameters["shop"] == "1"
    rp.redeemed(landing, sent)


def test_a_form_on_another_site_may_begin_a_flow(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    first = rp.login(browser, provider.diana)
    sent = rp.request()
    where = browser.post_from_elsewhere(rp.metadata["authorization_endpoint"], sent.parameters)
    assert isinstance(where, Landing)
    second = rp.redeemed(rp.landed(sent, where), sent)
    assert second.claims["sid"] == first.claims["sid"]


def test_a_form_on_another_site_gets_no_page_with_prompt_none(rp: RelyingParty, browser: Browser):
    sent = rp.request(prompt="none")
    where = browser.post_from_elsewhere(rp.metadata["authorization_endpoint"], sent.parameters)
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "login_required"


def test_a_wrong_form_on_another_site_is_answered_like_a_wrong_link(
    rp: RelyingParty, browser: Browser
):
    endpoint = rp.metadata["authorization_endpoint"]
    sent = rp.request(scope="unknown")
    where = browser.post_from_elsewhere(endpoint, sent.parameters)
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "invalid_scope"
    nowhere = rp.request(redirect_uri="https://evil.example")
    page = browser.post_from_elsewhere(endpoint, nowhere.parameters)
    assert isinstance(page, Page)
    assert page.status == 400


def test_a_form_on_another_site_may_log_out(provider: Provider, rp: RelyingParty, browser: Browser):
    tokens = rp.login(browser, provider.diana)
    fields = {
        "id_token_hint": tokens.id_token,
        "post_logout_redirect_uri": AFTER_LOGOUT,
        "state": "s",
    }
    where = browser.post_from_elsewhere(rp.metadata["end_session_endpoint"], fields)
    assert where == Landing(f"{AFTER_LOGOUT}?state=s", {"state": "s"})
    assert rp.userinfo(tokens.access).status_code == 401


def test_a_form_on_another_site_without_a_hint_only_asks(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    tokens = rp.login(browser, provider.diana)
    where = browser.post_from_elsewhere(rp.metadata["end_session_endpoint"], {"state": "s"})
    assert isinstance(where, Page)
    assert where.kind == "sign-out"
    assert rp.userinfo(tokens.access).status_code == 200
