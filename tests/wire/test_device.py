"""The code that a person types, and the answer of a device authorization endpoint."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import InvalidClient, Malformed
from sojourn.testing.clock import Randomness
from sojourn.wire import device

CODES = st.text(device.ALPHABET, min_size=device.LENGTH, max_size=device.LENGTH)
ANSWER = {
    "device_code": "d",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://id.example/device",
    "verification_uri_complete": "https://id.example/device?user_code=WDJB-MJHT",
    "expires_in": 600,
    "interval": 5,
}


def parsed(status: int = 200, /, **changes: object) -> device.DeviceAuthorization:
    members = {name: value for name, value in (ANSWER | changes).items() if value is not None}
    return device.DeviceAuthorization.parse(json.dumps(members).encode(), status=status)


@given(CODES)
def test_a_code_is_read_as_it_is_shown(code: str):
    shown = device.grouped(code)
    assert (len(shown), shown[4]) == (9, "-")
    for typed in (shown, code, shown.lower(), f" {shown} ", shown.replace("-", " \N{EN DASH} ")):
        assert device.typed(typed) == code


@given(st.text())
def test_any_other_text_is_malformed_or_a_code(text: str):
    try:
        found = device.typed(text)
    except Malformed:
        return
    assert len(found) == device.LENGTH
    assert set(found) <= set(device.ALPHABET)


@pytest.mark.parametrize("text", ["", "WDJB-MJH", "WDJB-MJHTT", "WDJA-MJHT", "WDJ8-MJHT", "ß" * 8])
def test_what_cannot_be_a_code_is_malformed(text: str):
    with pytest.raises(Malformed):
        device.typed(text)


def test_every_letter_is_drawn_equally_often():
    random = Randomness("codes").bytes
    drawn = Counter("".join(device.draw_user_code(random) for _ in range(5_000)))
    assert set(drawn) == set(device.ALPHABET)
    assert max(drawn.values()) < 1.15 * min(drawn.values())


def test_a_source_that_gives_no_randomness_is_found_out():
    with pytest.raises(ValueError, match="randomness"):
        device.draw_user_code(lambda n: b"\xff" * n)


def test_an_answer_is_read_and_shows_no_secret():
    found = parsed()
    assert (found.user_code, found.expires_in, found.interval) == ("WDJB-MJHT", 600, 5)
    assert "WDJB" not in repr(found)
    assert parsed(interval=None, verification_uri_complete=None).interval is None


@pytest.mark.parametrize(
    "changes",
    [
        {"device_code": None},
        {"user_code": 5},
        {"user_code": "\x1b[2J"},
        {"user_code": " "},
        {"verification_uri": None},
        {"verification_uri": "http://id.example/device"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": "http://127.0.0.1.evil.example/"},
        {"verification_uri": "http://localhost.evil.example/"},
        {"verification_uri": "https://id.example/\x1b]0;x\x07"},
        {"verification_uri_complete": "file:///etc/passwd"},
        {"expires_in": None},
        {"expires_in": True},
        {"expires_in": -1},
        {"interval": 100_000},
        {"interval": "5"},
    ],
)
def test_an_answer_that_breaks_its_grammar_is_malformed(changes: dict[str, object]):
    with pytest.raises(Malformed):
        parsed(**changes)


def test_a_refusal_is_the_error_of_its_code():
    with pytest.raises(InvalidClient):
        parsed(401, error="invalid_client")
