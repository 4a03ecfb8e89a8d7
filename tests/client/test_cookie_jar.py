"""The jar of one origin: what it takes from answers, and what it sends where."""

from __future__ import annotations

import pytest

from sojourn.client.cookie_jar import MOST, Jar

URL = "https://x.example/app"
NOW = 1_700_000_000_000


def jar(*said: str, url: str = f"{URL}/login", of: str = URL) -> Jar:
    return Jar(of).taken(tuple(("Set-Cookie", one) for one in said), url, now=NOW)


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (["a=1"], "a=1"),
        (["a=1; Path=/", "b=2; Path=/app"], "b=2; a=1"),
        (["a=1; Domain=x.example", "b=2; Domain=.example"], "a=1; b=2"),
        (["a=1; Domain=y.example"], None),
        (["a=1; Domain=le"], None),
        (["a=1; Path=/other"], None),
        (["a=1; Path=/ap"], None),
        (["a=1; Path=/", "a=2; Path=/"], "a=2"),
        (["a=1", "a=; Max-Age=0"], None),
        (["a=1", "a=; expires=Wed, 31-Dec-97 23:59:59 GMT"], None),
        (["a=1; Secure"], "a=1"),
        (["broken", "a=1"], "a=1"),
    ],
)
def test_what_fits_is_sent_back(said, sent):
    assert jar(*said).header(f"{URL}/view") == sent


def test_nothing_leaves_the_origin():
    held = jar("a=1; Path=/; Domain=example")
    for url in ("http://x.example/app", "https://y.x.example/app", "https://x.example:444/app"):
        assert held.header(url) is None


def test_what_another_origin_says_is_not_taken():
    assert jar("a=1; Path=/", url="https://y.example/app/login").cookies == ()


def test_a_cookie_for_https_is_not_taken_over_http():
    assert jar("a=1; Secure", url="http://x.example/login", of="http://x.example").cookies == ()


def test_a_server_cannot_fill_the_jar():
    held = jar(*(f"a{number}=1" for number in range(MOST + 10)))
    assert len(held.cookies) == MOST
    changed = held.taken((("set-cookie", "a0=2"),), f"{URL}/login", now=NOW)
    assert "a0=2" in (changed.header(f"{URL}/view") or "")


def test_values_are_not_shown():
    held = jar("a=5ecret")
    assert "5ecret" not in repr(held) + repr(held.cookies)
