"""Content-Encoding (RFC 9110 §8.4): bodies back to what the server encoded. Every
transport stands above it, so that all read one body alike; below is the standard library."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Final

from sojourn.client.transport.contract import Request
from sojourn.client.transport.failing import refused
from sojourn.errors import AnswerLost, RequestError

_GZIP: Final = 16 + zlib.MAX_WBITS


class BrokenCoding(Exception):
    """The body is not what its Content-Encoding says."""


def broken_coding(request: Request, cause: BrokenCoding) -> RequestError:
    """Return the error of an answer that cannot be decoded."""
    text = "the answer's Content-Encoding is broken"
    return refused(AnswerLost, request, text, detail=str(cause))


def decoded(content: bytes, coding: str | None) -> bytes:
    """Return `content` without the codings that the header value `coding` lists. A coding that is
    not known here leaves it as it came; a broken or cut body raises BrokenCoding."""
    if not coding or not content:
        return content
    names = [name.strip().lower() for name in coding.split(",")]
    if not all(name in _DECODERS for name in names):
        return content
    for name in reversed(names):
        content = _DECODERS[name](content)
    return content


def _gunzipped(content: bytes) -> bytes:
    found = b""
    while content:  # several members make one body (RFC 1952 §2.2)
        part = zlib.decompressobj(_GZIP)
        found += _whole(part, content)
        content = part.unused_data
    return found


def _inflated(content: bytes) -> bytes:
    try:
        return _whole(zlib.decompressobj(), content)
    except BrokenCoding:  # some servers send it without the zlib frame of RFC 9110 §8.4.1.2
        return _whole(zlib.decompressobj(-zlib.MAX_WBITS), content)


def _whole(part: zlib._Decompress, content: bytes) -> bytes:
    try:
        found = part.decompress(content) + part.flush()
    except zlib.error as cause:
        raise BrokenCoding(str(cause)) from cause
    if not part.eof:
        raise BrokenCoding("the compressed body is cut off")
    return found


def _same(content: bytes) -> bytes:
    return content


_DECODERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gzip": _gunzipped,
    "x-gzip": _gunzipped,
    "deflate": _inflated,
    "identity": _same,
}
