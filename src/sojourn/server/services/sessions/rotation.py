"""Refresh families: one row each, whose tokens are told by generation and MAC. Rotation cannot log a healthy user out.

The newest token rotates the family. The one before it gets the same successor again, as long as that successor was not
presented: with the `Idempotency-Key` of the first try without a time limit, without a key for `refresh_retry_window`.
Anything older is theft and ends the grant; a bad MAC is refused and ends nothing (design decision 11).
"""

from __future__ import annotations

import hmac
from enum import Enum
from typing import Final

import msgspec
from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.model.token import Family, Token
from sojourn.server.services.context import Context
from sojourn.wire import base64url, seal, tokens

_ID: Final = 16
_GENERATION: Final = 4
_MAC: Final = 16
_SIZE: Final = 2 + _ID + _GENERATION + _MAC


class Presented(Struct, frozen=True):
    """A refresh token's text, taken apart but not yet believed."""

    partition: int
    raw: bytes
    generation: int
    mac: bytes

    @property
    def name(self) -> str:
        """The id of its family in the store."""
        return "r" + base64url.encode(self.raw)


class Verdict(Enum):
    """What presenting a refresh token means."""

    NEWEST = "newest"
    RETRY = "retry"
    THEFT = "theft"
    FORGED = "forged"


def _associated(context: Context, raw: bytes) -> bytes:
    return seal.length_prefixed("family", context.keys.realm, raw)


def new_seed(context: Context, raw: bytes) -> tuple[bytes, Family]:
    """A fresh family for the id `raw`: its MAC seed, and the state that keeps it sealed."""
    seed = context.random(32)
    sealed = seal.seal(
        context.purposes.rotation,
        seed,
        nonce=context.random(12),
        associated=_associated(context, raw),
    )
    return seed, Family(seed=base64url.encode(sealed))


def seed_of(context: Context, shown: Presented, family: Family) -> bytes:
    """The unsealed MAC seed of a family."""
    return seal.open(
        context.purposes.rotation,
        base64url.decode(family.seed),
        associated=_associated(context, shown.raw),
    )


def _mac(seed: bytes, raw: bytes, generation: bytes) -> bytes:
    return hmac.digest(seed, raw + generation, "sha256")[:_MAC]


def family_text(context: Context, part: int, raw: bytes, seed: bytes, generation: int) -> str:
    """The text of a family's token of one generation: always the same."""
    count = generation.to_bytes(_GENERATION, "big")
    rest = raw + count + _mac(seed, raw, count)
    return tokens.encode("r", tokens.masked(part, rest, context.purposes.mask))


def parse(context: Context, text: str) -> Presented | None:
    """A refresh token's parts; None for any other text."""
    try:
        kind, body = tokens.decode(text)
    except Malformed:
        return None
    if kind != "r" or len(body) != _SIZE:
        return None
    raw, rest = body[2 : 2 + _ID], body[2 + _ID :]
    return Presented(
        tokens.partition_of(body, context.purposes.mask),
        raw,
        int.from_bytes(rest[:_GENERATION], "big"),
        rest[_GENERATION:],
    )


def judge(
    context: Context, shown: Presented, family: Family, seed: bytes, *, retry: str, now: int
) -> Verdict:
    """What presenting `shown` means for its family. `retry` is the digest of the Idempotency-Key, or empty."""
    count = shown.generation.to_bytes(_GENERATION, "big")
    if not hmac.compare_digest(_mac(seed, shown.raw, count), shown.mac):
        return Verdict.FORGED
    if shown.generation == family.generation:
        return Verdict.NEWEST
    if shown.generation == family.generation - 1:
        if family.retry:
            return Verdict.RETRY if hmac.compare_digest(family.retry, retry) else Verdict.THEFT
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


def newest_text(context: Context, shown: Presented, family: Family, seed: bytes) -> str:
    """The text of the family's newest token."""
    return family_text(context, shown.partition, shown.raw, seed, family.generation)
