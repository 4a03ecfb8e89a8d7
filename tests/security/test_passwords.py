"""Passwords as ASVS V6 wants them, on the page that changes them."""

from __future__ import annotations

import pytest

from sojourn.testing.server import ServerInTest
from tests.security.browser import (
    PASSWORD,
    Browser,
)
from tests.security.people import NEW, change_password, copied, knows
from tests.security.place import Place


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
