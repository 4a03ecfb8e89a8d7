"""Page flows: each bound to its browser, to its request and to the account it was shown for, and used once."""

from __future__ import annotations

import pytest

from tests.security.browser import (
    PASSWORD,
    Browser,
    app,
    asked,
    authorize,
    authorize_url,
    code_for,
    hidden,
    landed,
    redeem,
    tokens_of,
    userinfo,
)
from tests.security.place import Place
from tests.security.wire import Answer, request


def begun(place: Place, browser: Browser, **more: str) -> Answer:
    """The first redirect of an authorization request, which sets the interaction's cookie."""
    return browser.get(authorize_url(browser, place.client_id, **more))


def name_in(answer: Answer) -> str:
    return answer.location.rpartition("i=")[2]


def require_expired(answer: Answer) -> None:
    assert answer.status == 400, (answer.status, answer.location)
    assert not answer.location


def test_an_interaction_is_nothing_in_another_browser(place: Place):
    victim, attacker = place.browser(), place.browser()
    answer = begun(place, victim)
    require_expired(attacker.get(answer.location))
    attacker.sign_in(place.somebody())
    require_expired(attacker.get(answer.location))
    page = attacker.get(f"{place.issuer}/sign-in")
    form = hidden(page.text) | {
        "i": name_in(answer),
        "login": place.somebody(),
        "password": PASSWORD,
    }
    require_expired(attacker.post(f"{place.issuer}/sign-in", form))
    for path in ("/consent", "/choose-account"):
        answer = attacker.post(f"{place.issuer}{path}", form)
        assert answer.status in (400, 403)
        assert not answer.location


def test_the_cookie_of_one_interaction_does_not_stand_for_another(place: Place):
    browser = place.browser()
    one, other = name_in(begun(place, browser)), name_in(begun(place, browser))
    browser.plant(f"i-{one}", browser.cookie(f"i-{other}"))
    require_expired(browser.get(f"{place.issuer}/continue?i={one}"))


