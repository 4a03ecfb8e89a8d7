"""Compact JSON Web Signatures and Tokens (RFC 7515, 7519, 8725): signing keys, key sets, their
checks, and the hashes and times around them. Services, endpoints, dialects and resource servers
stand above it; below it are `jwk`, `json_text` and cryptography, used directly for speed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256, sha512
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from sojourn.errors import Malformed, UnknownKey
from sojourn.wire import base64url, json_text, jwk
from sojourn.wire.jwk import PublicKey, thumbprint

__all__ = [
    "ALGORITHMS",
    "SIGNING_ALGORITHMS",
    "Jwt",
    "KeySet",
    "SigningKey",
    "at_hash",
    "check_times",
    "header_of",
    "thumbprint",
    "verified",
]

ALGORITHMS: Final = ("ES256", "RS256", "EdDSA", "PS256")
SIGNING_ALGORITHMS: Final = ("ES256", "RS256", "EdDSA")
MAX_SIZE: Final = 16384

_MAX_KEYS = 100
_P256_BYTES = 32
_SHA256 = hashes.SHA256()
_ECDSA = ec.ECDSA(_SHA256)
_PKCS1 = padding.PKCS1v15()
_PSS = padding.PSS(mgf=padding.MGF1(_SHA256), salt_length=_SHA256.digest_size)
_HALF_HASHES = {"ES256": sha256, "RS256": sha256, "PS256": sha256, "EdDSA": sha512}

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class Jwt(msgspec.Struct, frozen=True):
    """A token whose signature was verified: nothing is said yet about who, for whom and when."""

    header: dict[str, Any]
    claims: dict[str, Any]


class SigningKey:
    """A private key with its id and its one algorithm; neither `repr` nor an error shows it."""

    __slots__ = ("_headers", "_private", "_sign", "alg", "kid")

    def __init__(self, kid: str, alg: str, *, private: PrivateKey) -> None:
        if not kid:
            raise Malformed("A signing key needs an id.")
        self.kid: Final = kid
        self.alg: Final = alg
        self._private = private
        self._sign = _signer(alg, private)
        self._headers: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r}, alg={self.alg!r})"

    @classmethod
    def load(cls, kid: str, alg: str, *, pkcs8_der: bytes) -> SigningKey:
        """Return the key of an unencrypted PKCS #8 DER text, as `dump` wrote it."""
        private: object = None
        # Raised below, outside, so that no chained error holds the key's bytes.
        with suppress(ValueError, TypeError, UnsupportedAlgorithm):
            private = serialization.load_der_private_key(pkcs8_der, password=None)
        if not isinstance(private, PrivateKey):
            raise Malformed("The text is not a private key of a known type.")
        return cls(kid, alg, private=private)

    def dump(self) -> bytes:
        """Return the private key as PKCS #8 DER, unencrypted: the caller seals it."""
        return self._private.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def sign(self, claims: Mapping[str, object], *, typ: str) -> str:
        """Return a compact JWS over `claims` with `alg`, `kid` and `typ` in its header."""
        header = self._headers.get(typ)
        if header is None:
            members = {"alg": self.alg, "kid": self.kid, "typ": typ}
            header = base64url.encode_bytes(msgspec.json.encode(members)) + b"."
            self._headers[typ] = header
        payload = msgspec.json.encode(claims if type(claims) is dict else dict(claims))
        return self.sign_under(header, payload)

    def sign_under(self, header: bytes, payload: bytes) -> str:
        """Return a compact JWS over `payload` under `header`: base64url with its dot, made once by who signs often."""
        signed = header + base64url.encode_bytes(payload)
        return (signed + b"." + base64url.encode_bytes(self._sign(signed))).decode("ascii")

    def public_key(self) -> PublicKey:
        """Return the public half."""
        return self._private.public_key()

    def public_jwk(self) -> dict[str, str]:
        """Return the public JWK with `kid`, `alg` and `use`."""
        return jwk.dump(self.public_key()) | {"kid": self.kid, "alg": self.alg, "use": "sig"}


