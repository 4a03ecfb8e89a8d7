"""Form-encoded text (`application/x-www-form-urlencoded`), both ways, as OAuth wants it: every
parameter at most once, exact, no second chances (RFC 6749 §3.1, appendix B), save those that a
reader names. The endpoints and the client's OAuth flows stand above it; below it is only `errors`.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Final

from sojourn.errors import InvalidRequest, Malformed

MAX_SIZE: Final = 65536

Params = Mapping[str, str | tuple[str, ...]]
"""What is written: a parameter with several values is repeated, one with none left out."""

_HEX = "0123456789abcdefABCDEF"
_BYTE = {high + low: bytes((int(high + low, 16),)) for high in _HEX for low in _HEX}
_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
_ESCAPES = {code: f"%{code:02X}" for code in range(256) if chr(code) not in _SAFE}
_all_safe = re.compile(r"[A-Za-z0-9\-._]*").fullmatch
_control = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
_nameable = re.compile(r"[A-Za-z0-9_.\-\[\]:]{1,64}").fullmatch


def parse(body: bytes | str, *, limit: int = MAX_SIZE, many: Container[str] = ()) -> dict[str, str]:
    """Return the parameters of a form body or a query, in order; those without a value are omitted.

    A name in `many` may be repeated: its values come as one text, a space between them, and one
    that holds a space itself raises InvalidRequest.

    Any other repeated name, a broken escape, broken UTF-8, NUL, a control character in a name and more than
    `limit` bytes (characters, for text) raise InvalidRequest. Values are never echoed.
    """
    if len(body) > limit:
        raise InvalidRequest("The request is too large.")
    text = body if isinstance(body, str) else _decoded(body)
    if not text.isascii():
        text = _decoded(text.encode("utf-8", "surrogatepass"))
    found: dict[str, str] = {}
    some_empty = False
    for field in text.split("&"):
        if not field:
            continue
        name, _, value = field.partition("=")
        if "%" in name or "+" in name:
            name = _unescaped(name)
        if "%" in value or "+" in value:
            value = _unescaped(value)
        if name in many:
            value = _another(name, value, found.get(name))
        elif name in found:
            raise InvalidRequest(_duplicate(name))
        if not value:
            some_empty = True
        found[name] = value
    return _checked(found, some_empty)


def encode(params: Params) -> str:
    """Return `params` as one form-encoded line; a space becomes `%20`, which every reader knows."""
    return "&".join(
        [
            f"{escape(name)}={escape(one)}"
            for name, value in params.items()
            for one in ((value,) if isinstance(value, str) else value)
        ]
    )


def with_query(uri: str, params: Params) -> str:
    """Return `uri`, its text untouched, with `params` added to its query (RFC 6749 §3.1.2)."""
    if "#" in uri:
        raise Malformed("A redirect URI has no fragment.")
    if not params:
        return uri
    joint = "?" if "?" not in uri else "" if uri[-1] in "?&" else "&"
    return uri + joint + encode(params)


def escape(text: str) -> str:
    """Return `text` with all but `A-Za-z0-9-._` percent-encoded as UTF-8."""
    if _all_safe(text):
        return text
    try:
        return text.encode("utf-8").decode("latin-1").translate(_ESCAPES)
    except UnicodeEncodeError:
        pass
    raise Malformed("The text is not Unicode.")


def unescape(text: str) -> str:
    """Return form-encoded `text` decoded; a broken escape or broken UTF-8 raises InvalidRequest."""
    return _unescaped(text) if "%" in text or "+" in text else text


def _unescaped(text: str) -> str:
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    first, *others = text.split("%")
    try:
        parts = [first.encode("utf-8")]
        for other in others:
            parts += (_BYTE[other[:2]], other[2:].encode("utf-8"))
        return b"".join(parts).decode("utf-8")
    except (KeyError, UnicodeError):
        pass
    raise InvalidRequest("A parameter has a broken percent-encoding.")


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    raise InvalidRequest("The request is not UTF-8 text.")


def _checked(found: dict[str, str], some_empty: bool) -> dict[str, str]:  # noqa: FBT001
    names = "&".join(found)
    if "" in found or _control(names):
        raise InvalidRequest("A parameter has an unusable name.")
    if "\0" in "".join(found.values()):
        raise InvalidRequest("A parameter holds a NUL character.")
    if some_empty:
        return {name: value for name, value in found.items() if value}
    return found


def _another(name: str, value: str, before: str | None) -> str:
    if " " in value:
        raise InvalidRequest(f"A value of the parameter {name} holds a space.")
    return f"{before} {value}" if before and value else before or value


def _duplicate(name: str) -> str:
    if _nameable(name):
        return f"The parameter {name} is present more than once."
    return "A parameter is present more than once."
