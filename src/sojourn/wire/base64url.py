"""Base64url without padding, in its one canonical spelling (RFC 4648 §5, RFC 7515 §2). Every module
of `wire` that turns bytes into URL-safe text stands on it; below is only the standard library.
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

from sojourn.errors import Malformed

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_PADDING = (b"", b"===", b"==", b"=")


def encode(data: bytes) -> str:
    """Return the text of `data`, unpadded."""
    return encode_bytes(data).decode("ascii")


def encode_bytes(data: bytes) -> bytes:
    """Return what `encode` returns, as ASCII bytes: for text that is hashed or signed next."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")


def decode(text: str) -> bytes:
    """Return the bytes of `text`; padding, spaces, foreign letters and spare bits are Malformed."""
    data: bytes | None = None
    try:
        raw = text.encode("ascii")
        data = a2b_base64(raw.translate(_FROM_URL) + _PADDING[len(raw) & 3])
    except (Error, UnicodeEncodeError):
        pass
    # The decoder skips foreign letters and spare bits; only the one spelling survives the way back.
    if data is None or encode(data) != text:
        raise Malformed("The text is not canonical base64url.")
    return data
