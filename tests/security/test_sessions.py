"""Sign-ins as an attacker meets them: planted, copied, kept, changed; and that they end (ASVS V7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from sojourn.wire import tokens as opaque
from tests.security.browser import (
    PASSWORD,
    Browser,
    app,
    authorize_url,
    code_for,
    hidden,
    landed,
    redeem,
    refresh,
    tokens_of,
    userinfo,
)
from tests.security.people import copied, knows
from tests.security.place import Place
from tests.security.wire import request


def test_asvs_7_2_4_signing_in_gives_a_new_text_and_the_old_one_dies(place: Place):
    browser, login = place.browser(), place.somebody()
    texts = []
    for _ in range(3):
        browser.sign_in(login)
        texts.append(browser.cookie("signins"))
    assert len(set(texts)) == 3
    assert knows(browser)
    assert not any(knows(copied(browser, text)) for text in texts[:-1])


def test_asvs_7_2_4_a_step_up_gives_a_new_text_and_keeps_the_sid(place: Place):
    browser, login = place.browser(), place.somebody()
    code = code_for(browser, place.client_id, login=login)
    before = browser.cookie("signins")
    first = tokens_of(redeem(place.server, place.client_id, place.secret, code))
    code = code_for(browser, place.client_id, login=login, prompt="login")
    assert browser.cookie("signins") != before
    assert not knows(copied(browser, before))
    again = tokens_of(redeem(place.server, place.client_id, place.secret, code))
    assert userinfo(place.server, first.access).status == 200
    assert (
        userinfo(place.server, again.access).json["sub"]
        == userinfo(place.server, first.access).json["sub"]
    )


def test_a_planted_session_is_never_upgraded(place: Place):
    """Session fixation: the attacker's text in the victim's browser before the victim signs in."""
    attacker, victim = place.browser(), place.browser()
    intruder, victims = place.somebody(), place.somebody()
    attacker.sign_in(intruder)
    planted = attacker.cookie("signins")
    victim.plant("signins", planted)
    victim.sign_in(victims)
    assert planted in victim.cookie("signins").split(".")
    seen = attacker.get(f"{place.issuer}/sessions")
    assert intruder in seen.text
    assert victims not in seen.text


def test_a_planted_browser_secret_gives_no_form_token_after_all(place: Place):
    """Whoever plants the browser's own cookie knows its form tokens: the Origin still stands in the way."""
    victim, attacker = place.browser(), place.browser()
    page = attacker.get(f"{place.issuer}/sign-in")
    victim.plant("browser", attacker.cookie("browser"))
    form = hidden(page.text) | {"login": place.somebody(), "password": PASSWORD}
    answer = victim.post(
        f"{place.issuer}/sign-in", form, headers={"Origin": "https://evil.example"}
    )
    assert answer.status == 403
    assert not victim.cookie("signins")


def test_a_session_cookie_changed_in_any_place_is_none(place: Place):
    """CVE-2026-25748: a malformed cookie is no pass."""
    browser = place.browser()
    browser.sign_in(place.somebody())
    text = browser.cookie("signins")
    for at in range(0, len(text), 3):
        other = "0" if text[at] != "0" else "z"
        assert not knows(copied(browser, text[:at] + other + text[at + 1 :]))
    kind, body = opaque.decode(text)
    for at in range(0, len(body), 5):
        forged = opaque.encode(kind, body[:at] + ("0" if body[at] != "0" else "z") + body[at + 1 :])
        assert not knows(copied(browser, forged))
    for text in (
        "",
        ".",
        "...",
        "sj_s_",
        "null",
        "true",
        "1",
        "{}",
        "A" * 9_000,
        "." * 9_000,
        '"x"',
    ):
        assert not knows(copied(browser, text or "."))


def test_two_servers_on_one_loopback_address_sign_nobody_out_of_each_other(
    place: Place, tmp_path: Path
):
    browser, login = place.browser(), place.somebody()
    browser.sign_in(login)
    with ServerInTest(tmp_path) as other:
        other.add_user("ada", PASSWORD)
        browser.issuer = other.issuer
        browser.sign_in("ada")
        assert knows(browser)
    browser.issuer = place.issuer
    assert knows(browser)
    assert len(browser.jar) == 4  # what each keeps: sign-ins, and what forms are bound to


def test_a_cookie_that_comes_twice_counts_for_nobody(place: Place):
    browser = place.browser()
    browser.sign_in(place.somebody())
    name = browser.cookie_name("signins")
    for cookie in (f"{name}={browser.cookie('signins')}; {name}=x", f"{name}=x; {name}=y"):
        answer = request(place.issuer, "GET", "/sessions", headers={"Cookie": cookie})
        assert answer.status == 303


