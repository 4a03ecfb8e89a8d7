"""Refresh: rotation, repeats, theft, scope, and how long tokens outlive their sign-in."""

from __future__ import annotations

from tests.conformance.browser import Browser, Landing
from tests.conformance.relying_party import RelyingParty, Tokens, refused
from tests.conformance.setting import Provider

OFFLINE = "openid profile offline_access"


def offline(provider: Provider, rp: RelyingParty, browser: Browser | None = None) -> Tokens:
    return rp.login(browser or provider.browser(), provider.diana, scope=OFFLINE)


def dead(rp: RelyingParty, *texts: str) -> bool:
    return all(rp.introspect(text) == {"active": False} for text in texts)


def test_each_refresh_gives_another_refresh_token(provider: Provider, rp: RelyingParty):
    first = offline(provider, rp)
    second = rp.checked(rp.refresh(first.refresh))
    third = rp.checked(rp.refresh(second.refresh))
    assert len({first.refresh, second.refresh, third.refresh}) == 3
    assert rp.userinfo(third.access).status_code == 200


def test_a_lost_answer_may_be_asked_for_again(provider: Provider, rp: RelyingParty):
    first = offline(provider, rp)
    lost = rp.checked(rp.refresh(first.refresh))
    provider.clock.advance(seconds=59)
    again = rp.checked(rp.refresh(first.refresh))
    assert again.refresh == lost.refresh
    rp.checked(rp.refresh(again.refresh))


def test_an_old_refresh_token_ends_the_grant(provider: Provider, rp: RelyingParty):
    first = offline(provider, rp)
    second = rp.checked(rp.refresh(first.refresh))
    third = rp.checked(rp.refresh(second.refresh))
    assert refused(rp.refresh(first.refresh), "invalid_grant")
    assert dead(rp, second.access, third.access, third.refresh)
    assert refused(rp.refresh(third.refresh), "invalid_grant")


def test_the_previous_refresh_token_after_a_minute_ends_the_grant(
    provider: Provider, rp: RelyingParty
):
    first = offline(provider, rp)
    second = rp.checked(rp.refresh(first.refresh))
    provider.clock.advance(seconds=60)
    assert refused(rp.refresh(first.refresh), "invalid_grant")
    assert dead(rp, second.access, second.refresh)


def test_with_its_idempotency_key_a_refresh_may_be_repeated_much_later(
    provider: Provider, rp: RelyingParty
):
    first = offline(provider, rp)
    lost = rp.checked(rp.refresh(first.refresh, retry="one-try"))
    provider.clock.advance(seconds=86_400)
    again = rp.checked(rp.refresh(first.refresh, retry="one-try"))
    assert again.refresh == lost.refresh


def test_another_idempotency_key_is_theft(provider: Provider, rp: RelyingParty):
    first = offline(provider, rp)
    second = rp.checked(rp.refresh(first.refresh, retry="one-try"))
    assert refused(rp.refresh(first.refresh, retry="another"), "invalid_grant")
    assert dead(rp, second.access, second.refresh)


def test_a_long_idempotency_key_is_refused(provider: Provider, rp: RelyingParty):
    first = offline(provider, rp)
    assert refused(rp.refresh(first.refresh, retry="k" * 201), "invalid_request")
    rp.checked(rp.refresh(first.refresh, retry="k" * 200))


def test_a_refresh_may_narrow_the_scope_and_never_widen_it(provider: Provider, rp: RelyingParty):
    first = offline(provider, rp)
    narrow = rp.checked(rp.refresh(first.refresh, scope="openid"))
    assert narrow.members["scope"] == "openid"
    assert "name" not in rp.claims(narrow)
    assert refused(rp.refresh(narrow.refresh, scope="openid email"), "invalid_scope")
    whole = rp.checked(rp.refresh(narrow.refresh))
    assert rp.claims(whole)["name"] == "Diana Krall"


def test_a_forged_refresh_token_ends_nothing(provider: Provider, rp: RelyingParty):
    first = offline(provider, rp)
    changed = "A" if first.refresh[-8] != "A" else "B"
    forged = first.refresh[:-8] + changed + first.refresh[-7:]
    assert refused(rp.refresh(forged), "invalid_grant")
    rp.checked(rp.refresh(first.refresh))


def test_a_client_without_the_grant_type_gets_no_refresh_token(
    provider: Provider, browser: Browser
):
    rp = provider.relying_party(grant_types=("authorization_code",))
    tokens = rp.login(browser, provider.diana, scope=OFFLINE)
    assert "refresh_token" not in tokens.members
    assert refused(rp.refresh("sj_r_nothing"), "unauthorized_client")


def test_sign_out_kills_tokens_but_not_those_for_offline_access(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    online = rp.login(browser, provider.diana, scope="openid profile")
    away = offline(provider, rp, browser)
    rp.log_out(browser, id_token_hint=online.id_token)
    assert dead(rp, online.access, online.refresh)
    assert refused(rp.refresh(online.refresh), "invalid_grant")
    assert rp.userinfo(online.access).status_code == 401
    assert rp.userinfo(away.access).status_code == 200
    rp.checked(rp.refresh(away.refresh))


def test_an_idle_sign_in_gives_no_new_code_while_its_tokens_live(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    tokens = rp.login(browser, provider.diana, scope="openid profile")
    provider.clock.advance(seconds=3600)
    sent, where = rp.start(browser, prompt="none")
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "login_required"
    fresh = rp.checked(rp.refresh(tokens.refresh))
    assert rp.userinfo(fresh.access).status_code == 200
    browser.asked.clear()
    rp.login(browser, provider.diana, scope="openid profile")
    assert browser.asked == ["sign-in"]


def test_tokens_end_with_their_sign_in_s_day(provider: Provider, rp: RelyingParty):
    tokens = rp.login(provider.browser(), provider.diana, scope="openid")
    away = offline(provider, rp)
    provider.clock.advance(seconds=86_400)
    assert refused(rp.refresh(tokens.refresh), "invalid_grant")
    rp.checked(rp.refresh(away.refresh))
