"""Redirect URIs: what may be registered, and what matches (security.md §4.6, 1 to 12)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire.oauth import check_redirect_uri, matches_redirect

ACCEPTED = [
    "https://a.example/cb",
    "https://a.example",
    "https://a.example/",
    "https://a.example:8443/cb?x=1&y=%20",
    "https://a.example/@user/cb",
    "https://xn--bcher-kva.example/cb",
    "https://[2001:db8::1]/cb",
    "https://192.0.2.1/cb",
    "https://a.example/a.b/.well-known/cb",
    "http://127.0.0.1/cb",
    "http://127.0.0.1:8000/cb",
    "http://[::1]:1/cb?x",
    "com.example.app:/cb",
    "com.example.app://cb",
    "com.example.app://cb/x?y=1",
]
REFUSED = [
    "",
    "/cb",
    "//a.example/cb",
    "a.example/cb",
    "https:a.example",
    "https:/a.example",
    "https:///cb",
    "https://",
    "http://a.example/cb",
    "http://localhost/cb",
    "http://localhost:8000/cb",
    "http://127.0.0.1.a.example/cb",
    "http://127.0.0.2/cb",
    "http://0.0.0.0/cb",
    "http://[::2]/cb",
    "http://127.1/cb",
    "http://2130706433/cb",
    "https://u@a.example/",
    "https://u:p@a.example/",
    "https://a@b@c.example/",
    "https://a.example\\@b.example/",
    "https://a.example#",
    "https://a.example/#f",
    "https://a.example/cb#",
    "com.example.app:/cb#f",
    "https://a.example/../cb",
    "https://a.example/..",
    "https://a.example/..;/cb",
    "https://a.example/%2e%2e/cb",
    "https://a.example/.%2E/cb",
    "https://a.example/cb\\x",
    "https://a.example/%5cx",
    "https://a.example/%00",
    "https://a.example/%0d%0a",
    "https://a.example/%zz",
    "https://a.example/%",
    "https://a.example/c b",
    "https://a.example/cb\n",
    "\thttps://a.example/cb",
    "https://a.example/\u00e9",
    "https://b\u00fccher.example/",
    "https://a.example:0/",
    "https://a.example:99999/",
    "https://a.example:080/",
    "https://a.example:/",
    "https://a..example/",
    "https://-a.example/",
    "https://a_b.example/",
    "https://*.example/",
    "https://a.example/<x>",
    "HTTPS://a.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "app:/cb",
    "app://cb",
    "com.example.app:",
    "com.example.app:cb",
    "com.example.app:////x",
    "com.example.app://u@cb/",
    "com.example.app://",
    "urn:ietf:wg:oauth:2.0:oob",
    "file:///etc/passwd",
    "https://a.example/" + "x" * 2048,
]


@pytest.mark.parametrize("uri", ACCEPTED)
def test_a_safe_redirect_uri_may_be_registered(uri: str) -> None:
    check_redirect_uri(uri)
    assert matches_redirect(uri, uri)


@pytest.mark.parametrize("uri", REFUSED)
def test_an_unsafe_redirect_uri_may_not_be_registered(uri: str) -> None:
    with pytest.raises(Malformed):
        check_redirect_uri(uri)


@pytest.mark.parametrize(
    ("registered", "presented"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"),
        ("http://127.0.0.1:8000/cb", "http://127.0.0.1:9000/cb"),
        ("http://127.0.0.1:8000/cb", "http://127.0.0.1/cb"),
        ("http://[::1]/cb?x=1", "http://[::1]:5/cb?x=1"),
        ("http://127.0.0.1", "http://127.0.0.1:5"),
    ],
)
def test_only_the_port_of_a_loopback_address_may_differ(registered: str, presented: str) -> None:
    assert matches_redirect(registered, presented)


@pytest.mark.parametrize(
    ("registered", "presented"),
    [
        ("https://a.example/cb", other)
        for other in (
            "https://a.example/cb/",
            "https://a.example/cb?",
            "https://a.example/cb?x=1",
            "https://a.example/cb#",
            "https://a.example:443/cb",
            "https://a.example:8443/cb",
            "HTTPS://a.example/cb",
            "https://A.example/cb",
            "https://a.example/CB",
            "https://a.example/c%62",
            "https://a.example./cb",
            "https://a.example/cb/../cb",
            "https://a.example/x/..;/cb",
            "https://a.example@b.example/cb",
            "https://b.example@a.example/cb",
            "https://a.example\\@b.example/cb",
            "http://a.example/cb",
            "//a.example/cb",
            "https://a.example/cb\n",
            " https://a.example/cb",
            "https://a.example.b.example/cb",
            "",
            "https://a.example/cb\0",
        )
    ]
    + [
        ("http://127.0.0.1/cb", other)
        for other in (
            "http://127.0.0.1/cb2",
            "http://127.0.0.1:5/cb?x=1",
            "http://127.0.0.1:5/CB",
            "http://127.0.0.1:05/cb",
            "http://127.0.0.1:123456/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:5@a.example/cb",
            "http://[::1]/cb",
            "http://127.0.0.1:a/cb",
            "http://127.0.0.1.a.example/cb",
            "http://localhost/cb",
            "https://127.0.0.1:5/cb",
            "http://127.0.0.1:5",
            "http://127.0.0.2:5/cb",
            "http://127.0.0.1:5/cb\n",
            "HTTP://127.0.0.1:5/cb",
            "http://127.0.0.1:\u0665/cb",
            "http://127.0.0.1@a.example/cb",
            "http://127.0.0.1#:5/cb",
        )
    ]
    + [
        ("http://localhost/cb", "http://localhost:5/cb"),
        ("https://127.0.0.1/cb", "https://127.0.0.1:5/cb"),
        ("com.example.app:/cb", "com.example.app://cb"),
        ("http://127.0.0.1/cb?x=1", "http://127.0.0.1:5/cb"),
    ],
)
def test_an_almost_equal_redirect_uri_does_not_match(registered: str, presented: str) -> None:
    assert not matches_redirect(registered, presented)


@given(st.sampled_from(ACCEPTED), st.text(alphabet="htp:/[]1270.@#?\\%2eabc\n", max_size=30))
def test_any_text_matches_only_as_the_rule_says(registered: str, tail: str) -> None:
    for presented in (tail, registered + tail, tail + registered, "http://127.0.0.1" + tail):
        if matches_redirect(registered, presented) and presented != registered:
            assert registered.startswith(("http://127.0.0.1", "http://[::1]"))
            assert presented.endswith(registered.rpartition("/")[2])


@given(st.text(alphabet="htps:/[]1270.@#?\\%2eabc\u00e9 ", max_size=40))
def test_any_text_is_judged(uri: str) -> None:
    for candidate in (uri, "https://a.example" + uri, "http://127.0.0.1" + uri):
        try:
            check_redirect_uri(candidate)
        except Malformed:
            continue
        assert "#" not in candidate
        assert "\\" not in candidate
        assert candidate.isascii()
