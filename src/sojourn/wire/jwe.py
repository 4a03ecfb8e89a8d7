"""Compact JSON Web Encryption (RFC 7516) in the two ways that are taken here: ECDH-ES with P-256 to a public key (RFC
7518 §4.6), and directly with 32 bytes that both sides have (§4.5); always A256GCM. `job` stands above it; below it are
cryptography and `base64url`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from sojourn.errors import Malformed
from sojourn.wire import base64url, json_text, jwk

KEY_SIZE: Final = 32
MAX_SIZE: Final = 1 << 20
"""Characters of a whole text."""

_ENC: Final = "A256GCM"
_NONCE = 12
_TAG = 16
_CURVE = ec.SECP256R1()
_INFO: Final = (
    len(_ENC).to_bytes(4, "big") + _ENC.encode("ascii")  # AlgorithmID
    + bytes(4) + bytes(4)  # PartyUInfo, PartyVInfo: none
    + (8 * KEY_SIZE).to_bytes(4, "big")  # SuppPubInfo
)  # fmt: skip

Recipient = ec.EllipticCurvePublicKey | bytes
"""Whom a text is sealed to."""
Opener = ec.EllipticCurvePrivateKey | bytes
"""What opens it."""


def seal(plaintext: bytes, recipient: Recipient, header: Mapping[str, Any], *, nonce: bytes) -> str:
    """Return `plaintext` sealed to `recipient`; `header` stands in clear, and nothing of it can be changed unseen.

    `nonce` is 12 fresh random bytes, never used twice under one key.
    """
    if isinstance(recipient, bytes):
        key = _checked(recipient)
        members: dict[str, Any] = {"alg": "dir"}
    else:
        ephemeral = ec.generate_private_key(_CURVE)
        key = _agreed(ephemeral, recipient)
        members = {"alg": "ECDH-ES", "epk": jwk.dump(ephemeral.public_key())}
    if len(nonce) != _NONCE:
        raise Malformed("A nonce has 12 bytes.")
    protected = base64url.encode(msgspec.json.encode({**header, **members, "enc": _ENC}))
    sealed = AESGCM(key).encrypt(nonce, plaintext, protected.encode("ascii"))
    parts = (nonce, sealed[:-_TAG], sealed[-_TAG:])
    return ".".join((protected, "", *(base64url.encode(part) for part in parts)))


def header_of(text: str) -> dict[str, Any]:
    """Return what stands in clear, unverified: good for choosing a key, nothing else. Raises Malformed."""
    return json_text.parse_object(base64url.decode(_parts(text)[0]))


def open(text: str, key: Opener) -> bytes:  # noqa: A001 - the word for it
    """Return what was sealed; another key, and whatever was altered, raises Malformed."""
    protected, wrapped, nonce, sealed, tag = _parts(text)
    header = json_text.parse_object(base64url.decode(protected))
    if header.get("enc") != _ENC or "zip" in header or "crit" in header or wrapped:
        raise Malformed("The sealed text is of a kind that is not taken here.")
    content_key = _content_key(header, key)
    initial, ending = base64url.decode(nonce), base64url.decode(tag)
    if len(initial) != _NONCE or len(ending) != _TAG:
        raise Malformed("The sealed text is malformed.")
    body = base64url.decode(sealed) + ending
    try:
        return AESGCM(content_key).decrypt(initial, body, protected.encode("ascii"))
    except InvalidTag:
        # Raised below, outside, so that no chained error holds the key.
        pass
    raise Malformed("The sealed text cannot be opened.")


def _content_key(header: Mapping[str, Any], key: Opener) -> bytes:
    alg = header.get("alg")
    if isinstance(key, bytes):
        if alg != "dir":
            raise Malformed("The text is not sealed with a key that both sides have.")
        return _checked(key)
    epk = header.get("epk")
    if alg != "ECDH-ES" or not isinstance(epk, dict) or "apu" in header or "apv" in header:
        raise Malformed("The text is not sealed to a public key.")
    return _agreed(key, public_key(epk))


def public_key(members: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    """Return the P-256 key of a public JWK. Raises Malformed for a private one and for another."""
    if members.get("use") not in (None, "enc"):
        raise Malformed("The key is not for encryption.")
    kept = {name: members[name] for name in ("kty", "crv", "x", "y", "d") if name in members}
    found = jwk.load(kept)
    if found is None or not isinstance(found.key, ec.EllipticCurvePublicKey):
        raise Malformed("The key is no P-256 key.")
    return found.key


def _agreed(mine: ec.EllipticCurvePrivateKey, theirs: ec.EllipticCurvePublicKey) -> bytes:
    if not isinstance(mine.curve, ec.SECP256R1):
        raise Malformed("The key is no P-256 key.")
    shared = mine.exchange(ec.ECDH(), theirs)
    return ConcatKDFHash(SHA256(), KEY_SIZE, _INFO).derive(shared)


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_SIZE:
        raise Malformed("A key that both sides have has 32 bytes.")
    return key


def _parts(text: str) -> tuple[str, str, str, str, str]:
    if len(text) > MAX_SIZE or not text.isascii() or text.count(".") != 4:
        raise Malformed("The text is not a compact sealed text.")
    protected, wrapped, nonce, sealed, tag = text.split(".")
    return protected, wrapped, nonce, sealed, tag
