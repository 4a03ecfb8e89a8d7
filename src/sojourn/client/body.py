"""From what a caller passes to what is sent: URL with parameters, body with its type, time limits.
The sessions stand above it; nothing here sends."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from string import ascii_letters, digits, punctuation
from typing import Any, Final
from urllib.parse import quote, urlencode

from sojourn.client.transport.contract import Body, Timeout
from sojourn.client.url import origin

Params = Mapping[str, Any] | Sequence[tuple[str, Any]] | str
Data = Mapping[str, Any] | Sequence[tuple[str, Any]] | str | Body
Limit = float | tuple[float, float] | None

FORM: Final = "application/x-www-form-urlencoded"

_KEPT: Final = ascii_letters + digits + punctuation
_unusual = re.compile(r"[^!-~]").search


def full_url(url: str, params: Params | None) -> str:
    """Return the absolute `url` with `params` in its query; raises Malformed."""
    whole = quoted(url, params)
    origin(whole)
    return whole


def quoted(url: str, params: Params | None) -> str:
    """Return `url`, whole or only a path, with `params` in its query, spaces and letters outside
    ASCII escaped."""
    whole = url.partition("#")[0]
    if _unusual(whole):
        whole = quote(whole, safe=_KEPT)
    if not params:
        return whole
    query = params if isinstance(params, str) else _form(params)
    if not query:
        return whole
    joint = "?" if "?" not in whole else "" if whole[-1] in "?&" else "&"
    return whole + joint + query


def encoded(data: Data | None, json_value: object) -> tuple[Body | None, str | None]:
    """Return the body and its Content-Type. Mappings and pairs become a form; iterables are sent
    once, as they come."""
    if json_value is not None:
        if data is not None:
            message = "data= and json= cannot be sent together."
            raise TypeError(message)
        text = json.dumps(json_value, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8"), "application/json"
    if data is None:
        return None, None
    if isinstance(data, str):
        return data.encode("utf-8"), None
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data), None
    if isinstance(data, (Mapping, Sequence)):
        return _form(data).encode("ascii"), FORM
    return data, None


def _form(values: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return names and values as a form; a value of None is left out, as `requests` does."""
    pairs = values.items() if isinstance(values, Mapping) else values
    return urlencode([(name, value) for name, value in pairs if value is not None], doseq=True)


def limits(timeout: Limit, default: Timeout) -> Timeout:
    """Return the limits of a call: None is `default`, one number is for both, a pair is (connect,
    read), in seconds."""
    if timeout is None:
        return default
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    if connect <= 0 or read <= 0:
        message = "timeout= must be a number of seconds above 0, or a pair of them."
        raise ValueError(message)
    return Timeout(float(connect), float(read))
