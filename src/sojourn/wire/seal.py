"""Sealing (AES-256-GCM) and message authentication (HMAC-SHA256) over unambiguous input. Keys and
nonces are arguments. The key services, sealed cookies and the client's credential store stand above
it; below it is cryptography.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from hmac import digest
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sojourn.errors import Malformed

KEY_SIZE: Final = 32
NONCE_SIZE: Final = 12
_TAG_SIZE = 16


def seal(key: bytes, plaintext: bytes, *, nonce: bytes, associated: bytes) -> bytes:
    """Return `nonce` and the ciphertext of `plaintext`, bound to `associated`.

    `key` is 32 bytes; `nonce` is 12 fresh random bytes, never used twice under one key.
    """
    if len(nonce) != NONCE_SIZE:
        raise Malformed("A nonce has 12 bytes.")
    return nonce + _cipher(key).encrypt(nonce, plaintext, associated)


def open(key: bytes, sealed: bytes, *, associated: bytes) -> bytes:  # noqa: A001 - the word for it
    """Return the plaintext of `sealed`; another key, text or `associated` raises Malformed."""
    cipher = _cipher(key)
    if len(sealed) >= NONCE_SIZE + _TAG_SIZE:
        with suppress(InvalidTag):
            return cipher.decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], associated)
    raise Malformed("The sealed text cannot be opened.")


def length_prefixed(*parts: str | bytes) -> bytes:
    """Return the parts joined so that no two lists give the same bytes: four bytes of length each.

    Text counts as UTF-8. The kind of a part (text or bytes) is not told apart.
    """
    joined = bytearray()
    for part in parts:
        raw = part.encode("utf-8") if isinstance(part, str) else part
        joined += len(raw).to_bytes(4, "big")
        joined += raw
    return bytes(joined)


def mac(key: bytes, *parts: str | bytes) -> bytes:
    """Return the HMAC-SHA256 of the length-prefixed parts, 32 bytes."""
    return digest(key, length_prefixed(*parts), "sha256")


@lru_cache(maxsize=16)
def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_SIZE:
        raise Malformed("A sealing key has 32 bytes.")
    return AESGCM(key)
