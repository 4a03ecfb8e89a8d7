"""The text of opaque tokens: `sj_` kind `_` base62(body) checksum, one spelling for each body.
Stores, the Session Manager and the endpoints stand above it; below it is only the standard library,
so the client's shortest path can afford it.

The body is a big-endian number in as many digits of `0-9A-Za-z` as its largest value needs, and the
checksum is the CRC-32 of all that precedes it, in six digits. The checksum finds typing errors and
lets secret scanners be sure; it protects nothing by itself.
"""

from __future__ import annotations

from hashlib import blake2s, sha256
from typing import Final
from zlib import crc32

from sojourn.errors import Malformed
from sojourn.wire import base64url

KINDS: Final = {
    "a": "access_token",
    "c": "authorization_code",
    "i": "interaction",
    "k": "client_secret",
    "r": "refresh_token",
    "s": "sign-in",
    "u": "set-up",
}
MAX_BODY: Final = 128

_PREFIX = "sj_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
_VALUE_OF_PAIR = {pair: value for value, pair in enumerate(_PAIRS)}
_PAIR = 62**2
_CHUNK = 62**10  # ten digits: the largest power whose remainders stay cheap two-digit integers
_CHECKSUM_DIGITS = 6


def _widths() -> tuple[int, ...]:
    widths, digits, reach, limit = [], 0, 1, 1
    for _ in range(MAX_BODY + 1):
        while reach < limit:
            digits, reach = digits + 1, reach * 62
        widths.append(digits)
        limit *= 256
    return tuple(widths)


_WIDTH_OF_SIZE = _widths()
_SIZE_OF_WIDTH = {width: size for size, width in enumerate(_WIDTH_OF_SIZE)}
_LONGEST = len(_PREFIX) + 3 + 1 + _WIDTH_OF_SIZE[MAX_BODY] + _CHECKSUM_DIGITS


def encode(kind: str, body: bytes) -> str:
    """Return the token text of `body` (at most 128 bytes); `kind` is 1 to 3 lowercase letters."""
    size = len(body)
    if not _is_kind(kind) or size > MAX_BODY:
        raise Malformed("A token needs a kind of 1 to 3 lowercase letters and at most 128 bytes.")
    number, width = int.from_bytes(body, "big"), _WIDTH_OF_SIZE[size]
    text = _PREFIX + kind + "_" + _to_digits(number, width)
    return text + _checksum(text)


def decode(text: str) -> tuple[str, bytes]:
    """Return kind and body.

    Any other spelling, a wrong checksum or a foreign letter raises Malformed, never echoing it.
    """
    kind, _, rest = text[3:].partition("_")
    width = len(rest) - _CHECKSUM_DIGITS
    size = _SIZE_OF_WIDTH.get(width)
    if size is None or not text.startswith(_PREFIX) or not _is_kind(kind) or len(text) > _LONGEST:
        raise Malformed("The text is not a token.")
    if not text.isascii() or _checksum(text[:-_CHECKSUM_DIGITS]) != rest[width:]:
        raise Malformed("The text is not a token.")
    number = _from_digits(rest[:width])
    if number is None or number >> (8 * size):
        raise Malformed("The text is not a token.")
    return kind, number.to_bytes(size, "big")


def random_token(kind: str, partition: int, *, random: bytes, mask_key: bytes) -> str:
    """Return a token that names `partition` only to the holder of `mask_key`.

    `random` is 32 fresh random bytes, `mask_key` at most 32 bytes.
    """
    if len(random) != 32:
        raise Malformed("A token needs 32 random bytes.")
    return encode(kind, masked(partition, random, mask_key))


def masked(partition: int, rest: bytes, mask_key: bytes) -> bytes:
    """Return a token body: `partition` (0 to 65535), hidden by a mask over `rest`, then `rest`.

    `rest` is 16 bytes or more, unpredictable and never used for a second body.
    """
    if len(rest) < 16 or not 0 <= partition <= 0xFFFF:
        raise Malformed("A token body needs a 16-bit partition and 16 further bytes or more.")
    return (partition ^ _mask(rest, mask_key)).to_bytes(2, "big") + rest


def partition_of(body: bytes, mask_key: bytes) -> int:
    """Return the partition of a body made by `masked`; a forged one gives any of 0 to 65535."""
    if len(body) < 18:
        raise Malformed("The text is not a token.")
    return int.from_bytes(body[:2], "big") ^ _mask(body[2:], mask_key)


def digest(text: str) -> str:
    """Return what is stored for a secret text: base64url SHA-256 of its UTF-8, 43 characters."""
    return base64url.encode(sha256(text.encode("utf-8", "surrogatepass")).digest())


def _mask(rest: bytes, mask_key: bytes) -> int:
    return int.from_bytes(blake2s(rest, key=mask_key, digest_size=2).digest(), "big")


def _is_kind(kind: str) -> bool:
    return 1 <= len(kind) <= 3 and kind.isascii() and kind.isalpha() and kind.islower()


def _checksum(text: str) -> str:
    rest, low = divmod(crc32(text.encode("ascii")), _PAIR)
    high, middle = divmod(rest, _PAIR)
    return _PAIRS[high] + _PAIRS[middle] + _PAIRS[low]


def _to_digits(number: int, width: int) -> str:
    parts: list[str] = []
    for _ in range((width + 9) // 10):
        number, chunk = divmod(number, _CHUNK)
        chunk, e = divmod(chunk, _PAIR)
        chunk, d = divmod(chunk, _PAIR)
        chunk, c = divmod(chunk, _PAIR)
        a, b = divmod(chunk, _PAIR)
        parts.append(_PAIRS[a] + _PAIRS[b] + _PAIRS[c] + _PAIRS[d] + _PAIRS[e])
    parts.reverse()
    digits = "".join(parts)
    return digits[len(digits) - width :]


def _from_digits(digits: str) -> int | None:
    """Return the number, or None where a letter is none of the digits."""
    digits = "0" * (-len(digits) % 10) + digits
    value, number = _VALUE_OF_PAIR, 0
    try:
        for at in range(0, len(digits), 10):
            high = value[digits[at : at + 2]] * _PAIR + value[digits[at + 2 : at + 4]]
            low = value[digits[at + 6 : at + 8]] * _PAIR + value[digits[at + 8 : at + 10]]
            chunk = (high * _PAIR + value[digits[at + 4 : at + 6]]) * (_PAIR * _PAIR) + low
            number = number * _CHUNK + chunk
    except KeyError:
        return None
    return number
