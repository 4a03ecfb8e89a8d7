"""Form bodies and queries: what is read, what is refused, what is written."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import InvalidRequest, Malformed
from sojourn.wire import forms

ACCEPTED: list[tuple[bytes | str, dict[str, str]]] = [
    (b"", {}),
    (b"a=1&b=2", {"a": "1", "b": "2"}),
    (b"&&a=1&", {"a": "1"}),
    (b"a=", {}),
    (b"a", {}),
    (b"a=b=c", {"a": "b=c"}),
    (b"scope=openid+profile", {"scope": "openid profile"}),
    (b"scope=openid%20profile%2B", {"scope": "openid profile+"}),
    (b"u=https%3A%2F%2Fa.example%2Fcb%3Fx%3D1%26y", {"u": "https://a.example/cb?x=1&y"}),
    (b"n=%C3%A9%f0%9f%8c%8d", {"n": "\u00e9\U0001f30d"}),
    ("n=\u00e9", {"n": "\u00e9"}),
    ("n=\u00e9".encode(), {"n": "\u00e9"}),
    (b"a;b=1", {"a;b": "1"}),
    (b"text=one%0D%0Atwo", {"text": "one\r\ntwo"}),
]
REFUSED: list[bytes | str] = [
    b"a=1&a=2", b"a=1&a=1", b"a=&a=1", b"a&a", b"a=1&%61=2", b"a+b=1&a%20b=2",
    b"a=%", b"a=%4", b"a=%zz", b"a=%+1", b"a=% 1", b"%=1", b"a=%\xc3\xa94", "a=%\u0661\u0661",
    b"a=%ff", b"a=\xff", b"a=%c3", b"a=%ed%a0%80", b"a=%c0%af", "a=\ud800", "\udcff=1",
    b"a=%00", b"a=\0", b"a%00=1", b"a%0a=1", b"a%c2%85=1", b"=1", b"=",
]  # fmt: skip


@pytest.mark.parametrize(("body", "params"), ACCEPTED)
def test_a_good_form_is_read(body: bytes | str, params: dict[str, str]) -> None:
    assert forms.parse(body) == params


@pytest.mark.parametrize("body", REFUSED)
def test_a_bad_form_is_refused(body: bytes | str) -> None:
    with pytest.raises(InvalidRequest):
        forms.parse(body)


def test_a_repeated_parameter_is_named_but_never_its_value() -> None:
    with pytest.raises(InvalidRequest, match="client_id is present more than once") as caught:
        forms.parse("client_id=secret1&client_id=secret2")
    assert "secret" not in str(caught.value)
    with pytest.raises(InvalidRequest, match="A parameter is present more than once"):
        forms.parse("%22%0a<b>=1&%22%0a<b>=2")


@pytest.mark.parametrize(
    ("body", "params"),
    [
        (b"r=a&x=1&r=b", {"r": "a b", "x": "1"}),
        (b"r=a&r=a&r=", {"r": "a a"}),
        (b"r=&r=&r=b", {"r": "b"}),
        (b"r=&r=", {}),
        (b"r=a", {"r": "a"}),
    ],
)
def test_a_parameter_that_may_be_repeated_comes_as_one_text(
    body: bytes, params: dict[str, str]
) -> None:
    assert forms.parse(body, many={"r"}) == params


@pytest.mark.parametrize(
    "body", [b"r=a&x=1&x=2", b"r=a%20b", b"r=a&r=b+c", b"r=a&r=%00", b"r=a&r=%"]
)
def test_what_may_be_repeated_has_limits(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        forms.parse(body, many={"r"})


def test_a_parameter_with_several_values_is_repeated() -> None:
    text = forms.encode({"a": "1", "r": ("x y", "z"), "none": ()})
    assert text == "a=1&r=x%20y&r=z"
    assert forms.with_query("https://a.example/?b=2", {"r": ("x", "z")}) == (
        "https://a.example/?b=2&r=x&r=z"
    )


def test_a_form_over_the_limit_is_refused() -> None:
    assert forms.parse(b"a=" + b"x" * 62, limit=64)
    with pytest.raises(InvalidRequest, match="too large"):
        forms.parse(b"a=" + b"x" * 63, limit=64)


@given(st.one_of(st.binary(max_size=60), st.text("ab=&%+04fgé\0\ud800;", max_size=30)))
def test_any_body_is_a_form_or_an_invalid_request(body: bytes | str) -> None:
    try:
        params = forms.parse(body)
    except InvalidRequest:
        return
    assert forms.parse(forms.encode(params)) == params


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@given(st.dictionaries(NAMES, VALUES))
def test_params_come_back_as_they_went(params: dict[str, str]) -> None:
    assert forms.parse(forms.encode(params)) == params
    assert dict(parse_qsl(forms.encode(params))) == params
    assert forms.parse(urlencode(params)) == params


WITH_QUERY = [
    ("https://a.example/cb", "https://a.example/cb?code=x%20y"),
    ("https://a.example/cb?", "https://a.example/cb?code=x%20y"),
    ("https://a.example/cb?k=v", "https://a.example/cb?k=v&code=x%20y"),
    ("https://a.example/cb?k=v&", "https://a.example/cb?k=v&code=x%20y"),
    ("https://a.example?%7e", "https://a.example?%7e&code=x%20y"),
    ("com.example.app:/cb", "com.example.app:/cb?code=x%20y"),
]


@pytest.mark.parametrize(("uri", "whole"), WITH_QUERY)
def test_parameters_join_a_redirect_uri_without_touching_it(uri: str, whole: str) -> None:
    assert forms.with_query(uri, {"code": "x y"}) == whole
    assert forms.with_query(uri, {}) == uri


def test_a_redirect_uri_with_a_fragment_takes_no_parameters() -> None:
    with pytest.raises(Malformed):
        forms.with_query("https://a.example/cb#x", {"code": "x"})


def test_text_that_is_not_unicode_is_not_written() -> None:
    with pytest.raises(Malformed):
        forms.encode({"a": "\ud800"})
