"""JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037): public keys in and out, one algorithm for each
key, and thumbprints. `jose` stands above it; below it are cryptography and `base64url`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.wire import base64url, json_text

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192
_P256_BYTES = 32
_MAX_KID = 256
_PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
# Curves that exist but that no algorithm of ours uses: their keys are passed over, not refused.
_OTHER_CURVES = ("P-384", "P-521", "secp256k1", "Ed448", "X25519", "X448")
_REQUIRED = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_ALGORITHMS_OF_TYPE = {"RSA": ("RS256", "PS256"), "EC": ("ES256",), "OKP": ("EdDSA",)}


class Jwk(Struct, frozen=True):
    """A public verification key with the one algorithm it serves."""

    kid: str | None
    alg: str
    key: PublicKey


def load(members: Mapping[str, object]) -> Jwk | None:
    """Return the verification key of a JWK, or None for one that serves another purpose.

    None means: another key type, curve, algorithm or `use` than ours. A key without `alg` serves
    the first of its type (RSA: RS256). Private and symmetric keys, RSA below 2048 bits, unknown
    curves and broken numbers raise Malformed.
    """
    kty = json_text.text(members, "kty")
    if kty == "oct" or any(name in members for name in _PRIVATE_MEMBERS):
        raise Malformed("The key set holds a private or symmetric key.")
    algorithms = _ALGORITHMS_OF_TYPE.get(kty)
    if algorithms is None or members.get("crv") in _OTHER_CURVES or not _for_verification(members):
        return None
    key = _parsed(kty, members)
    alg = json_text.optional_text(members, "alg") or algorithms[0]
    kid = json_text.optional_text(members, "kid")
    if kid is not None and len(kid) > _MAX_KID:
        raise Malformed("The key id is too long.")
    return Jwk(kid=kid, alg=alg, key=key) if alg in algorithms else None


def dump(key: PublicKey) -> dict[str, str]:
    """Return the required members of the public key's JWK."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _from_number(numbers.n), "e": _from_number(numbers.e)}
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        x, y = (part.to_bytes(_P256_BYTES, "big") for part in (point.x, point.y))
        return {"kty": "EC", "crv": "P-256", "x": base64url.encode(x), "y": base64url.encode(y)}
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(key.public_bytes_raw())}


def thumbprint(members: Mapping[str, object]) -> str:
    """Return the SHA-256 thumbprint of a JWK, 43 characters (RFC 7638 §3)."""
    names = _REQUIRED.get(json_text.text(members, "kty"))
    if names is None:
        raise Malformed("The key type is unknown.")
    values = [json_text.text(members, name) for name in names]
    for value in values:
        if not value.isascii() or '"' in value or "\\" in value or not value.isprintable():
            raise Malformed("The key is malformed.")
    pairs = ",".join(f'"{name}":"{value}"' for name, value in zip(names, values, strict=True))
    return base64url.encode(sha256(f"{{{pairs}}}".encode("ascii")).digest())


def _for_verification(members: Mapping[str, object]) -> bool:
    operations = members.get("key_ops")
    if operations is not None and "verify" not in json_text.texts(members, "key_ops"):
        return False
    return members.get("use") in (None, "sig")


def _parsed(kty: str, members: Mapping[str, object]) -> PublicKey:
    try:
        return _PARSERS[kty](members)
    except Malformed:
        raise
    except ValueError as error:  # cryptography: a point off the curve, a wrong length
        raise Malformed("The key is malformed.") from error


def _rsa(members: Mapping[str, object]) -> PublicKey:
    n, e = _to_number(members, "n"), _to_number(members, "e")
    if not MIN_RSA_BITS <= n.bit_length() <= MAX_RSA_BITS or not n & 1:
        raise Malformed("An RSA key needs 2048 to 8192 bits.")
    if not e & 1 or not 3 <= e < 2**64:
        raise Malformed("The RSA exponent is out of range.")
    return rsa.RSAPublicNumbers(e, n).public_key()


def _ec(members: Mapping[str, object]) -> PublicKey:
    if members.get("crv") != "P-256":
        raise Malformed("The curve is unknown.")
    x, y = (base64url.decode(json_text.text(members, name)) for name in "xy")
    if len(x) != _P256_BYTES or len(y) != _P256_BYTES:
        raise Malformed("The key is malformed.")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)


def _okp(members: Mapping[str, object]) -> PublicKey:
    if members.get("crv") != "Ed25519":
        raise Malformed("The curve is unknown.")
    raw = base64url.decode(json_text.text(members, "x"))
    return ed25519.Ed25519PublicKey.from_public_bytes(raw)


def _to_number(members: Mapping[str, object], name: str) -> int:
    """Return a Base64urlUInt, which has no leading zero byte (RFC 7518 §2)."""
    raw = base64url.decode(json_text.text(members, name))
    if raw[0] == 0:
        raise Malformed("The key is malformed.")
    return int.from_bytes(raw, "big")


def _from_number(number: int) -> str:
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


_PARSERS: Final[dict[str, Callable[[Mapping[str, object]], PublicKey]]] = {
    "RSA": _rsa,
    "EC": _ec,
    "OKP": _okp,
}