def test_a_tampered_interaction_cookie_is_none(place: Place):
    browser = place.browser()
    answer = begun(place, browser)
    name = name_in(answer)
    good = browser.cookie(f"i-{name}")
    for at in range(0, len(good), 7):
        swapped = "A" if good[at] != "A" else "B"
        browser.plant(f"i-{name}", good[:at] + swapped + good[at + 1 :])
        require_expired(browser.get(answer.location))
    for text in ("", "sj_i_", "sj_i_x", good[:-1], good + "A", good[: len(good) // 2], "A" * 9_000):
        browser.plant(f"i-{name}", text)
        require_expired(browser.get(answer.location))


@pytest.mark.parametrize("size", [1, 2, 21, 23, 24, 45, 160])
def test_a_made_up_interaction_token_is_none(place: Place, size: int):
    from sojourn.wire import tokens

    browser = place.browser()
    answer = begun(place, browser)
    browser.plant(f"i-{name_in(answer)}", tokens.encode("i", "0" * size))
    require_expired(browser.get(answer.location))


@pytest.mark.parametrize("name", ["", "x", "0" * 12, "../../etc", "0" * 5000, "é", "00000000000g"])
def test_an_interaction_name_that_is_none_is_expired(place: Place, name: str):
    from urllib.parse import quote

    browser = place.browser()
    require_expired(browser.get(f"{place.issuer}/continue?i={quote(name)}"))


def test_a_used_interaction_is_dead_with_all_its_cookies(place: Place):
    """A browser, or whoever copied its cookies, goes through the same pages again."""
    browser, login = place.browser(), place.somebody()
    page = browser.follow(begun(place, browser))
    form = hidden(page.text) | {"login": login, "password": PASSWORD}
    answer = browser.post(f"{place.issuer}/sign-in", form)
    page = browser.follow(answer)
    agreed = browser.post(f"{place.issuer}/consent", hidden(page.text) | {"decision": "allow"})
    before = dict(browser.jar)
    assert "code" in landed(browser.get(agreed.location))
    browser.jar = before
    require_expired(browser.get(agreed.location))


def test_consent_given_in_a_used_interaction_does_not_come_back_after_its_withdrawal(place: Place):
    """The person is signed in already, so their consent is all that the interaction holds."""
    browser, login = place.browser(), place.somebody()
    browser.sign_in(login)
    page = browser.follow(begun(place, browser))
    agreed = browser.post(f"{place.issuer}/consent", hidden(page.text) | {"decision": "allow"})
    before = dict(browser.jar)
    assert "code" in landed(browser.get(agreed.location))
    sessions = browser.get(f"{place.issuer}/sessions")
    ended = hidden(sessions.text) | {"action": "end_client", "id": place.client_id}
    assert browser.post(f"{place.issuer}/sessions", ended).location.endswith("done=client")
    browser.jar = before
    require_expired(browser.get(agreed.location))


def test_two_answers_to_one_consent_page_do_no_harm(place: Place):
    browser, login = place.browser(), place.somebody()
    browser.sign_in(login)
    page = browser.follow(begun(place, browser))
    form = hidden(page.text)
    for decision in ("allow", "allow", "deny"):
        answer = browser.post(f"{place.issuer}/consent", form | {"decision": decision})
        assert answer.status in (303, 400)
    answer = browser.get(f"{place.issuer}/continue?i={form['i']}")
    assert answer.status in (303, 400)


def test_the_request_of_an_interaction_cannot_be_changed_on_the_way(place: Place):
    """CVE-2026-7571: what comes back at the end is what was checked at the start."""
    browser, login = place.browser(), place.somebody()
    page = browser.follow(begun(place, browser, state="mine"))
    form = hidden(page.text) | {"login": login, "password": PASSWORD}
    extra = asked("sojourn-cli", redirect_uri="https://evil.example/", state="theirs")
    answer = browser.post(f"{place.issuer}/sign-in", form | extra)
    page = browser.get(
        f"{answer.location}&redirect_uri=https://evil.example/&client_id=sojourn-cli"
    )
    form = hidden(page.text) | {"decision": "allow"}
    found = landed(browser.follow(browser.post(f"{place.issuer}/consent", form | extra)))
    assert found["state"] == "mine"
    assert tokens_of(redeem(place.server, place.client_id, place.secret, found["code"])).access


def test_a_kept_logout_is_no_page_flow(place: Place):
    """A form at end_session may say anything; it is kept before it is checked."""
    browser, login = place.browser(), place.somebody()
    evil = {"redirect_uri": "https://evil.example/ x", "client_id": place.client_id}
    answer = browser.post(f"{place.issuer}/end-session", evil, headers={})
    page = browser.get(f"{place.issuer}/sign-in")
    name = name_in(answer)
    form = hidden(page.text) | {"i": name, "login": login, "password": "wrong"}
    require_expired(browser.post(f"{place.issuer}/sign-in", form))
    require_expired(browser.get(f"{place.issuer}/continue?i={name}"))
    assert browser.get(answer.location).status == 200


def test_a_cancelled_request_is_denied_and_over(place: Place):
    browser = place.browser()
    answer = begun(place, browser)
    denied = browser.get(f"{answer.location}&cancel=1")
    assert landed(denied)["error"] == "access_denied"
    require_expired(browser.get(answer.location))


def test_a_client_disabled_during_the_pages_gets_no_code(place: Place):
    client = app("short-lived")
    place.server.add_client(client)
    browser, login = place.browser(), place.somebody()
    page = browser.follow(browser.get(authorize_url(browser, "short-lived")))
    form = hidden(page.text) | {"login": login, "password": PASSWORD}

    async def disable(site):
        from msgspec.structs import replace

        await site.clients.change(
            "short-lived", lambda old: replace(old, status="disabled"), event="client.disabled"
        )

    place.server.call(disable)
    answer = browser.follow(browser.post(f"{place.issuer}/sign-in", form))
    assert answer.status == 401
    assert not answer.location


def test_a_redirect_uri_removed_during_the_pages_gets_nothing(place: Place):
    client = app("moving")
    place.server.add_client(client)
    browser, login = place.browser(), place.somebody()
    page = browser.follow(browser.get(authorize_url(browser, "moving")))
    form = hidden(page.text) | {"login": login, "password": PASSWORD}

    async def move(site):
        from msgspec.structs import replace

        new = ("https://elsewhere.example/",)
        await site.clients.change(
            "moving", lambda old: replace(old, redirect_uris=new), event="client.changed"
        )

    place.server.call(move)
    answer = browser.follow(browser.post(f"{place.issuer}/sign-in", form))
    require_expired(answer)


def test_what_is_asked_by_the_claims_parameter_is_shown_before_it_is_given(place: Place):
    """ASVS 10.7.2: consent covers what the person could read."""
    browser, login = place.browser(), place.somebody()
    browser.sign_in(login)
    claims = '{"userinfo":{"email":null,"salary":null}}'
    answer = browser.get(authorize_url(browser, place.client_id, scope="openid", claims=claims))
    page = browser.follow(answer)
    plain = browser.follow(
        browser.get(authorize_url(browser, place.client_id, scope="openid email"))
    )
    email = {line for line in plain.text.splitlines() if "<bdi>" in line} - {
        line for line in _openid_page(place, browser).text.splitlines() if "<bdi>" in line
    }
    assert email
    assert email <= set(page.text.splitlines())
    assert "salary" in page.text


def _openid_page(place: Place, browser: Browser) -> Answer:
    return browser.follow(browser.get(authorize_url(browser, place.client_id, scope="openid")))


def test_many_kept_requests_do_not_shut_the_browser_out(place: Place):
    """A foreign page may post requests that we keep; their cookies must not outgrow a request's head."""
    browser = place.browser()
    for _ in range(12):
        answer = browser.post(
            f"{place.issuer}/end-session",
            {"state": "s" * 1_500},
            headers={"Origin": "https://e.example"},
        )
        assert browser.get(answer.location).status == 200
        answer = begun(place, browser, state="s" * 1_500)
        assert browser.get(answer.location).status == 200
    browser.sign_in(place.somebody())
    assert browser.get(f"{place.issuer}/sessions").status == 200


def test_a_code_is_for_who_signed_in_here_whatever_the_request_hints(place: Place):
    browser, one, other = place.browser(), place.somebody(), place.somebody()
    browser.sign_in(other)
    code = code_for(browser, place.client_id, login=one, login_hint=one, prompt="login")
    tokens = tokens_of(redeem(place.server, place.client_id, place.secret, code))
    assert userinfo(place.server, tokens.access).json["preferred_username"] == one


def test_a_prompt_none_never_shows_a_page(place: Place):
    browser = place.browser()
    found = landed(browser.get(authorize_url(browser, place.client_id, prompt="none")))
    assert found["error"] == "login_required"
    browser.sign_in(place.somebody())
    found = landed(browser.get(authorize_url(browser, place.client_id, prompt="none")))
    assert found["error"] == "consent_required"


def test_asvs_7_6_2_no_code_without_consent_or_an_earlier_one(place: Place):
    browser, login = place.browser(), place.somebody()
    answer = authorize(browser, place.client_id, login=login)
    assert "code" in landed(answer)
    again = browser.get(authorize_url(browser, place.client_id, prompt="none"))
    assert "code" in landed(again)
    more = authorize_url(browser, place.client_id, prompt="none", scope="openid profile email")
    assert landed(browser.get(more))["error"] == "consent_required"
    assert request(place.issuer, "GET", "/jwks").status == 200