class KeySet:
    """Public keys that may verify; each serves exactly one algorithm."""

    __slots__ = ("_by_kid", "_keys")

    def __init__(self, keys: Iterable[jwk.Jwk]) -> None:
        self._keys = tuple(keys)
        named = [key for key in self._keys if key.kid is not None]
        self._by_kid = {key.kid: key for key in named}
        if len(self._by_kid) != len(named):
            raise Malformed("The key set uses a key id twice.")

    @classmethod
    def load(cls, document: Mapping[str, object]) -> KeySet:
        """Return the set of a JWKS document (RFC 7517 §5); `jwk.load` says what is refused."""
        members = document.get("keys")
        if not isinstance(members, list) or len(members) > _MAX_KEYS:
            raise Malformed("A key set needs an array of at most 100 keys.")
        if not all(isinstance(member, Mapping) for member in members):
            raise Malformed("A key of the set is not an object.")
        return cls(key for key in map(jwk.load, members) if key is not None)

    @classmethod
    def of(cls, keys: Iterable[SigningKey]) -> KeySet:
        """Return the set that verifies what `keys` sign."""
        return cls(jwk.Jwk(kid=key.kid, alg=key.alg, key=key.public_key()) for key in keys)

    def __len__(self) -> int:
        return len(self._keys)

    def verify(self, text: str, *, algs: Collection[str], typ: str | None) -> Jwt:
        """Return the token's header and claims once its signature is found good.

        `typ` is the header's wanted type (any case, `application/` optional); None wants `JWT` or
        no type, so that one kind of token never passes for another (RFC 8725 §3.11). No key for
        the token raises UnknownKey, everything else Malformed. Claims are not judged here.
        """
        return verified(text, algs=algs, typ=typ, key_for=self._for)

    def _for(self, header: Mapping[str, object], alg: str) -> jwk.Jwk:
        return self._choose(json_text.optional_text(header, "kid"), alg)

    def _choose(self, kid: str | None, alg: str) -> jwk.Jwk:
        if kid is None:
            fitting = [key for key in self._keys if key.alg == alg]
            if len(fitting) != 1:
                raise UnknownKey
            return fitting[0]
        key = self._by_kid.get(kid)
        if key is None:
            raise UnknownKey
        if key.alg != alg:
            raise Malformed("The token's algorithm is not that of its key.")
        return key


def verified(
    text: str,
    *,
    algs: Collection[str],
    typ: str | None,
    key_for: Callable[[Mapping[str, object], str], jwk.Jwk],
) -> Jwt:
    """Return header and claims of a token once its signature is found good, as `KeySet.verify` says.

    key_for  the key for a header and its algorithm, which was checked to be one of `algs`
    """
    header, signed, payload, signature = _split(text)
    alg = json_text.text(header, "alg")
    if alg not in algs or alg not in _VERIFIERS:
        raise Malformed("The token's algorithm is not allowed.")
    if "crit" in header or "b64" in header:
        raise Malformed("The token has critical header members that are unknown.")
    _check_type(json_text.optional_text(header, "typ"), typ)
    key = key_for(header, alg)
    if not _VERIFIERS[alg](key.key, signature, signed):
        raise Malformed("The token's signature is wrong.")
    return Jwt(header=header, claims=json_text.parse_object(base64url.decode(payload)))


def header_of(text: str) -> dict[str, Any]:
    """Return the header of a compact JWS, unverified: good for choosing a key set, nothing else."""
    return _split(text)[0]


