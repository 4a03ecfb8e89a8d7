"""Opaque token text: one grammar, one spelling."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire import tokens

KINDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=3)
BODIES = st.binary(max_size=tokens.MAX_BODY)
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-. é"
GOLDEN = "sj_a_000zBJgKDCN3UxBC9aq3GC8ESWqf5RPqpcRfkfLs21K1ez0WgrW5"


def test_the_shape_of_a_token_never_changes() -> None:
    assert tokens.encode("a", bytes(range(34))) == GOLDEN
    assert tokens.decode(GOLDEN) == ("a", bytes(range(34)))
    assert tokens.digest(GOLDEN) == "h6P-Xfz4dVc7ZF_eln_fFNzxQM_XxKnQODlluQoRGIY"


@given(KINDS, BODIES)
def test_a_token_comes_back_as_it_went(kind: str, body: bytes) -> None:
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


@given(KINDS, st.binary(min_size=18, max_size=40), st.data())
def test_changing_any_one_letter_is_refused(kind: str, body: bytes, data: st.DataObject) -> None:
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
        with_checksum("sj_a_0" + digits),
        with_checksum("sj_a_" + digits.lstrip("0")),
        with_checksum("sj_A_" + digits),
        with_checksum("SJ_a_" + digits),
        with_checksum("sj_a__" + digits),
        with_checksum("sj__" + digits),
        with_checksum("sj_abcd_" + digits),
        with_checksum("sj_a1_" + digits),
        with_checksum("sj_a_" + "z" * len(digits)),
        with_checksum("sj_a_" + digits[:-1] + "-"),
    ]  # fmt: skip
    for other in others:
        with pytest.raises(Malformed):
            tokens.decode(other)


def with_checksum(text: str) -> str:
    return text + tokens._checksum(text)


@given(
    st.integers(0, 0xFFFF), st.binary(min_size=16, max_size=60), st.binary(min_size=1, max_size=32)
)
def test_only_the_mask_key_reveals_the_partition(partition: int, rest: bytes, key: bytes) -> None:
    body = tokens.masked(partition, rest, key)
    assert tokens.partition_of(body, key) == partition
    assert body[2:] == rest


def test_two_tokens_of_one_partition_do_not_share_a_beginning() -> None:
    key = bytes(32)
    beginnings = {tokens.masked(7, bytes([n]) * 32, key)[:2] for n in range(50)}
    assert len(beginnings) > 40


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", b""),
        ("abcd", b""),
        ("A", b""),
        ("é", b""),
        ("a_", b""),
        ("a", bytes(tokens.MAX_BODY + 1)),
    ],
)
def test_a_token_out_of_grammar_is_not_made(kind: str, body: bytes) -> None:
    with pytest.raises(Malformed):
        tokens.encode(kind, body)


def test_short_randomness_and_wide_partitions_are_refused() -> None:
    with pytest.raises(Malformed):
        tokens.random_token("a", 1, random=bytes(31), mask_key=bytes(32))
    with pytest.raises(Malformed):
        tokens.masked(65536, bytes(32), bytes(32))
    with pytest.raises(Malformed):
        tokens.masked(-1, bytes(32), bytes(32))
    with pytest.raises(Malformed):
        tokens.partition_of(bytes(17), bytes(32))


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text_has_a_digest_of_its_own(one: str, other: str) -> None:
    assert len(tokens.digest(one)) == 43
    assert (tokens.digest(one) == tokens.digest(other)) == (one == other)
