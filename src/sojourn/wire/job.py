"""The text of a user who goes off with a job: sealed to whoever runs it, with what binds it in clear and authenticated
(version, key id, audience, end, own id), and the keys that it is sealed to. The client's `jobs` stands above it; below
it are `jwe` and `jwk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple, Self

from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.wire import base64url, json_text, jwe, jwk, seal

VERSION: Final = 1
TYPE: Final = "sojourn-job+jwe"
KEY_MEMBERS: Final = ("kty", "crv", "x", "y")

_LONGEST = 2048


class NewerJob(Malformed):
    text = "The job's user was written by a later release."


class Recipient(NamedTuple):
    """Whom a text is sealed to, and the name of the key."""

    key: jwe.Recipient
    kid: str

    def __repr__(self) -> str:
        return f"<Recipient {self.kid}>"


class Opener(NamedTuple):
    """What opens a text, and the names that the key goes by."""

    key: jwe.Opener
    kids: frozenset[str]

    def __repr__(self) -> str:
        return "<Opener>"


class JobText(Struct, frozen=True):
    """What stands in clear; `exp` is UTC milliseconds, whole seconds."""

    kid: str
    aud: str
    exp: int
    jti: str

    def sealed(self, content: bytes, recipient: Recipient, *, nonce: bytes) -> str:
        """Return the text. `nonce` is 12 fresh random bytes."""
        told = {
            "typ": TYPE,
            "v": VERSION,
            "kid": self.kid,
            "aud": self.aud,
            "exp": self.exp // 1000,
            "jti": self.jti,
        }
        return jwe.seal(content, recipient.key, told, nonce=nonce)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what stands in clear, which nothing proves before the text was opened. NewerJob for a later version,
        Malformed for anything else that is no such text."""
        header = jwe.header_of(text)
        version = header.get("v")
        if header.get("typ") != TYPE or not isinstance(version, int) or isinstance(version, bool):
            raise Malformed("It is no job's user.")
        if version > VERSION:
            raise NewerJob
        kid, aud, jti = (json_text.text(header, name) for name in ("kid", "aud", "jti"))
        if version < 1 or max(len(kid), len(aud), len(jti)) > _LONGEST:
            raise Malformed("A member is too long, or its version is none.")
        return cls(kid, aud, json_text.moment(header, "exp"), jti)


def recipient(key: Mapping[str, Any] | bytes) -> Recipient:
    """Return whom a public JWK, or 32 bytes that both sides have, stands for. Raises Malformed."""
    if isinstance(key, bytes):
        if len(key) != jwe.KEY_SIZE:
            raise Malformed("A key that both sides have has 32 bytes.")
        return Recipient(key, _kid_of_bytes(key))
    if "d" in key or "k" in key:
        raise Malformed("The recipient's key is a private one: only the farm may have that.")
    return Recipient(jwe.public_key(key), _kid_of(key))


def opener(key: Mapping[str, Any] | bytes) -> Opener:
    """Return what a private JWK, or 32 bytes that both sides have, opens. Raises Malformed."""
    if isinstance(key, bytes):
        return Opener(key, frozenset({recipient(key).kid}))
    private = _private(key)
    return Opener(private, frozenset({_kid_of(key), jwk.thumbprint(key)}))


def opener_of(text: str) -> Opener:
    """Return what `text` opens: a private JWK as JSON, or 32 bytes as base64url. Raises Malformed, never echoing it."""
    if text.lstrip().startswith("{"):
        return opener(json_text.parse_object(text))
    return opener(base64url.decode(text.strip()))


def new_keys() -> tuple[dict[str, str], dict[str, str]]:
    """Return a fresh pair for a farm: its private and its public JWK."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = jwk.dump(private.public_key())
    d = private.private_numbers().private_value.to_bytes(32, "big")
    named = {"use": "enc", "alg": "ECDH-ES", "kid": jwk.thumbprint(public)}
    return {**public, "d": base64url.encode(d), **named}, {**public, **named}


def _private(members: Mapping[str, Any]) -> ec.EllipticCurvePrivateKey:
    public = jwe.public_key({name: members.get(name, "") for name in KEY_MEMBERS})
    value = int.from_bytes(base64url.decode(json_text.text(members, "d")), "big")
    found: ec.EllipticCurvePrivateKey | None = None
    # Raised below, outside, so that no chained error holds the key.
    with suppress(ValueError):
        found = ec.EllipticCurvePrivateNumbers(value, public.public_numbers()).private_key()
    if found is None:
        raise Malformed("The private key is none, or not that of its public one.")
    return found


def _kid_of(key: Mapping[str, Any]) -> str:
    return json_text.optional_text(key, "kid") or jwk.thumbprint(key)


def _kid_of_bytes(key: bytes) -> str:
    return base64url.encode(seal.mac(key, "job key")[:9])
