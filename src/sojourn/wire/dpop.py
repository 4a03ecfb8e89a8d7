"""Demonstrating Proof of Possession (RFC 9449): proofs made and checked, the target they name, and nonces without
memory. The token endpoint, resource servers and the client's dialects stand above it; below it are `jose` and `jwk`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b, sha256
from hmac import compare_digest
from typing import Final

import msgspec
from msgspec import Struct

from sojourn.errors import InvalidDpopProof, Malformed, UseDpopNonce
from sojourn.wire import base64url, json_text, jwk, oauth
from sojourn.wire.jose import SigningKey, verified

ALGORITHMS: Final = ("ES256", "EdDSA", "PS256")
"""Of proofs that are accepted, the preferred one first."""
LIFE: Final = 60_000
"""Ms from a proof's `iat` for which it is accepted, and for which its `jti` must be remembered."""
SKEW: Final = 10_000
"""Ms that a proof's `iat` and `nbf` may be ahead, and its `exp` behind."""

NONCE_LIFE: Final = 300_000
"""Ms for which a nonce is good at least."""
_STEP: Final = 60_000
_SIZES: Final = (4, 16)
_TYP: Final = "dpop+jwt"
_PORTS: Final = {"http": "80", "https": "443"}

_parts = re.compile(
    r"([Hh][Tt][Tt][Pp][Ss]?)://([A-Za-z0-9.\-_~!$&'()*+,;=%]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]*))?"
    r"((?:/[\x21\x22\x24-\x3e\x40-\x5b\x5d-\x7e]*)?)(?:[?#].*)?"
).fullmatch
_escape = re.compile(r"%([0-9A-Fa-f]{2})").sub
_is_unreserved = re.compile(r"[A-Za-z0-9\-._~]").fullmatch
_is_thumbprint = re.compile(r"[A-Za-z0-9_\-]{42}[AEIMQUYcgkosw048]").fullmatch


class Proof(Struct, frozen=True):
    """A proof found good for its request. Whether its nonce and its `jti` are is for the server to say.

    thumbprint  of the key that it proves (`jkt`)
    until       UTC ms: from then on it is refused for its age
    """

    thumbprint: str
    jti: str
    until: int
    nonce: str | None

    def __repr__(self) -> str:
        return f"Proof({self.thumbprint[:8]}...)"


class ProofKey:
    """A private key that proofs are made with. What never changes of them is worked out once."""

    __slots__ = ("_head", "_key", "thumbprint")

    def __init__(self, key: SigningKey) -> None:
        members = jwk.dump(key.public_key())
        self.thumbprint: Final = jwk.thumbprint(members)
        self._key = key
        header = {"typ": _TYP, "alg": key.alg, "jwk": members}
        self._head = base64url.encode_bytes(msgspec.json.encode(header)) + b"."

    def __repr__(self) -> str:
        return f"ProofKey({self.thumbprint[:8]}...)"

    @classmethod
    def load(cls, text: str) -> ProofKey:
        """Return the P-256 key that `dump` wrote."""
        return cls(SigningKey.load("dpop", "ES256", pkcs8_der=base64url.decode(text)))

    def dump(self) -> str:
        """Return the private key as text, unencrypted: the caller seals it."""
        return base64url.encode(self._key.dump())

    def proof(
        self, method: str, url: str, *, now: int, jti: str, ath: str = "", nonce: str | None = None
    ) -> str:
        """Return the proof for one request (§4.2): `jti` is fresh, `now` UTC ms, `ath` that of the token shown."""
        claims: dict[str, object] = {
            "jti": jti,
            "htm": method,
            "htu": named(url),
            "iat": now // 1000,
        }
        if ath:
            claims["ath"] = ath
        if nonce is not None:
            claims["nonce"] = nonce
        return self._key.sign_under(self._head, msgspec.json.encode(claims))


def ath(token: str) -> str:
    """Return what a proof says of the access token that it goes with (§4.2)."""
    return base64url.encode(sha256(token.encode("ascii")).digest())


def named(url: str) -> str:
    """Return `url` as a proof names it: without query and fragment (§4.2)."""
    bare = url.partition("#")[0].partition("?")[0]
    return bare if bare.find("/", bare.find("://") + 3) > 0 else f"{bare}/"


def is_thumbprint(text: str) -> bool:
    """Tell whether `text` can be a key's thumbprint: the base64url of 32 bytes."""
    return _is_thumbprint(text) is not None


