"""Refresh families: one row each, whose tokens are told by generation and MAC. Rotation cannot log a healthy user out.

The newest token rotates the family. The one before it gets the same successor again, as long as that successor was not
presented: with the `Idempotency-Key` of the first try without a time limit, without a key for `refresh_retry_window`.
Anything older is theft and ends the grant; a bad MAC is refused and ends nothing (design decision 11).
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

import msgspec
from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.model.token import Family, Token
from sojourn.server.services.context import Context
from sojourn.wire import base64url, seal, tokens

_COUNT: Final = 6
_MAC: Final = 22
_SIZE: Final = 2 + tokens.ID + _COUNT + _MAC
_OPENED: Final = 4_096
_HARDLY: Final = 20
"""A family that is not rotated is written when its life would grow by at least this part of itself."""


class Presented(Struct, frozen=True):
    """A refresh token's text, taken apart but not yet believed."""

    partition: int
    family: str
    generation: int
    mac: str

    @property
    def name(self) -> str:
        """The id of its family in the store."""
        return name_of(self.family)


class Verdict(Enum):
    """What presenting a refresh token means."""

    NEWEST = "newest"
    RETRY = "retry"
    THEFT = "theft"
    FORGED = "forged"


def name_of(family: str) -> str:
    """The id in the store of a family."""
    return "r" + family


def new_seed(context: Context, family: str) -> tuple[bytes, Family]:
    """A fresh MAC seed for a family, and the state that keeps it sealed."""
    seed = context.random(32)
    sealed = seal.seal(
        context.purposes.rotation,
        seed,
        nonce=context.random(12),
        associated=_associated(context.keys.realm, family),
    )
    return seed, Family(seed=base64url.encode(sealed))


def seed_of(context: Context, shown: Presented, state: Family) -> bytes:
    """The unsealed MAC seed of a family."""
    return _opened(context.purposes.rotation, state.seed, context.keys.realm, shown.family)


@lru_cache(maxsize=_OPENED)
def _opened(key: bytes, sealed: str, realm: str, family: str) -> bytes:
    """Unseal once for a family that is in use; the key that opens them all is in memory anyway."""
    return seal.open(key, base64url.decode(sealed), associated=_associated(realm, family))


def _associated(realm: str, family: str) -> bytes:
    return seal.length_prefixed("family", realm, family)


def _mac(seed: bytes, counted: str) -> str:
    """Keyed BLAKE2b (RFC 7693 §2.9), in 22 digits: 131 bits."""
    return tokens.drawn_from(blake2b(counted.encode("ascii"), key=seed).digest(), _MAC)


def family_text(context: Context, part: int, family: str, seed: bytes, generation: int) -> str:
    """The text of a family's token of one generation: always the same."""
    counted = family + tokens.number(generation)
    body = tokens.masked(part, counted + _mac(seed, counted), context.purposes.mask)
    return tokens.encode("r", body)


def parse(context: Context, text: str) -> Presented | None:
    """A refresh token's parts; None for any other text."""
    try:
        kind, body = tokens.decode(text)
        if kind != "r" or len(body) != _SIZE:
            return None
        part = tokens.partition_of(body, context.purposes.mask)
    except Malformed:
        return None
    family, count = body[2:-_MAC][: tokens.ID], body[2:-_MAC][tokens.ID :]
    return Presented(part, family, tokens.value_of(count), body[-_MAC:])


def judge(
    context: Context, shown: Presented, family: Family, seed: bytes, *, retry: str, now: int
) -> Verdict:
    """What presenting `shown` means for its family. `retry` is the digest of the Idempotency-Key, or empty."""
    counted = shown.family + tokens.number(shown.generation)
    if not compare_digest(_mac(seed, counted), shown.mac):
        return Verdict.FORGED
    if shown.generation == family.generation:
        return Verdict.NEWEST
    if shown.generation == family.generation - 1:
        if family.retry:
            return Verdict.RETRY if compare_digest(family.retry, retry) else Verdict.THEFT
        if now < family.rotated + context.retry_window:
            return Verdict.RETRY
    return Verdict.THEFT


def rotated(
    token: Token, family: Family, *, retry: str, now: int, end: int
) -> tuple[Token, Family]:
    """The family's token record one generation on and good until `end` (UTC ms), and the family in it."""
    fresh = msgspec.structs.replace(
        family, generation=family.generation + 1, rotated=now, retry=retry
    )
    later = msgspec.structs.replace(token, family=fresh, used=token.used + 1, expires_at=end)
    return later, fresh


def prolonged(token: Token, *, now: int, end: int) -> Token | None:
    """The record of a family that is not rotated, good until `end` (UTC ms); None while that is hardly later than it is
    good already, so that not every use is a write.
    """
    gain = end - token.expires_at
    if not token.expires_at or gain * _HARDLY < end - now:
        return None
    return msgspec.structs.replace(token, used=token.used + 1, expires_at=end)


def newest_text(context: Context, shown: Presented, family: Family, seed: bytes) -> str:
    """The text of the family's newest token."""
    return family_text(context, shown.partition, shown.family, seed, family.generation)
