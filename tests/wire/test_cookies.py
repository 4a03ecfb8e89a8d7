"""Cookies: read strictly, written with every attribute."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire import cookies


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2 ;\tc=3", {"a": "1", "b": "2", "c": "3"}),
        ("a=", {"a": ""}),
        ("a=x=y", {"a": "x=y"}),
        ("a=1; a=1", {"a": "1"}),
        ("a=1; a=2; b=3", {"b": "3"}),
        ("a=1; a=2; a=1", {}),
        ("a=1; a=\x01", {}),
        ("a; b=2", {"b": "2"}),
        ("=1; b=2", {"b": "2"}),
        ('a="1"; b=2', {"b": "2"}),
        ("a=é; b=2", {"b": "2"}),
        ("a b=1; c=2", {"c": "2"}),
        ("a=1 2; c=2", {"c": "2"}),
        ("A=1; a=2", {"A": "1", "a": "2"}),
        ("$Version=1; a=1", {"$Version": "1", "a": "1"}),
        ("__Host-x=1; __Host-x", {}),
    ],
)
def test_a_header_gives_only_what_is_beyond_doubt(header: str, found: dict[str, str]) -> None:
    assert cookies.parse(header) == found


def test_a_huge_header_is_refused() -> None:
    with pytest.raises(Malformed):
        cookies.parse("a=" + "x" * cookies.MAX_HEADER)


@given(st.text(max_size=60))
def test_any_header_is_read(header: str) -> None:
    for name, value in cookies.parse(header).items():
        assert f"{name}={value}" in header


@given(st.text(max_size=10), st.text(max_size=10))
def test_what_is_written_is_one_cookie_or_malformed(name: str, value: str) -> None:
    try:
        text = cookies.render(name, value, secure=True, max_age=5)
    except Malformed:
        return
    assert text == f"{name}={value}; Max-Age=5; Path=/; SameSite=Lax; HttpOnly; Secure"
    assert cookies.parse(text.partition(";")[0]) == {name: value}


def test_every_attribute_is_said() -> None:
    assert cookies.render("__Host-a", "1", secure=True, max_age=None) == (
        "__Host-a=1; Path=/; SameSite=Lax; HttpOnly; Secure"
    )
    assert (
        cookies.render(
            "a", "1", secure=False, max_age=60, path="/x", same_site="Strict", http_only=False
        )
        == "a=1; Max-Age=60; Path=/x; SameSite=Strict"
    )
    assert (
        cookies.delete("a", secure=True) == "a=; Max-Age=0; Path=/; SameSite=Lax; HttpOnly; Secure"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a;b"},
        {"name": ""},
        {"name": "a=b"},
        {"value": "1;Domain=x"},
        {"value": "1\r\nX: y"},
        {"value": "é"},
        {"path": "x"},
        {"path": "/;a"},
        {"path": ""},
        {"name": "__Host-a", "secure": False},
        {"name": "__Host-a", "path": "/x"},
        {"name": "__Secure-a", "secure": False},
        {"same_site": "None", "secure": False},
    ],
)
def test_what_a_browser_would_refuse_is_not_written(wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {"name": "a", "value": "1", "secure": True, "max_age": None}
    with pytest.raises(Malformed):
        cookies.render(**(good | wrong))


def test_names_are_locked_to_the_host_save_in_development() -> None:
    here = cookies.name_for("default", "session", issuer="http://127.0.0.1:8080")
    assert here == "sojourn_dev_d30a576c_default_session"
    assert here != cookies.name_for("default", "session", issuer="http://127.0.0.1:8081")
    for issuer in ("https://id.example", "https://other.example/path"):
        name = cookies.name_for("default", "session", issuer=issuer)
        assert name == "__Host-sojourn_default_session"
    for realm in ("", "A", "a b", "a_b", "a=b", "x" * 65):
        with pytest.raises(Malformed):
            cookies.name_for(realm, "session", issuer="https://id.example")


NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("a=1", cookies.SetCookie("a", "1")),
        ("a=; Max-Age=0", cookies.SetCookie("a", "", max_age=0)),
        ("a=x=y!z:1; Path=/; HttpOnly; SameSite=Lax", cookies.SetCookie("a", "x=y!z:1", path="/")),
        ("a=1; domain=.X.example; SECURE", cookies.SetCookie("a", "1", "x.example", secure=True)),
        (
            "a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            cookies.SetCookie("a", "1", max_age=60),
        ),
        ("a=1; expires=Tue, 14 Nov 2023 22:14:20 GMT", cookies.SetCookie("a", "1", max_age=60)),
        (
            "a=1; expires=Wed, 31-Dec-97 23:59:59 GMT",
            cookies.SetCookie("a", "1", max_age=-816_387_201),
        ),
        ("a=1; expires=never; max-age=soon; path=x; odd", cookies.SetCookie("a", "1")),
        ("a=1; Path=/app; Path=/", cookies.SetCookie("a", "1", path="/")),
    ],
)
def test_a_set_cookie_header_is_read(header: str, said: cookies.SetCookie) -> None:
    assert cookies.parse_set_cookie(header, now=NOW) == said
    assert repr(said) == "<SetCookie a>"


@pytest.mark.parametrize(
    "header", ["", "a", "=1", "a b=1", 'a="1"', "a=1 2", "a=\x01", "a=é", "a=" + "x" * 16384]
)
def test_a_set_cookie_header_out_of_grammar_is_refused(header: str) -> None:
    with pytest.raises(Malformed):
        cookies.parse_set_cookie(header, now=NOW)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_attribute_of_a_set_cookie_header_does_more_than_be_passed_over(
    expires: str, other: str
) -> None:
    attributes = f"Expires={expires.replace(';', '')}; {other}"
    assert cookies.parse_set_cookie(f"a=1; {attributes}", now=NOW).value == "1"