def check(text: str, *, method: str, url: str, now: int, token: str | None = None) -> Proof:
    """Return the proof in `text` if it is good for a request, by the list of §4.3; its nonce is not looked at.

    method, url  of the request as it came; query and fragment do not count
    now          UTC ms
    token        the access token that came with it; None where none does

    Raises InvalidDpopProof.
    """
    found: list[Mapping[str, object]] = []

    def key_for(header: Mapping[str, object], alg: str) -> jwk.Jwk:
        members = header.get("jwk")
        if not isinstance(members, dict) or members.get("alg") not in (None, alg):
            raise Malformed("The proof holds no key of its algorithm.")
        key = jwk.load({**members, "alg": alg})
        if key is None:
            raise Malformed("The proof's key is not for its algorithm.")
        found.append(members)
        return key

    try:
        claims = verified(text, algs=ALGORITHMS, typ=_TYP, key_for=key_for).claims
        _check_request(claims, method, url)
        until = _check_times(claims, now)
        if token is not None:
            _check_token(claims, token)
        nonce, jti = json_text.optional_text(claims, "nonce"), json_text.text(claims, "jti")
        return Proof(jwk.thumbprint(found[0]), jti, until, nonce)
    except Malformed as cause:
        raise InvalidDpopProof(f"The DPoP proof was refused: {cause.public}") from cause


def _check_request(claims: Mapping[str, object], method: str, url: str) -> None:
    if json_text.text(claims, "htm") != method:
        raise Malformed("It is for another method.")
    if target(json_text.text(claims, "htu")) != target(url):
        raise Malformed("It is for another URL.")


def _check_token(claims: Mapping[str, object], token: str) -> None:
    shown = json_text.text(claims, "ath").encode("utf-8", "surrogatepass")
    if not compare_digest(shown, ath(token).encode("ascii")):
        raise Malformed("It goes with another access token.")


def _check_times(claims: Mapping[str, object], now: int) -> int:
    """`iat` must be of now; `exp` and `nbf`, which no proof needs, are heeded where they are."""
    made = json_text.moment(claims, "iat")
    if now >= made + LIFE or made > now + SKEW:
        raise Malformed("It was not made just now: look at the clock.")
    expires, begins = (json_text.optional_moment(claims, name) for name in ("exp", "nbf"))
    if (expires is not None and expires + SKEW <= now) or (begins or 0) > now + SKEW:
        raise Malformed("Its time is over, or has not come.")
    return made + LIFE


@lru_cache(maxsize=512)
def _target(url: str) -> str:
    parts = _parts(url)
    if parts is None:
        raise Malformed("A URL in it is not an absolute http or https URL.")
    scheme, host, port, path = parts[1].lower(), parts[2].lower(), parts[3], parts[4]
    port = f":{port}" if port and port != _PORTS[scheme] else ""
    return f"{scheme}://{host}{port}{_without_dots(_escape(_plain, path)) or '/'}"


def target(url: str) -> str:
    """Return what a URL and a proof's `htu` are compared by: normalised by syntax and scheme (RFC 3986 §6.2.2, §6.2.3),
    without query and fragment. Raises Malformed.
    """
    return _target(url.partition("#")[0].partition("?")[0])


def _plain(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    return letter if _is_unreserved(letter) else found[0].upper()


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986 §5.2.4) from a path that begins with a slash, or is empty."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "".join(f"/{segment}" for segment in kept)


class Nonces:
    """Nonces that need no memory (§8): the minute they were made in, and a MAC. Whoever has the key knows them all."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes, the same in every process that shall know the nonces of the others."""
        self._key = key

    def make(self, now: int) -> str:
        """Return the nonce of this moment (UTC ms)."""
        return self._text(now // _STEP)

    def check(self, nonce: str | None, *, now: int, required: bool = True) -> None:
        """Raise UseDpopNonce, which holds a fresh one, unless `nonce` is ours and of the last five minutes.

        required  whether there must be one; one that is there is always checked
        """
        if nonce is None and not required:
            return
        if nonce is None or not self._is_good(nonce, now // _STEP):
            raise UseDpopNonce(nonce=self.make(now))

    def _is_good(self, nonce: str, step: int) -> bool:
        try:
            made = int.from_bytes(base64url.decode(nonce)[: _SIZES[0]], "big")
        except Malformed:
            return False
        if not 0 <= step - made <= NONCE_LIFE // _STEP:
            return False
        return compare_digest(nonce.encode("ascii"), self._text(made).encode("ascii"))

    def _text(self, step: int) -> str:
        counted = step.to_bytes(_SIZES[0], "big")
        mac = blake2b(counted, digest_size=_SIZES[1], key=self._key, person=b"dpop nonce")
        return base64url.encode(counted + mac.digest())


def token_of(header: str) -> str | None:
    """Return the token of an Authorization header with the DPoP scheme (§7.1); None for another scheme.

    Raises InvalidToken where the scheme is DPoP and no proper token follows.
    """
    return oauth.token_under("DPoP", header)


def challenge(*, realm: str) -> str:
    """Return the WWW-Authenticate value that says DPoP is taken here, and with which algorithms (§7.1)."""
    return f'DPoP realm="{oauth.quotable(realm)}", algs="{" ".join(ALGORITHMS)}"'
