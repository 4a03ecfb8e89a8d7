"""Guessing gets slow: for an account and for an address, whether the account exists or not (ASVS 6.3.1, 6.3.8)."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from sojourn.server.login.authenticators.password import Passwords
from sojourn.server.login.throttle import AT_ONCE, FREE_FOR_ACCOUNT, FREE_FOR_ADDRESS, delay
from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from tests.features.throttle.conftest import fail, tried
from tests.security.browser import PASSWORD

_varying = re.compile(r'value="[^"]*"|<bdi[^>]*>[^<]*</bdi>')


def shown(text: str) -> str:
    """A page without what differs in each answer anyway: form tokens and the name that was typed."""
    return _varying.sub("", text)


def test_the_delay_grows_and_is_bounded():
    waits = [delay(failures, 4) for failures in range(40)]
    assert waits[:5] == [0] * 5
    assert waits[5:8] == [1_000, 2_000, 4_000]
    assert waits == sorted(waits)
    assert waits[-1] == 900_000


def test_the_fifth_failure_makes_the_account_wait_and_each_further_one_longer(
    server: ServerInTest, clock: Clock
):
    fail(server, "ada", times=FREE_FOR_ACCOUNT + 1)
    waits = []
    for _ in range(4):
        refused = tried(server, "ada", PASSWORD)
        assert refused.status == 429
        wait = int(re.findall(r"\b(\d+) second", refused.text)[0])
        waits.append(wait)
        clock.advance(seconds=wait)
        assert tried(server, "ada").status == 403
    assert waits == [1, 2, 4, 8]


def test_a_try_that_came_too_early_is_not_hashed_and_not_counted(
    server: ServerInTest, clock: Clock, hashed: list[str]
):
    fail(server, "ada", times=FREE_FOR_ACCOUNT + 1)
    before = len(hashed)
    for _ in range(10):
        assert tried(server, "ada", PASSWORD).status == 429
    assert len(hashed) == before
    clock.advance(seconds=1)
    assert tried(server, "ada", PASSWORD).status == 303


def test_success_forgets_the_failures_of_the_account(server: ServerInTest):
    fail(server, "ada", times=FREE_FOR_ACCOUNT)
    assert tried(server, "ada", PASSWORD).status == 303
    fail(server, "ada", times=FREE_FOR_ACCOUNT)
    assert tried(server, "ada", PASSWORD).status == 303


def test_the_account_waits_wherever_the_tries_come_from_and_others_do_not(server: ServerInTest):
    for number in range(FREE_FOR_ACCOUNT + 1):
        assert tried(server, "ada", address=f"198.51.100.{number}").status == 403
    assert tried(server, "ada", PASSWORD, address="203.0.113.9").status == 429
    assert tried(server, "bob", PASSWORD, address="203.0.113.9").status == 303


@pytest.mark.parametrize("spelling", ["ADA", "Ada", " ada ", "\uff41\uff44\uff41"])
def test_every_spelling_of_a_name_is_one_account(server: ServerInTest, spelling: str):
    """CVE-2025-24806: names counted apart double the guesses."""
    fail(server, spelling, times=FREE_FOR_ACCOUNT + 1)
    assert tried(server, "ada", PASSWORD).status == 429


def test_an_address_waits_after_many_names(server: ServerInTest, clock: Clock):
    for number in range(FREE_FOR_ADDRESS + 1):
        assert tried(server, f"nobody{number}").status == 403
    assert tried(server, "bob", PASSWORD).status == 429
    assert tried(server, "bob", PASSWORD, address="203.0.113.9").status == 303
    clock.advance(seconds=1)
    assert tried(server, "bob", PASSWORD).status == 303
    assert tried(server, "nobody").status == 403
    assert tried(server, "bob", PASSWORD).status == 429  # a success of one clears no address


def test_an_ipv6_network_is_one_address(server: ServerInTest):
    numbers = count(1)
    for number in range(FREE_FOR_ADDRESS + 1):
        address = f"2001:db8:1:2::{next(numbers):x}"
        assert tried(server, f"nobody{number}", address=address).status == 403
    assert tried(server, "bob", PASSWORD, address="2001:db8:1:2:ffff:ffff:ffff:ffff").status == 429
    assert tried(server, "bob", PASSWORD, address="2001:db8:1:3::1").status == 303


def test_nobody_but_a_named_proxy_says_where_a_try_comes_from(plain: ServerInTest):
    for number in range(FREE_FOR_ADDRESS + 1):
        found = tried(plain, f"nobody{number}", address=f"198.51.100.{number}")
        assert found.status == 403
    assert tried(plain, "ada", PASSWORD, address="203.0.113.9").status == 429


@pytest.mark.parametrize(
    "forged",
    [
        "203.0.113.{n}, 192.0.2.7",
        "203.0.113.{n}\r\nX-Forwarded-For: 192.0.2.7",
        "203.0.113.{n}, nonsense",
    ],
)
def test_what_a_client_writes_into_the_header_before_the_proxy_does_not_count(
    server: ServerInTest, forged: str
):
    """The proxy appends to the header, or adds one of its own below it."""
    for number in range(FREE_FOR_ADDRESS + 1):
        found = tried(server, f"nobody{number}", forwarded=forged.format(n=number + 1))
        assert found.status == 403
    assert tried(server, "bob", PASSWORD, forwarded=forged.format(n=99)).status == 429


def test_asvs_6_3_8_unknown_user_wrong_password_and_disabled_user_are_told_the_same(
    server: ServerInTest, hashed: list[str]
):
    ada = server.call(lambda site: site.users.by_login("bob"))
    assert ada is not None
    known = tried(server, "ada")
    server.call(lambda site: site.users.set_status(ada.id, "disabled"))
    disabled = tried(server, "bob", PASSWORD)
    unknown = tried(server, "nobody")
    impossible = tried(server, "\x07\u202e" * 100)
    endless = tried(server, "ada", "x" * 5_000)
    answers = (known, disabled, unknown, impossible, endless)
    assert {answer.status for answer in answers} == {403}
    assert len({shown(answer.text) for answer in answers}) == 1
    assert len(hashed) == len(answers)


def test_an_unknown_user_is_made_to_wait_like_a_known_one(server: ServerInTest):
    fail(server, "ada", times=FREE_FOR_ACCOUNT + 1, address="198.51.100.1")
    fail(server, "nobody", times=FREE_FOR_ACCOUNT + 1, address="198.51.100.2")
    known, unknown = tried(server, "ada"), tried(server, "nobody")
    assert known.status == unknown.status == 429
    assert shown(known.text) == shown(unknown.text)


def test_guesses_at_once_do_not_get_round_the_delay(server: ServerInTest, hashed: list[str]):
    with ThreadPoolExecutor(32) as crowd:
        answers = list(crowd.map(lambda _: tried(server, "ada"), range(32)))
    assert {answer.status for answer in answers} == {403, 429}
    assert len(hashed) <= AT_ONCE + FREE_FOR_ACCOUNT
    assert tried(server, "ada", PASSWORD).status == 429


def test_guessing_through_the_password_page_counts_too(server: ServerInTest):
    """ASVS 6.3.4: no way is weaker than another."""
    from tests.security.browser import Browser, hidden

    browser = Browser(server.issuer)
    browser.sign_in("ada")
    statuses = []
    for _ in range(FREE_FOR_ACCOUNT + 2):
        page = browser.get(f"{server.issuer}/password")
        new = {"password": "quiet long river", "password_again": "quiet long river"}
        form = hidden(page.text) | {"current": "wrong password"} | new
        statuses.append(browser.post(f"{server.issuer}/password", form).text.count("second"))
    assert statuses[0] == 0
    assert statuses[-1] > 0


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were verified, as often as they were: the work, counted and not timed."""
    found: list[str] = []
    real = Passwords.verify

    async def verify(self: Passwords, stored: str | None, password: str) -> bool:
        found.append(password)
        return await real(self, stored, password)

    monkeypatch.setattr(Passwords, "verify", verify)
    return found
