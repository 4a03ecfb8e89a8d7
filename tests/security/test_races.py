"""Many at once over HTTP: one winner, clear refusals for the rest, nothing lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from sojourn.server.pages.site import Site
from sojourn.testing.server import ServerInTest
from tests.security.browser import (
    PASSWORD,
    Browser,
    app,
    basic,
    bearer,
    code_for,
    hidden,
    introspected,
    redeem,
    refresh,
    tokens_of,
    userinfo,
)
from tests.security.place import Place
from tests.security.wire import Answer, request

CROWD = 64
PEOPLE = 16
T = TypeVar("T")


def at_once(work: Callable[[int], T], crowd: int = CROWD) -> list[T]:
    """`work` from so many threads that start together."""
    gate = threading.Barrier(crowd)

    def one(number: int) -> T:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(crowd) as pool:
        return list(pool.map(one, range(crowd)))


def fresh_code(place: Place) -> str:
    return code_for(
        place.browser(), place.client_id, login=place.somebody(), scope="openid offline_access"
    )


def client_of(place: Place) -> tuple[ServerInTest, str, str]:
    return place.server, place.client_id, place.secret


@pytest.mark.parametrize("turn", range(3))
def test_a_code_shown_64_times_at_once_has_one_winner(place: Place, turn: int):
    code = fresh_code(place)
    answers = at_once(lambda _: redeem(*client_of(place), code))
    won = [answer for answer in answers if answer.status == 200]
    assert len(won) == 1
    lost = [answer for answer in answers if answer.status != 200]
    assert {(answer.status, answer.error) for answer in lost} == {(400, "invalid_grant")}
    found = tokens_of(won[0])
    # Who came after the tokens were sent was a thief, and the grant is over; else it lives, whole.
    alive = userinfo(place.server, found.access).status == 200
    assert introspected(*client_of(place), found.refresh) is alive


def test_a_refresh_token_shown_64_times_at_once_is_rotated_once_and_nobody_is_logged_out(
    place: Place,
):
    found = tokens_of(redeem(*client_of(place), fresh_code(place)))
    answers = at_once(lambda _: refresh(*client_of(place), found.refresh))
    assert Counter(answer.status for answer in answers) == {200: CROWD}
    successors = {tokens_of(answer).refresh for answer in answers}
    assert len(successors) == 1
    assert found.refresh not in successors
    assert all(userinfo(place.server, tokens_of(answer).access).status == 200 for answer in answers)
    assert refresh(*client_of(place), successors.pop()).status == 200


def test_two_generations_shown_at_once_never_both_live_on(place: Place):
    first = tokens_of(redeem(*client_of(place), fresh_code(place)))
    second = tokens_of(refresh(*client_of(place), first.refresh))
    third = tokens_of(refresh(*client_of(place), second.refresh))
    texts = (first.refresh, third.refresh)
    at_once(lambda number: refresh(*client_of(place), texts[number % 2]), 16)
    assert not introspected(*client_of(place), third.refresh)
    assert refresh(*client_of(place), third.refresh).error == "invalid_grant"


@pytest.mark.parametrize("turn", range(3))
def test_after_a_revocation_was_acknowledged_no_refresh_beside_it_is_live(place: Place, turn: int):
    found = tokens_of(redeem(*client_of(place), fresh_code(place)))

    def work(number: int) -> Answer:
        if number == 7:
            form = {"token": found.refresh}
            headers = basic(place.client_id, place.secret)
            return request(place.issuer, "POST", "/revoke", form=form, headers=headers)
        return refresh(*client_of(place), found.refresh)

    answers = at_once(work, 24)
    assert answers[7].status == 200
    for answer in (*answers[:7], *answers[8:]):
        assert answer.status in (200, 400)
        if answer.status == 200:
            tokens = tokens_of(answer)
            assert userinfo(place.server, tokens.access).status == 401
            assert not introspected(*client_of(place), tokens.refresh)


def test_after_a_sign_out_was_acknowledged_no_code_beside_it_is_good(place: Place):
    browser, login = place.browser(), place.somebody()
    code_for(browser, place.client_id, login=login)
    page = browser.get(f"{place.issuer}/sign-out")
    form = hidden(page.text) | {"decision": "sign_out"}
    url = browser.issuer + "/authorize?"
    from urllib.parse import urlencode

    from tests.security.browser import asked

    url += urlencode(asked(place.client_id, prompt="none"))

    def work(number: int) -> Answer:
        if number == 5:
            headers = {"Origin": browser.origin}
            return browser.send(
                "POST", f"{place.issuer}/sign-out", form=form, headers=headers, keep=False
            )
        return browser.send("GET", url, keep=False)

    answers = at_once(work, 16)
    assert answers[5].status == 200
    for answer in answers:
        if "code=" in answer.location:
            code = answer.location.partition("code=")[2].partition("&")[0]
            assert redeem(*client_of(place), code).error == "invalid_grant"


def test_one_name_is_given_to_one_of_64(place: Place, admin_token: str):
    def work(number: int) -> Answer:
        data = {"action": "create", "login": ("Twin", "twin")[number % 2], "claims": {"n": number}}
        return request(place.issuer, "POST", "/admin/users", data=data, headers=bearer(admin_token))

    answers = at_once(work)
    assert Counter(answer.status for answer in answers) == {200: 1, 400: CROWD - 1}
    made = next(answer.json["id"] for answer in answers if answer.status == 200)
    found = place.server.call(lambda site: site.users.by_login("TWIN"))
    assert found is not None
    assert found.id == made


def test_one_client_id_is_given_to_one_of_many(place: Place):
    def work(_: int) -> str:
        from sojourn.errors import InvalidRequest

        try:
            return place.server.add_client(app("twin"))
        except InvalidRequest:
            return ""

    assert len([secret for secret in at_once(work, 16) if secret]) == 1


def test_passwords_changed_at_once_leave_one_that_works(place: Place):
    login = place.somebody()
    user = place.server.call(lambda site: site.users.by_login(login))
    assert user is not None

    def work(number: int) -> None:
        async def change(site):
            hashed = await site.passwords.hash(f"quiet long river {number}")
            await site.users.set_password(user.id, hashed)

        place.server.call(change)

    at_once(work, 8)
    found = [n for n in range(8) if works(place, login, f"quiet long river {n}")]
    assert len(found) == 1


def works(place: Place, login: str, password: str) -> bool:
    hashed = place.server.call(lambda site: site.users.by_login(login))
    assert hashed is not None

    async def verified(site: Site) -> bool:
        stored = await site.users.password(hashed.id)
        assert stored is not None
        return await site.passwords.verify(stored.hash, password)

    return place.server.call(verified)


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[ServerInTest]:
    """One thread for passwords, and a short queue before it."""
    options = {"password_workers": 1, "password_queue": 6}
    with ServerInTest(tmp_path / "narrow", options=options) as server:
        for number in range(PEOPLE):
            server.add_user(f"user{number}", PASSWORD)
        yield server


def test_sign_ins_over_the_queue_are_told_when_to_come_back_and_the_others_are_fine(
    narrow: ServerInTest,
):
    browsers = [Browser(narrow.issuer) for _ in range(CROWD)]
    forms = [hidden(browser.get(f"{narrow.issuer}/sign-in").text) for browser in browsers]

    def work(number: int) -> Answer:
        form = forms[number] | {"login": f"user{number % PEOPLE}", "password": PASSWORD}
        return browsers[number].post(f"{narrow.issuer}/sign-in", form)

    answers = at_once(work)
    counted = Counter(answer.status for answer in answers)
    assert set(counted) == {303, 503}
    assert counted[303] >= 7
    busy = [number for number, answer in enumerate(answers) if answer.status == 503]
    for number in busy:
        assert int(answers[number].header("retry-after")) >= 1
        assert not answers[number].all("set-cookie")
    assert all(work(number).status == 303 for number in busy[:4])
    for number in {*range(CROWD)} - {*busy[4:]}:
        assert browsers[number].get(f"{narrow.issuer}/sessions").status == 200


def test_a_set_up_link_opened_by_many_at_once_makes_one_administrator(tmp_path: Path):
    with ServerInTest(tmp_path / "setup", options={"password_queue": 64}) as server:
        token = server.application.setup_url.rpartition("=")[2]
        browsers = [Browser(server.issuer) for _ in range(12)]
        forms = [
            hidden(browser.get(f"{server.issuer}/set-up?token={token}").text)
            for browser in browsers
        ]

        def work(number: int) -> Answer:
            form = {"login": f"root{number}", "password": PASSWORD, "password_again": PASSWORD}
            return browsers[number].post(f"{server.issuer}/set-up", forms[number] | form)

        answers = at_once(work, 12)
        assert Counter(answer.status for answer in answers) == {303: 1, 410: 11}
        page = server.call(lambda site: site.users.page(after=None, limit=100))
        assert len(page.users) == 1


def test_with_no_retry_window_a_refresh_token_is_good_once(tmp_path: Path):
    options = {"refresh_retry_window": 0}
    with ServerInTest(tmp_path / "strict", options=options) as server:
        server.add_user("ada", PASSWORD)
        secret = server.add_client(app())
        code = code_for(Browser(server.issuer), "app", login="ada")
        found = tokens_of(redeem(server, "app", secret, code))
        assert refresh(server, "app", secret, found.refresh).status == 200
        assert refresh(server, "app", secret, found.refresh).error == "invalid_grant"
