"""Sign-ins as an attacker meets them: planted, copied, kept, changed; and what they must do when they end (ASVS V7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from sojourn.wire import tokens as opaque
from tests.security.browser import (
    PASSWORD,
    Browser,
    app,
    authorize,
    authorize_url,
    bearer,
    code_for,
    hidden,
    landed,
    redeem,
    refresh,
    tokens_of,
    userinfo,
)
from tests.security.conftest import Place, cli_tokens
from tests.security.wire import Answer, request

NEW = "quiet long river"


def knows(browser: Browser) -> bool:
    """Whether the browser is signed in."""
    answer = browser.send("GET", f"{browser.issuer}/sessions", keep=False)
    assert answer.status in (200, 303)
    return answer.status == 200


def copied(browser: Browser, text: str = "") -> Browser:
    """The browser of somebody who has its session cookie alone."""
    thief = Browser(browser.issuer)
    thief.plant("signins", text or browser.cookie("signins"))
    return thief


def change_password(browser: Browser, **fields: str) -> Answer:
    page = browser.get(f"{browser.issuer}/password")
    form = {"current": PASSWORD, "password": NEW, "password_again": NEW}
    return browser.post(f"{browser.issuer}/password", hidden(page.text) | form | fields)


def end(browser: Browser, action: str, name: str = "") -> Answer:
    page = browser.get(f"{browser.issuer}/sessions")
    form = {"csrf": hidden(page.text)["csrf"], "action": action, "id": name}
    return browser.post(f"{browser.issuer}/sessions", form)


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
    assert userinfo(place.server, again.access).json["sub"] == userinfo(place.server, first.access).json["sub"]


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
        forged = opaque.encode(kind, body[:at] + bytes((body[at] ^ 1,)) + body[at + 1 :])
        assert not knows(copied(browser, forged))
    for text in ("", ".", "...", "sj_s_", "null", "true", "1", "{}", "A" * 9_000, "." * 9_000, '"x"'):
        assert not knows(copied(browser, text or "."))


def test_a_cookie_that_comes_twice_counts_for_nobody(place: Place):
    browser = place.browser()
    browser.sign_in(place.somebody())
    name = "sojourn_dev_default_signins"
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


def test_asvs_7_4_3_a_password_change_ends_every_other_sign_in_and_keeps_this(place: Place):
    here, there, login = place.browser(), place.browser(), place.somebody()
    here.sign_in(login)
    there.sign_in(login)
    old = here.cookie("signins")
    assert change_password(here).status == 303
    assert knows(here)
    assert not knows(there)
    assert not knows(copied(here, old))
    assert there.sign_in(login).status == 403
    assert there.sign_in(login, NEW).status == 303


def test_asvs_6_2_3_a_password_change_needs_the_old_one(place: Place):
    browser, login = place.browser(), place.somebody()
    browser.sign_in(login)
    assert change_password(browser, current="wrong password").status == 403
    assert change_password(browser, current="").status == 403
    assert place.browser().sign_in(login).status == 303


@pytest.mark.parametrize(
    ("fresh", "fine"),
    [
        ("short12", False),  # 6.2.1
        ("password1", False),  # 6.2.4, 6.2.12
        ("Sunshine", False),
        ("aaaaaaaab", True),  # 6.2.5: no composition rules
        ("only lower case words", True),
        ("x" * 64, True),  # 6.2.9
        ("\U0001f600" * 200, True),
        (" leading and trailing ", True),  # 6.2.8
        ("x" * 1_025, False),
    ],
)
def test_asvs_6_2_what_a_password_may_be(place: Place, fresh: str, fine: bool):
    browser, login = place.browser(), place.somebody()
    browser.sign_in(login)
    answer = change_password(browser, password=fresh, password_again=fresh)
    assert answer.status == (303 if fine else 403)
    assert place.browser().sign_in(login, fresh).status == (303 if fine else 403)


def test_asvs_6_2_8_a_password_is_compared_exactly_as_typed(place: Place):
    browser, login = place.browser(), place.somebody()
    browser.sign_in(login)
    fresh = "A" + "b" * 80 + " c"
    change_password(browser, password=fresh, password_again=fresh)
    for other in (fresh.lower(), fresh.strip("c"), fresh[:72], fresh + " ", fresh.swapcase()):
        assert place.browser().sign_in(login, other).status in (403, 429)
    place.server.call(lambda site: site.context.store.sweep(site.context.now() + 10**10, 1000))
    assert place.browser().sign_in(login, fresh).status == 303


def test_asvs_6_2_11_a_password_is_not_the_name_or_the_product(place: Place):
    place.server.add_user("professor.moriarty", PASSWORD)
    browser = place.browser()
    browser.sign_in("professor.moriarty")
    for word in ("professor.moriarty", "PROFESSOR.Moriarty"):
        assert change_password(browser, password=word, password_again=word).status == 403


def test_asvs_6_3_2_there_is_nobody_at_the_start(tmp_path):
    with ServerInTest(tmp_path / "data") as server:
        page = server.call(lambda site: site.users.page(after=None, limit=10))
        assert page.users == ()
        for login in ("admin", "root", "administrator", "sojourn"):
            assert Browser(server.issuer).sign_in(login, login).status == 403


def test_asvs_7_4_5_an_administrator_ends_all_that_a_user_has(place: Place, admin_token: str):
    browser, login = place.browser(), place.somebody()
    found = cli_tokens(place.server, login, scope="openid account offline_access")
    browser.sign_in(login)
    answer = request(
        place.issuer,
        "POST",
        "/admin/users",
        data={"action": "end_sessions", "user": login},
        headers=bearer(admin_token),
    )
    assert answer.status == 200, answer.body
    assert not knows(browser)
    assert userinfo(place.server, found.access).status == 401


def test_asvs_7_5_2_nobody_sees_or_ends_what_is_anothers(place: Place):
    mine, theirs = place.browser(), place.browser()
    me, them = place.somebody(), place.somebody()
    mine.sign_in(me)
    code = code_for(theirs, place.client_id, login=them, scope="openid offline_access")
    found = tokens_of(redeem(place.server, place.client_id, place.secret, code))
    tree = request(
        place.issuer,
        "GET",
        "/account/sessions",
        headers=bearer(cli_tokens(place.server, them).access),
    ).json
    grants = [grant["id"] for one in tree["sign_ins"] for grant in one["grants"]]
    grants += [grant["id"] for grant in tree["offline"]]
    assert grants
    for action, names in (
        ("end_sign_in", [one["id"] for one in tree["sign_ins"]]),
        ("end_grant", grants),
        ("end_client", [place.client_id]),
    ):
        for name in names:
            assert end(mine, action, name).location.endswith("done=gone")
            answer = request(
                place.issuer,
                "POST",
                "/account/sessions",
                data={"action": action, "id": name},
                headers=bearer(cli_tokens(place.server, me).access),
            )
            assert answer.status == 404 or answer.json == {"ended": False}
    assert knows(theirs)
    assert refresh(place.server, place.client_id, place.secret, found.refresh).status == 200


@pytest.mark.parametrize("name", ["", "../user/x", "x" * 60_000, "é", "a/b", "%2e%2e", ";;"])
@pytest.mark.parametrize("action", ["end_sign_in", "end_grant", "end_client", "nothing", ""])
def test_ending_what_is_nothing_does_nothing(place: Place, admin_token: str, action: str, name: str):
    browser = place.browser()
    browser.sign_in("root")
    answer = end(browser, action, name)
    assert answer.location.endswith("done=gone")
    answer = request(
        place.issuer,
        "POST",
        "/account/sessions",
        data={"action": action, "id": name},
        headers=bearer(admin_token),
    )
    assert answer.status in (400, 404)


def test_ending_all_others_by_a_token_whose_sign_in_is_over_is_refused_and_ends_nothing(place: Place):
    browser, other, login = place.browser(), place.browser(), place.somebody()
    where = "http://127.0.0.1/callback"
    scope = "openid account offline_access"
    answer = authorize(browser, "sojourn-cli", login=login, redirect_uri=where, scope=scope)
    code = answer.location.partition("code=")[2].partition("&")[0]
    form = {
        "grant_type": "authorization_code",
        "client_id": "sojourn-cli",
        "code": code,
        "redirect_uri": where,
        "code_verifier": "v" * 43,
    }
    found = tokens_of(request(place.issuer, "POST", "/token", form=form))
    page = browser.get(f"{place.issuer}/sign-out")
    browser.post(f"{place.issuer}/sign-out", hidden(page.text) | {"decision": "sign_out"})
    other.sign_in(login)
    answer = request(
        place.issuer,
        "POST",
        "/account/sessions",
        data={"action": "end_others"},
        headers=bearer(found.access),
    )
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert knows(other)
    assert userinfo(place.server, found.access).status == 200


def test_a_token_that_was_ended_with_all_others_spares_nothing(place: Place):
    login = place.somebody()
    found = cli_tokens(place.server, login, scope="openid account offline_access")
    browser = place.browser()
    browser.sign_in(login)
    end(browser, "end_others")
    answer = request(
        place.issuer,
        "POST",
        "/account/sessions",
        data={"action": "end_others"},
        headers=bearer(found.access),
    )
    assert answer.status == 401
    assert knows(browser)


def test_a_password_change_revives_no_sign_in_that_the_user_ended(place: Place):
    """The person ends all others while a copy of their browser is changing the password."""
    browser, login = place.browser(), place.somebody()
    browser.sign_in(login)
    thief = copied(browser)
    thief.get(f"{place.issuer}/password")

    async def both(site):
        user = await site.users.by_login(login)
        held = await site.sessions.signins.find(browser.cookie("signins"))
        await site.sessions.signins.end_all(user.id, "revoked")
        from sojourn.errors import NotLive

        with pytest.raises(NotLive):
            await site.users.set_password(user.id, "hash", keep=held.leaf.value.id)

    place.server.call(both)
    assert not knows(browser)


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
            answer = browser.get(f"{server.issuer}/set-up?token={token.encode().hex() if token == 'é' else token}")
            assert answer.status == 410
            form |= {"login": "other", "token": token}
            csrf = hidden(page.text)["csrf"]
            answer = browser.post(f"{server.issuer}/set-up", form | {"csrf": csrf})
            assert answer.status == 410
        assert server.call(lambda site: site.users.by_login("other")) is None
