"""Subject identifiers: public, pairwise and ephemeral (OpenID Connect Core §8). The MAC key comes from `services.keys`.

HMAC-SHA256 over length-prefixed fields, so that no two different field lists give one subject.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Final

SUBJECT_TYPES: Final = ("public", "pairwise", "ephemeral")


@lru_cache(maxsize=16_384)
def _known(key: bytes, *fields: str) -> str:
    """A subject that the same user has again and again."""
    return _mac(key, *fields)


def _mac(key: bytes, *fields: str) -> str:
    text = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (f.encode() for f in fields))
    return urlsafe_b64encode(hmac.digest(key, text, "sha256")).rstrip(b"=").decode()


def subject(
    sub_type: str, *, key: bytes, realm: str, user_id: str, sector: str = "", nonce: str = ""
) -> str:
    """The `sub` of a user for a client: 43 characters.

    sector  the sector identifier; needed when `sub_type` is `pairwise`
    nonce   fresh randomness; needed when it is `ephemeral`

    Raises ValueError for an unknown type or a missing field.
    """
    if sub_type == "public":
        return _known(key, "public", realm, user_id)
    if sub_type == "pairwise":
        if not sector:
            message = "a pairwise subject needs a sector identifier"
            raise ValueError(message)
        return _known(key, "pairwise", realm, user_id, sector)
    if sub_type == "ephemeral":
        if not nonce:
            message = "an ephemeral subject needs fresh randomness"
            raise ValueError(message)
        return _mac(key, "ephemeral", realm, user_id, nonce)
    message = f"unknown subject type {sub_type!r}: one of {', '.join(SUBJECT_TYPES)}"
    raise ValueError(message)
