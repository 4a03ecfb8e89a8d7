"""Sealing and message authentication."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire import seal

KEY, NONCE = bytes(range(32)), bytes(range(12))


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_is_sealed_opens_with_the_same_key_and_context_only(
    plain: bytes, context: bytes
) -> None:
    sealed = seal.seal(KEY, plain, nonce=NONCE, associated=context)
    assert seal.open(KEY, sealed, associated=context) == plain
    with pytest.raises(Malformed):
        seal.open(bytes(32), sealed, associated=context)
    with pytest.raises(Malformed):
        seal.open(KEY, sealed, associated=context + b"x")


@given(st.data())
def test_changing_any_byte_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(seal.seal(KEY, b"a secret", nonce=NONCE, associated=b"here"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Malformed):
        seal.open(KEY, bytes(sealed), associated=b"here")


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(sealed: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        seal.open(KEY, sealed, associated=b"")
    assert str(caught.value) == "The sealed text cannot be opened."


def test_wrong_sizes_of_key_and_nonce_are_refused() -> None:
    for key in (b"", bytes(16), bytes(31), bytes(33)):
        with pytest.raises(Malformed):
            seal.seal(key, b"", nonce=NONCE, associated=b"")
        with pytest.raises(Malformed):
            seal.open(key, bytes(40), associated=b"")
    for nonce in (b"", bytes(11), bytes(16)):
        with pytest.raises(Malformed):
            seal.seal(KEY, b"", nonce=nonce, associated=b"")


PARTS = st.lists(st.binary(max_size=5), max_size=4)


@given(PARTS, PARTS)
def test_two_lists_of_parts_never_give_the_same_bytes(one: list[bytes], other: list[bytes]) -> None:
    assert (seal.length_prefixed(*one) == seal.length_prefixed(*other)) == (one == other)


def test_the_mac_is_hmac_sha256_over_prefixed_parts() -> None:
    joined = b"\0\0\0\x02\xc3\xa9\0\0\0\0\0\0\0\x01b"
    assert seal.length_prefixed("é", b"", "b") == joined
    assert seal.mac(b"key", "é", b"", "b") == hmac.new(b"key", joined, hashlib.sha256).digest()
