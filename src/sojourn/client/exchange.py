"""One request and its answer as a full history keeps them: headers and up to 4 KiB of each body, secrets
masked by header, by field and by pattern. The history stands above it; below it is `wire.masking`."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from sojourn.client.transport.contract import Body, Fields, Reply, Request
from sojourn.wire.masking import MASK, is_secret, masked, masked_fields

KEPT: Final = 4096
"""Characters of a body that are kept."""

_READ: Final = 1_048_576
"""Bytes of a body that is read whole. Of a longer text only the beginning is looked at, and a longer JSON is
not shown: what is a secret in it shows only where all of it is read."""

_FORM: Final = "application/x-www-form-urlencoded"
_TEXT: Final = (
    "text/",
    "application/json",
    "application/xml",
    "application/javascript",
    "+json",
    "+xml",
)
_ADDRESSES: Final = frozenset({"location", "content-location", "referer", "link", "refresh"})
_query = re.compile(r"([?&#;][\w.~-]+=)[^&#\s\"'<>;]+")
_input = re.compile(r"<input\b[^<>]*>", re.IGNORECASE)
_attribute = re.compile(
    r"(?<=\s)(?P<name>name|value)\s{0,8}=\s{0,8}(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)",
    re.IGNORECASE,
)
_element = re.compile(r"<(?P<name>[\w:.-]{1,64})(?P<rest>(?:\s[^<>]*)?)>[^<]+</(?P=name)>")


class Exchange(NamedTuple):
    """What went over the wire, masked. Bodies are None where there was none; sizes are bytes before masking,
    None where it was sent as a stream."""

    request_headers: Fields
    request_body: str | None
    request_size: int | None
    reason: str = ""
    response_headers: Fields = ()
    response_body: str | None = None
    response_size: int = 0


def exchange(request: Request, reply: Reply | None) -> Exchange:
    """Return `request` and `reply` without their secrets."""
    sent = _headers(request.headers)
    body, size = _sent_body(request)
    if reply is None:
        return Exchange(sent, body, size)
    got = _body(reply.content, reply.header("content-type") or "") if reply.content else None
    return Exchange(
        sent, body, size, reply.reason, _headers(reply.headers), got, len(reply.content)
    )


def _headers(fields: Fields) -> Fields:
    return tuple((name, _value(name.lower(), value)) for name, value in fields)


def _value(name: str, value: str) -> str:
    if is_secret(name):
        return MASK
    if name in _ADDRESSES:
        value = _query.sub(rf"\g<1>{MASK}", value)
    return masked(value)


def _sent_body(request: Request) -> tuple[str | None, int | None]:
    content: Body | None = request.content
    if content is None:
        return None, 0
    if not isinstance(content, bytes):
        return "(sent as a stream)", None
    kinds = [value for name, value in request.headers if name.lower() == "content-type"]
    return _body(content, kinds[0] if kinds else ""), len(content)


def _body(content: bytes, kind: str) -> str:
    kind = kind.partition(";")[0].strip().lower()
    told = f"({len(content)} bytes of {kind or 'an unnamed type'})"
    whole = content if len(content) <= _READ else content[: 2 * KEPT]
    try:
        text = whole.decode("utf-8", "strict" if whole is content else "ignore")
    except UnicodeDecodeError:
        return told
    structured = kind == _FORM or text.lstrip()[:1] in {"{", "["}
    if structured and whole is not content:
        return told
    if kind == _FORM:
        shown = "&".join(f"{name}={_field(name, value)}" for name, value in parse_qsl(text, True))
    elif structured:
        shown = _json(text)
    elif kind and not any(part in kind for part in _TEXT):
        return told
    else:
        shown = _plain(text)
    return shown[:KEPT]


def _field(name: str, value: str) -> str:
    return MASK if is_secret(name) else masked(value)


def _json(text: str) -> str:
    value: Any = None
    with suppress(ValueError, RecursionError):
        value = json.loads(text)
    if value is None:
        return _plain(text)
    return json.dumps(masked_fields(value), ensure_ascii=False)


def _plain(text: str) -> str:
    def hidden(found: re.Match[str]) -> str:
        name = found["name"]
        return f"<{name}{found['rest']}>{MASK}</{name}>" if is_secret(name) else found[0]

    return masked(_input.sub(_without_value, _element.sub(hidden, text[: 2 * KEPT])))


def _without_value(found: re.Match[str]) -> str:
    """An input of a form, its value hidden where its name says that it is a secret."""
    names = [one for one in _attribute.finditer(found[0]) if one["name"].lower() == "name"]
    if not any(is_secret(one["value"].strip("\"'")) for one in names):
        return found[0]
    return _attribute.sub(
        lambda one: one[0] if one["name"].lower() == "name" else f'value="{MASK}"',
        found[0],
    )
