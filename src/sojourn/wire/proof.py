"""Proof Key for Code Exchange, S256 only (RFC 7636). The authorization and token endpoints and the
client's code flow stand above it; below it is `base64url`.
"""

from __future__ import annotations

import re
from hashlib import sha256
from hmac import compare_digest

from sojourn.errors import Malformed
from sojourn.wire import base64url

_is_verifier = re.compile(r"[A-Za-z0-9\-._~]{43,128}").fullmatch
_is_challenge = re.compile(r"[A-Za-z0-9_\-]{42}[AEIMQUYcgkosw048]").fullmatch


def verifier_from(random: bytes) -> str:
    """Return the verifier made of `random`, 32 to 96 fresh random bytes (RFC 7636 §4.1)."""
    if not 32 <= len(random) <= 96:
        raise Malformed("A code verifier needs 32 to 96 random bytes.")
    return base64url.encode(random)


def challenge(verifier: str) -> str:
    """Return the S256 challenge of `verifier`, 43 characters (RFC 7636 §4.2)."""
    if not _is_verifier(verifier):
        raise Malformed("A code verifier has 43 to 128 unreserved characters.")
    return base64url.encode(sha256(verifier.encode("ascii")).digest())


def check(verifier: str, expected: str) -> bool:
    """Tell whether `verifier` is the one behind the challenge `expected`, in constant time."""
    if not _is_verifier(verifier) or not _is_challenge(expected):
        return False
    return compare_digest(challenge(verifier), expected)


def is_challenge(text: str) -> bool:
    """Tell whether `text` can be an S256 challenge: the base64url of 32 bytes."""
    return _is_challenge(text) is not None
