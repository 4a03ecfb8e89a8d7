"""CubicWeb's shapes: what is signed, the sign-in form, and the answers that mean that nobody is signed in."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire import cubicweb
from sojourn.wire.cubicweb import SignInForm, SigningToken

NOW = 1_700_000_000_999
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
TOKEN = SigningToken("jane-1", "5ec2e7")
FORM = (
    b'<form action="/view"><input name="rql"></form>'
    b'<form method="post"><input name="csrf_token" type="hidden" value="t&#48;ken" />'
    b'<input name="__login"><input name="__password" type="password"></form>'
)


def signed(method="GET", url="https://x.example/view", body=b"", content_type=""):
    return dict(cubicweb.signed(TOKEN, method, url, body=body, content_type=content_type, now=NOW))


def test_the_signature_is_over_method_url_checksum_type_and_date():
    fields = signed("POST", "https://x.example/api?a=1", b"[]", "application/json")
    checksum = hashlib.sha512(b"[]").hexdigest()
    text = f"POSThttps://x.example/api?a=1{checksum}application/json{DATE}"
    signature = hmac.new(b"5ec2e7", text.encode(), "sha512").hexdigest()
    assert fields == {
        "Content-SHA512": checksum,
        "Date": DATE,
        "X-Cubicweb-Date": DATE,
        "Authorization": f"Cubicweb jane-1:{signature}",
    }


@pytest.mark.parametrize(
    "other",
    [
        {"method": "PUT"},
        {"url": "https://x.example/view?a"},
        {"body": b"x"},
        {"content_type": "text/plain"},
    ],
)
def test_whatever_changes_changes_the_signature(other):
    assert signed(**other)["Authorization"] != signed()["Authorization"]


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://x.example", "https://x.example/"),
        ("https://X.Example:443/a", "https://x.example/a"),
        ("http://x.example:80/a", "http://x.example/a"),
        ("http://x.example:8080/a", "http://x.example:8080/a"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("https://x.example/a?", "https://x.example/a"),
        ("https://x.example/a#b", "https://x.example/a"),
        ("https://x.example/%7Ea%c3%A9%2f%20", "https://x.example/~a%C3%A9/%20"),
        ("https://x.example/a?b=%7e%c3+", "https://x.example/a?b=%7e%c3+"),
        ("https://x.example/a;b=(c)!*'", "https://x.example/a;b=(c)!*'"),
    ],
)
def test_a_url_is_signed_as_the_server_writes_it(url, seen):
    assert cubicweb.seen_url(url) == seen
    assert cubicweb.seen_url(seen) == seen


@pytest.mark.parametrize("url", ["", "/view", "x.example/view", "ftp://x.example/", "https:///a"])
def test_what_is_no_absolute_url_is_not_signed(url):
    with pytest.raises(Malformed):
        cubicweb.seen_url(url)


@pytest.mark.parametrize(
    ("id", "secret"),
    [
        ("", "x"),
        ("a:b", "x"),
        ("a b", "x"),
        ("é", "x"),
        ("a\n", "x"),
        ("a" * 129, "x"),
        ("a", ""),
        ("a", " x"),
        ("a", "x\n"),
    ],
)
def test_a_token_that_would_break_the_header_is_refused(id, secret):
    with pytest.raises(Malformed):
        SigningToken(id, secret)


def test_the_secret_is_not_shown():
    assert "5ec2e7" not in repr(TOKEN)
    assert "5ec2e7" not in repr(signed())
    assert "t0ken" not in repr(SignInForm.parse(FORM))


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        (DATE, 1_700_000_000_000),
        ("Tue, 14 Nov 2023 22:13:20 +0000", 1_700_000_000_000),
        ("Tue, 14 Nov 2023 22:13:20", None),
        ("Tue, 14 Nov 99999 22:13:20 GMT", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_is_read_or_is_none(date, moment):
    assert cubicweb.moment_of(date) == moment


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z]{3}, ?[0-9A-Za-z :+,-]{0,40}"))
def test_no_date_does_more_than_be_none(date):
    found = cubicweb.moment_of(date)
    assert found is None or isinstance(found, int)


@given(st.integers(0, 250_000_000_000_000))
def test_a_date_that_was_written_is_read_again(now):
    assert cubicweb.moment_of(cubicweb.http_date(now)) == now // 1000 * 1000


def test_the_form_is_found_and_filled():
    form = SignInForm.parse(FORM)
    assert form == SignInForm("t0ken")
    body = b"__login=jane&__password=a%26b%3D%C3%BC&csrf_token=t0ken&postlogin_path=%2Fapp%2F"
    assert form.filled("jane", "a&b=ü", then="/app/") == body


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"{}",
        b"<form>",
        FORM.replace(b"__login", b"login"),
        FORM.replace(b"__password", b"password"),
        FORM.replace(b"csrf_token", b"csrf"),
        FORM.replace(b"t&#48;ken", b""),
        FORM.replace(b"t&#48;ken", b"a b"),
        FORM.replace(b"t&#48;ken", b"x" * 257),
        FORM.replace(b"t&#48;ken", b"a&#13;&#10;b"),
        FORM.replace(
            b'<input name="__login">', b'<input name="csrf_token" value="a"><input name="__login">'
        ),
        FORM.replace(b'<input name="__login">', b'</form><input name="__login">'),
        FORM + b" " * cubicweb.MAX_PAGE,
    ],
)
def test_a_page_without_a_usable_form_is_refused(page):
    with pytest.raises(Malformed):
        SignInForm.parse(page)


@given(st.binary(max_size=300))
def test_no_page_does_more_than_be_refused(noise):
    with pytest.raises(Malformed):
        SignInForm.parse(noise)
    assert SignInForm.parse(noise.replace(b"<", b"") + FORM) == SignInForm("t0ken")


@pytest.mark.parametrize(
    ("status", "location", "kind", "content", "asks"),
    [
        (401, None, "application/json", b"{}", True),
        (303, "/login?postlogin_path=/view", "text/html", b"", True),
        (303, "http://x.example/fr/login", "text/html", b"", True),
        (302, "https://x.example/app/login/", "", b"", True),
        (303, "https://x.example/", "text/html", b"", False),
        (303, "https://x.example/logins", "text/html", b"", False),
        (303, "https://x.example/?login", "text/html", b"", False),
        (303, "http://[x/login", "text/html", b"", False),
        (303, None, "text/html", b"", False),
        (200, None, "text/html; charset=UTF-8", FORM, True),
        (403, None, "text/html", FORM, True),
        (200, None, "application/json", FORM, False),
        (200, None, "text/html", b"<p>__login __password</p>", False),
        (403, None, "text/html", b"<p>forbidden</p>", False),
        (200, "/login", "text/html", b"", False),
    ],
)
def test_an_answer_asks_to_sign_in_or_does_not(status, location, kind, content, asks):
    found = cubicweb.asks_to_sign_in(status, location=location, kind=kind, content=content)
    assert found is asks
