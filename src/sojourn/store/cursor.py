"""The opaque cursor of `find`: the last key seen, bound to the question that was asked. Backends
stand above it; below are `wire.base64url` and `errors`. A cursor is checked so that garbage and
cursors of other questions are refused, not so that nobody could forge one: whoever may ask `find`
may see every row of it anyway.
"""

from __future__ import annotations

from hashlib import blake2s

from sojourn.errors import Malformed
from sojourn.wire import base64url

_CHECK = 6


def encode(key: str, *question: object) -> str:
    """Return the cursor that goes on after `key`, for this `question` (any values, compared by
    their repr).
    """
    raw = key.encode("ascii")
    return base64url.encode(_check(raw, question) + raw)


def decode(cursor: str, *question: object) -> str:
    """Return the key to go on after. Raises Malformed for a cursor that `encode` did not make for
    this `question`.
    """
    data = base64url.decode(cursor)
    if _check(data[_CHECK:], question) != data[:_CHECK]:
        raise Malformed("The cursor was not made for this search.")
    return data[_CHECK:].decode("ascii")


def _check(raw: bytes, question: tuple[object, ...]) -> bytes:
    return blake2s(
        raw, key=blake2s(repr(question).encode("utf-8")).digest(), digest_size=_CHECK
    ).digest()
