"""Opaque token text: one grammar, one spelling."""

from __future__ import annotations

import itertools
from collections import Counter
from zlib import crc32

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire import tokens

KINDS = st.sampled_from("abcdefghijklmnopqrstuvwxyz")
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BODIES = st.text(DIGITS, min_size=1, max_size=tokens.MAX_DIGITS)
LETTERS = DIGITS + "_-. é"
BODY = "0A1B2C3D4E5F6G7H8I9JaKbLcMdNeOfPgQhRiSjTkUlVmWnX"
GOLDEN = "sj_a_0A1B2C3D4E5F6G7H8I9JaKbLcMdNeOfPgQhRiSjTkUlVmWnX46kuPR"


def test_the_shape_of_a_token_never_changes() -> None:
    assert tokens.encode("a", BODY) == GOLDEN
    assert tokens.decode(GOLDEN) == ("a", BODY)
    assert tokens.digest(GOLDEN) == "oxrF-x9wBBzG4J8rB8OtyPk3pP0ZERzvrhWT01qidJA"


@given(KINDS, BODIES)
def test_a_token_comes_back_as_it_went(kind: str, body: str) -> None:
    assert tokens.decode(tokens.encode(kind, body)) == (kind, body)


@given(st.text(max_size=80))
def test_any_text_is_a_token_or_malformed(text: str) -> None:
    for candidate in (text, "sj_" + text, "sj_a_" + text):
        try:
            kind, body = tokens.decode(candidate)
        except Malformed:
            continue
        assert tokens.encode(kind, body) == candidate


def test_a_refusal_does_not_echo_the_text() -> None:
    with pytest.raises(Malformed) as caught:
        tokens.decode("sj_a_verysecret")
    assert "verysecret" not in repr(caught.value)
    assert caught.value.__context__ is None


@given(KINDS, BODIES, st.data())
def test_changing_any_one_letter_is_refused(kind: str, body: str, data: st.DataObject) -> None:
    text = tokens.encode(kind, body)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(LETTERS))
    assume(other != text[at])
    with pytest.raises(Malformed):
        tokens.decode(text[:at] + other + text[at + 1 :])


def test_no_second_spelling_of_a_token_decodes() -> None:
    digits = GOLDEN[5:-6]
    others = [
        GOLDEN.lower(), GOLDEN.upper(), GOLDEN.swapcase(), GOLDEN + "=", " " + GOLDEN,
        GOLDEN + "\n", GOLDEN + "\0",
        with_checksum("sj_A_" + digits),
        with_checksum("SJ_a_" + digits),
        with_checksum("sj_a__" + digits),
        with_checksum("sj__" + digits),
        with_checksum("sj_abcd_" + digits),
        with_checksum("sj_a1_" + digits),
        with_checksum("sj_a_"),
        with_checksum("sj_a_" + digits[:-1] + "٣"),
        with_checksum("sj_a_" + digits[:-1] + "-"),
    ]  # fmt: skip
    for other in others:
        with pytest.raises(Malformed):
            tokens.decode(other)


def with_checksum(text: str) -> str:
    return text + tokens.number(crc32(text.encode()))


@given(
    st.integers(0, 1023),
    st.text(DIGITS, min_size=22, max_size=60),
    st.binary(min_size=1, max_size=32),
)
def test_only_the_mask_key_reveals_the_partition(partition: int, rest: str, key: bytes) -> None:
    body = tokens.masked(partition, rest, key)
    assert tokens.partition_of(body, key) == partition
    assert body[2:] == rest


def test_two_tokens_of_one_partition_do_not_share_a_beginning() -> None:
    key = bytes(32)
    beginnings = {tokens.masked(7, digit * 22, key)[:2] for digit in DIGITS}
    assert len(beginnings) > 50


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", "0"),
        ("ab", "0"),
        ("A", "0"),
        ("é", "0"),
        ("_", "0"),
        ("a", ""),
        ("a", "0-0"),
        ("a", "é"),
        ("a", "0" * (tokens.MAX_DIGITS + 1)),
    ],
)
def test_a_token_out_of_grammar_is_not_made(kind: str, body: str) -> None:
    with pytest.raises(Malformed):
        tokens.encode(kind, body)


def test_short_digits_and_wide_partitions_are_refused() -> None:
    for partition, rest in ((1024, "0" * 22), (-1, "0" * 22), (0, "0" * 21)):
        with pytest.raises(Malformed):
            tokens.masked(partition, rest, bytes(32))
    for body in ("0" * 23, "zz" + "0" * 22):
        with pytest.raises(Malformed):
            tokens.partition_of(body, bytes(32))


def test_every_digit_is_drawn_equally_often() -> None:
    drawn = tokens.drawn_from(bytes(range(256)), 256)
    assert Counter(drawn) == dict.fromkeys(DIGITS, 4)


def test_digits_that_are_passed_over_are_drawn_again() -> None:
    given = itertools.chain([bytes([255]) * 300, bytes(5)], itertools.repeat(bytes(300)))
    assert tokens.digits(22, lambda n: next(given)[:n]) == "0" * 22


def test_a_source_that_gives_nothing_is_an_error_and_no_endless_loop() -> None:
    with pytest.raises(ValueError, match="gives none"):
        tokens.digits(22, lambda n: bytes([255]) * n)


@given(st.integers(0, 62**6 - 1))
def test_a_number_has_one_spelling_of_six_digits(value: int) -> None:
    text = tokens.number(value)
    assert len(text) == 6
    assert tokens.value_of(text) == value


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text_has_a_digest_of_its_own(one: str, other: str) -> None:
    assert len(tokens.digest(one)) == 43
    assert (tokens.digest(one) == tokens.digest(other)) == (one == other)
