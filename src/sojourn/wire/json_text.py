"""JSON objects read strictly: UTF-8 only, no repeated member, no NaN, no lone surrogate, and
members taken out by type. Everything in `wire` that reads foreign JSON stands on it; below it
is only the standard library.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final, cast

from sojourn.errors import Malformed

MAX_SIZE: Final = 65536
_LATEST = 2**42  # seconds: milliseconds stay exact in a double up to here


def parse_object(text: bytes | str, *, limit: int = MAX_SIZE) -> dict[str, Any]:
    """Return the JSON object in `text`, at most `limit` long; anything else raises Malformed."""
    if len(text) > limit:
        raise Malformed("The JSON text is too large.")
    value: object = None
    try:
        plain = text if isinstance(text, str) else text.decode("utf-8")
        value = _DECODER.decode(plain)
        if "\\u" in plain or not plain.isascii():
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):  # UnicodeError and JSONDecodeError are ValueErrors
        value = None
    if not isinstance(value, dict):
        raise Malformed("The text is not one JSON object with unique members.")
    return cast("dict[str, Any]", value)


def text(members: Mapping[str, object], name: str) -> str:
    """Return the non-empty string member `name`, or raise Malformed."""
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"The member {name} is missing or not a string.")
    return value


def optional_text(members: Mapping[str, object], name: str) -> str | None:
    """Return the string member `name`, None where it is absent; another type raises Malformed."""
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Malformed(f"The member {name} is not a string.")
    return value


def moment(members: Mapping[str, object], name: str) -> int:
    """Return the NumericDate member `name` (RFC 7519 §2) as UTC ms, or raise Malformed."""
    value = optional_moment(members, name)
    if value is None:
        raise Malformed(f"The member {name} is missing.")
    return value


def optional_moment(members: Mapping[str, object], name: str) -> int | None:
    """Return the NumericDate member `name` in UTC milliseconds, or None where it is absent."""
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"The member {name} is not a time.")
    if not 0 <= value <= _LATEST:  # false for NaN as well
        raise Malformed(f"The member {name} is not a time.")
    return int(value * 1000)


def texts(members: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Return the member `name`, a string or an array of strings (such as `aud`), as a tuple.

    An absent member gives an empty tuple; any other type raises Malformed.
    """
    value = members.get(name)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise Malformed(f"The member {name} is neither a string nor an array of strings.")
    return tuple(value)


def optional_flag(members: Mapping[str, object], name: str) -> bool | None:
    """Return the boolean member `name`, None where it is absent; another type raises Malformed."""
    value = members.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise Malformed(f"The member {name} is neither true nor false.")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("The JSON object repeats a member.")
    return members


def _finite(number: str) -> float:
    """Refuse NaN, Infinity and numbers that overflow to it."""
    value = float(number)
    if not isfinite(value):
        raise Malformed("The JSON text holds a number that is none.")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
