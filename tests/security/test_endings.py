"""Endings by owners, administrators and programs: of their own, of nothing else, and never undone."""

from __future__ import annotations

import pytest

from tests.security.browser import (
    authorize,
    bearer,
    code_for,
    hidden,
    redeem,
    refresh,
    tokens_of,
    userinfo,
)
from tests.security.people import copied, end, knows
from tests.security.place import Place, cli_tokens
from tests.security.wire import request


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
def test_ending_what_is_nothing_does_nothing(
    place: Place, admin_token: str, action: str, name: str
):
    browser = place.browser()
    browser.sign_in("root")
    answer = end(browser, action, name)
    page = f"{place.issuer}/sessions"
    assert answer.location in (page, f"{page}?done=gone")
    assert knows(browser)
    answer = request(
        place.issuer,
        "POST",
        "/account/sessions",
        data={"action": action, "id": name},
        headers=bearer(admin_token),
    )
    assert answer.status in (400, 404)


def test_ending_all_others_by_a_token_whose_sign_in_is_over_is_refused_and_ends_nothing(
    place: Place,
):
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
