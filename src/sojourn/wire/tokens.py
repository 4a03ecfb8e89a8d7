"""The text of opaque tokens: `sj_` kind `_` digits checksum, one spelling for each. Stores, the
Session Manager and the endpoints stand above it; below it is only the standard library, so the
client's shortest path can afford it.

Kinds: `a` access token, `c` code, `d` device code, `g` grant, `i` interaction, `k` client secret,
`r` refresh token, `s` sign-in, `u` set-up. Digits are of `0-9A-Za-z`, drawn one by one from random bytes. Where a token
leads to a partition, the first two of them are that partition, masked. The checksum is the CRC-32 of
all that precedes it, in six digits: it finds typing errors and lets secret scanners be sure; it
protects nothing by itself.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable
from hashlib import blake2s, sha256
from typing import Final
from zlib import crc32

from sojourn.errors import Malformed

ID: Final = 22
"""Digits of an identifier: 131 bits."""
SECRET: Final = 43
"""Digits of a secret: 256 bits."""
LOCATED: Final = 2 + SECRET
"""Digits of a token that names its partition."""
PARTITIONS: Final = 1024
MAX_DIGITS: Final = 160

_HEAD = 5  # sj_ kind _
_CHECKSUM = 6
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
_VALUE_OF_PAIR = {pair: value for value, pair in enumerate(_PAIRS)}
_PAIR = 62**2
_EVEN = 256 - 256 % 62  # bytes below it give every digit equally often; the others are passed over
_DIGIT_OF_BYTE = bytes(ord(_DIGITS[byte % 62]) for byte in range(256))
_PASSED_OVER = bytes(range(_EVEN, 256))
_DRAWS = 8


def digits(count: int, random: Callable[[int], bytes]) -> str:
    """Return `count` digits of equal chance, drawn from `random`, which gives n random bytes."""
    drawn = drawn_from(random(count + count // 4 + 8), count)
    for _ in range(_DRAWS):
        if len(drawn) == count:
            return drawn
        drawn = drawn_from(random(4 * count), count)
    message = "The source of randomness gives none."
    raise ValueError(message)


def drawn_from(data: bytes, count: int) -> str:
    """Return the first `count` digits that `data` gives, always the same; fewer if it is too short."""
    return data.translate(_DIGIT_OF_BYTE, _PASSED_OVER)[:count].decode("ascii")


def number(value: int) -> str:
    """Return `value` (0 to 62**6 - 1) in six digits."""
    rest, low = divmod(value, _PAIR)
    high, middle = divmod(rest, _PAIR)
    return _PAIRS[high] + _PAIRS[middle] + _PAIRS[low]


def value_of(six: str) -> int:
    """Return the number that `number` wrote; KeyError where a letter is no digit."""
    pair = _VALUE_OF_PAIR
    return (pair[six[:2]] * _PAIR + pair[six[2:4]]) * _PAIR + pair[six[4:6]]


def encode(kind: str, body: str) -> str:
    """Return the token of a `kind`, one lowercase letter, and a `body` of 1 to 160 digits."""
    if len(kind) != 1 or not "a" <= kind <= "z" or not _are_digits(body):
        raise Malformed("A token needs one lowercase letter and at most 160 digits.")
    return _sealed(f"sj_{kind}_{body}")


def decode(text: str) -> tuple[str, str]:
    """Return kind and digits.

    Any other spelling, a wrong checksum or a foreign letter raises Malformed, never echoing it.
    """
    kind, body = text[3:4], text[_HEAD:-_CHECKSUM]
    if (
        text[:3] != "sj_"
        or text[4:_HEAD] != "_"
        or not "a" <= kind <= "z"
        or not _are_digits(body)
        or _sealed(text[:-_CHECKSUM]) != text
    ):
        raise Malformed("The text is not a token.")
    return kind, body


def random_token(
    kind: str, partition: int, *, random: Callable[[int], bytes], mask_key: bytes
) -> str:
    """Return a token with 43 random digits that names `partition` only to the holder of `mask_key`.

    `random` gives n fresh random bytes, `mask_key` is at most 32 bytes.
    """
    return _sealed(f"sj_{kind}_{masked(partition, digits(SECRET, random), mask_key)}")


def masked(partition: int, rest: str, mask_key: bytes) -> str:
    """Return a token's digits: `partition` (0 to 1023), hidden by a mask over `rest`, then `rest`.

    `rest` is 22 digits or more, unpredictable and never used for a second token.
    """
    if len(rest) < ID or not 0 <= partition < PARTITIONS:
        raise Malformed("A token names one of 1,024 partitions and has 22 further digits or more.")
    return _PAIRS[partition ^ _mask(rest, mask_key)] + rest


def partition_of(body: str, mask_key: bytes) -> int:
    """Return the partition in digits made by `masked`.

    Of forged ones any is returned; digits that `masked` never makes are Malformed.
    """
    shown = _VALUE_OF_PAIR.get(body[:2], PARTITIONS)
    if len(body) < 2 + ID or shown >= PARTITIONS:
        raise Malformed("The text is not a token.")
    return shown ^ _mask(body[2:], mask_key)


def digest(text: str) -> str:
    """Return what is stored for a secret text: base64url SHA-256 of its UTF-8, 43 characters."""
    hashed = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return b2a_base64(hashed, newline=False).translate(_TO_URL, b"=").decode("ascii")


_TO_URL = bytes.maketrans(b"+/", b"-_")


def _mask(rest: str, mask_key: bytes) -> int:
    hashed = blake2s(rest.encode("ascii"), key=mask_key, digest_size=2).digest()
    return int.from_bytes(hashed, "big") % PARTITIONS


def _are_digits(body: str) -> bool:
    return body.isalnum() and body.isascii() and len(body) <= MAX_DIGITS


def _sealed(text: str) -> str:
    """Return `text`, which is ASCII, and its checksum."""
    return text + number(crc32(text.encode("ascii")))