def at_hash(alg: str, token: str) -> str:
    """Return the `at_hash` or `c_hash` of `token` (OpenID Connect Core §3.1.3.6)."""
    hashed = _HALF_HASHES.get(alg)
    if hashed is None or not token.isascii():
        raise Malformed("No hash is defined for this algorithm.")
    whole = hashed(token.encode("ascii")).digest()
    return base64url.encode(whole[: len(whole) // 2])


def check_times(claims: Mapping[str, object], *, now: int, skew_ms: int = 10_000) -> None:
    """Raise Malformed unless `exp` (required), `nbf` and `iat` fit `now` (UTC milliseconds)."""
    if json_text.moment(claims, "exp") + skew_ms <= now:
        raise Malformed("The token has expired.")
    for name in ("nbf", "iat"):
        start = json_text.optional_moment(claims, name)
        if start is not None and start - skew_ms > now:
            raise Malformed("The token is not valid yet.")


def _split(text: str) -> tuple[dict[str, Any], bytes, str, bytes]:
    """Return header, signed bytes, payload text and signature."""
    if len(text) > MAX_SIZE or text.count(".") != 2 or not text.isascii():
        raise Malformed("The text is not a compact signed token.")
    head, payload, signature = text.split(".")
    header = json_text.parse_object(base64url.decode(head))
    signed = text[: len(head) + 1 + len(payload)].encode("ascii")
    return header, signed, payload, base64url.decode(signature)


def _check_type(found: str | None, wanted: str | None) -> None:
    name = "jwt" if found is None else found.lower().removeprefix("application/")
    if name != ("jwt" if wanted is None else wanted.lower()) or (wanted and found is None):
        raise Malformed("The token is of another type.")


def _signer(alg: str, private: PrivateKey) -> Callable[[bytes], bytes]:
    if alg == "ES256" and isinstance(private, ec.EllipticCurvePrivateKey):
        if isinstance(private.curve, ec.SECP256R1):
            return lambda data: _raw(private.sign(data, _ECDSA))
    elif alg == "RS256" and isinstance(private, rsa.RSAPrivateKey):
        if jwk.MIN_RSA_BITS <= private.key_size <= jwk.MAX_RSA_BITS:
            return lambda data: private.sign(data, _PKCS1, _SHA256)
    elif alg == "EdDSA" and isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign
    raise Malformed("The key and the algorithm do not fit.")


def _raw(der: bytes) -> bytes:
    """Turn a P-256 signature, SEQUENCE { INTEGER r, INTEGER s }, into r || s (RFC 7518 §3.4)."""
    end = 4 + der[3]
    r, s = der[4:end][-_P256_BYTES:], der[end + 2 :][-_P256_BYTES:]
    return r.rjust(_P256_BYTES, b"\0") + s.rjust(_P256_BYTES, b"\0")


def _is_es256(key: PublicKey, signature: bytes, signed: bytes) -> bool:
    if not isinstance(key, ec.EllipticCurvePublicKey) or len(signature) != 2 * _P256_BYTES:
        return False
    r = int.from_bytes(signature[:_P256_BYTES], "big")
    s = int.from_bytes(signature[_P256_BYTES:], "big")
    return _holds(lambda: key.verify(encode_dss_signature(r, s), signed, _ECDSA))


def _is_rs256(key: PublicKey, signature: bytes, signed: bytes) -> bool:
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    return _holds(lambda: key.verify(signature, signed, _PKCS1, _SHA256))


def _is_ps256(key: PublicKey, signature: bytes, signed: bytes) -> bool:
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    return _holds(lambda: key.verify(signature, signed, _PSS, _SHA256))


def _is_eddsa(key: PublicKey, signature: bytes, signed: bytes) -> bool:
    if not isinstance(key, ed25519.Ed25519PublicKey):
        return False
    return _holds(lambda: key.verify(signature, signed))


def _holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except InvalidSignature:
        return False
    return True


_VERIFIERS: Final[dict[str, Callable[[PublicKey, bytes, bytes], bool]]] = {
    "ES256": _is_es256,
    "RS256": _is_rs256,
    "PS256": _is_ps256,
    "EdDSA": _is_eddsa,
}
