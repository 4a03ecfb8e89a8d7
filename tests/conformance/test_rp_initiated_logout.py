"""The RP-initiated logout plan: who may end a sign-in, and where the browser goes afterwards."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.conformance.browser import Browser, Landing, Page
from tests.conformance.relying_party import RelyingParty, Tokens, base64url
from tests.conformance.setting import AFTER_LOGOUT, Provider


@pytest.fixture
def tokens(provider: Provider, rp: RelyingParty, browser: Browser) -> Tokens:
    """Diana is signed in here."""
    return rp.login(browser, provider.diana, state=secrets.token_urlsafe(96))


@pytest.fixture
def state() -> str:
    return secrets.token_urlsafe(96) + "~._-!*'() &=+%é"


def signed_in(rp: RelyingParty, browser: Browser) -> bool:
    """Whether prompt=none still succeeds; anything but `login_required` is a failure of its own."""
    sent, where = rp.start(browser, prompt="none")
    assert isinstance(where, Landing)
    landing = rp.landed(sent, where)
    assert landing.error in ("", "login_required")
    return not landing.error


def stays_here(where: Page | Landing, *, asks: bool = False) -> Page:
    """The browser is on a page of the provider: an error, or the question whether to sign out."""
    assert isinstance(where, Page), where
    assert (where.status, where.kind) == ((200, "sign-out") if asks else (400, "nothing"))
    return where


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(
    provider: Provider, rp: RelyingParty
):
    assert rp.metadata["end_session_endpoint"].startswith(f"{provider.issuer}/")


def test_oidcc_rp_initiated_logout(rp: RelyingParty, browser: Browser, tokens: Tokens, state: str):
    where = rp.log_out(
        browser,
        id_token_hint=tokens.id_token,
        post_logout_redirect_uri=AFTER_LOGOUT,
        state=state,
    )
    assert isinstance(where, Landing)
    assert where.address == AFTER_LOGOUT
    assert where.parameters == {"state": state}
    assert not signed_in(rp, browser)
    assert rp.userinfo(tokens.access).status_code == 401


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(
    rp: RelyingParty, browser: Browser, tokens: Tokens, state: str
):
    where = rp.log_out(
        browser,
        id_token_hint=tokens.id_token,
        post_logout_redirect_uri="https://rp.example/not-registered",
        state=state,
    )
    assert "not-registered" not in stays_here(where).html
    assert signed_in(rp, browser)


def test_oidcc_rp_initiated_logout_modified_id_token_hint(
    rp: RelyingParty, browser: Browser, tokens: Tokens, state: str
):
    head, body, _ = tokens.id_token.split(".")
    header = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    unsigned = base64url(json.dumps(header | {"alg": "none"}).encode())
    where = rp.log_out(
        browser,
        id_token_hint=f"{unsigned}.{body}.",
        post_logout_redirect_uri=AFTER_LOGOUT,
        state=state,
    )
    stays_here(where)
    assert signed_in(rp, browser)


def test_oidcc_rp_initiated_logout_no_id_token_hint(
    rp: RelyingParty, browser: Browser, tokens: Tokens, state: str
):
    where = rp.log_out(browser, post_logout_redirect_uri=AFTER_LOGOUT, state=state)
    page = stays_here(where, asks=True)
    assert signed_in(rp, browser)
    confirmed = browser.submit(page, button=("decision", "sign_out"))
    assert isinstance(confirmed, Page)
    assert not signed_in(rp, browser)


def test_oidcc_rp_initiated_logout_no_params(rp: RelyingParty, browser: Browser, tokens: Tokens):
    page = stays_here(rp.log_out(browser), asks=True)
    done = browser.submit(page, button=("decision", "sign_out"))
    assert isinstance(done, Page)
    assert (done.status, done.kind) == (200, "nothing")
    assert not signed_in(rp, browser)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(
    rp: RelyingParty, browser: Browser, tokens: Tokens, state: str
):
    where = rp.log_out(browser, id_token_hint=tokens.id_token, state=state)
    assert isinstance(where, Page)
    assert (where.status, where.kind) == (200, "nothing")
    assert not signed_in(rp, browser)


def test_oidcc_rp_initiated_logout_no_state(rp: RelyingParty, browser: Browser, tokens: Tokens):
    where = rp.log_out(
        browser, id_token_hint=tokens.id_token, post_logout_redirect_uri=AFTER_LOGOUT
    )
    assert where == Landing(AFTER_LOGOUT, {})
    assert not signed_in(rp, browser)


def test_oidcc_rp_initiated_logout_only_state(
    rp: RelyingParty, browser: Browser, tokens: Tokens, state: str
):
    page = stays_here(rp.log_out(browser, state=state), asks=True)
    assert isinstance(browser.submit(page, button=("decision", "sign_out")), Page)
    assert not signed_in(rp, browser)


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(
    rp: RelyingParty, browser: Browser, tokens: Tokens, state: str
):
    where = rp.log_out(
        browser,
        id_token_hint=tokens.id_token,
        post_logout_redirect_uri=f"{AFTER_LOGOUT}?foo=bar",
        state=state,
    )
    stays_here(where)
    assert signed_in(rp, browser)


def test_oidcc_rp_initiated_logout_bad_id_token_hint(
    rp: RelyingParty, browser: Browser, tokens: Tokens, state: str
):
    foreign = jwt.encode({"alg": "RS256"}, tokens.claims, RSAKey.generate_key(2048))
    where = rp.log_out(
        browser, id_token_hint=foreign, post_logout_redirect_uri=AFTER_LOGOUT, state=state
    )
    stays_here(where)
    assert signed_in(rp, browser)