def test_a_cookie_holds_at_most_eight_sign_ins(place: Place):
    browser = place.browser()
    texts = []
    for _ in range(3):
        one = place.browser()
        one.sign_in(place.somebody())
        texts.append(one.cookie("signins"))
    browser.plant("signins", ".".join(texts * 30))
    browser.sign_in(place.somebody())
    assert len(browser.cookie("signins").split(".")) == 4
    assert knows(browser)


def test_asvs_7_4_1_what_is_signed_out_is_dead_for_whoever_copied_it(place: Place):
    browser, login = place.browser(), place.somebody()
    code = code_for(browser, place.client_id, login=login)
    found = tokens_of(redeem(place.server, place.client_id, place.secret, code))
    thief = copied(browser)
    assert knows(thief)
    page = browser.get(f"{place.issuer}/sign-out")
    browser.post(f"{place.issuer}/sign-out", hidden(page.text) | {"decision": "sign_out"})
    assert not browser.cookie("signins")
    assert not knows(thief)
    assert userinfo(place.server, found.access).status == 401


@pytest.fixture
def timed(tmp_path) -> Iterator[tuple[ServerInTest, Clock]]:
    clock = Clock()
    with ServerInTest(tmp_path / "timed", now=clock.now) as server:
        server.add_user("ada", PASSWORD)
        yield server, clock


def test_asvs_7_3_1_and_7_3_2_a_sign_in_ends_idle_and_for_good(timed: tuple[ServerInTest, Clock]):
    server, clock = timed
    server.add_client(app(trusted=True))
    browser = Browser(server.issuer)
    browser.sign_in("ada")
    clock.advance(seconds=3_600)
    found = landed(browser.get(authorize_url(browser, "app", prompt="none")))
    assert found["error"] == "login_required"
    browser.sign_in("ada")
    for _ in range(23):
        clock.advance(seconds=3_599)
        browser.get(authorize_url(browser, "app", prompt="none"))
    assert knows(browser)
    clock.advance(seconds=3_600)
    assert not knows(browser)


def test_asvs_10_4_3_and_10_4_8_codes_and_refresh_tokens_have_an_end(
    timed: tuple[ServerInTest, Clock],
):
    server, clock = timed
    secret = server.add_client(app())
    browser = Browser(server.issuer)
    code = code_for(browser, "app", login="ada", scope="openid offline_access")
    late = code_for(browser, "app", scope="openid")
    found = tokens_of(redeem(server, "app", secret, code))
    clock.advance(seconds=60)
    assert redeem(server, "app", secret, late).error == "invalid_grant"
    for _ in range(8):
        clock.advance(seconds=10 * 86_400)
        found = tokens_of(refresh(server, "app", secret, found.refresh))
    clock.advance(seconds=10 * 86_400)
    assert refresh(server, "app", secret, found.refresh).error == "invalid_grant"


def test_a_https_server_locks_its_cookies_to_the_host(tmp_path):
    with ServerInTest(tmp_path / "tls", options={"issuer": "https://id.example/base"}) as server:
        answer = request(f"http://127.0.0.1:{server.settings.port}", "GET", "/base/sign-in")
        (text,) = answer.all("set-cookie")
        assert text.startswith("__Host-sojourn_default_browser=")
        assert "; Secure" in text
        assert "; Path=/;" in text
        assert "HttpOnly" in text


def test_a_set_up_link_is_dead_once_there_is_an_administrator(tmp_path):
    folder = tmp_path / "setup"
    with ServerInTest(folder) as server:
        first = server.application.setup_url
    with ServerInTest(folder) as server:
        second = server.application.setup_url.rpartition("=")[2]
        browser = Browser(server.issuer)
        page = browser.get(f"{server.issuer}/set-up?token={second}")
        form = {"login": "root", "password": PASSWORD, "password_again": PASSWORD}
        answer = browser.post(f"{server.issuer}/set-up", hidden(page.text) | form)
        assert answer.status == 303
        for token in (first.rpartition("=")[2], second, "", "x", "é"):
            answer = browser.get(
                f"{server.issuer}/set-up?token={token.encode().hex() if token == 'é' else token}"
            )
            assert answer.status == 410
            form |= {"login": "other", "token": token}
            csrf = hidden(page.text)["csrf"]
            answer = browser.post(f"{server.issuer}/set-up", form | {"csrf": csrf})
            assert answer.status == 410
        assert server.call(lambda site: site.users.by_login("other")) is None
