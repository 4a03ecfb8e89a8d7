"""From JSON values to what is asked for, and from times to JSON. The areas of `administration` stand above it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from sojourn.errors import InvalidRequest, UnknownObject

T = TypeVar("T")

MOST: Final = 200
"""Rows in one answer, at most."""
USUAL: Final = 50

_is_name = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch


def asked(body: Mapping[str, Any], shape: Any) -> Any:  # noqa: ANN401 - a union of structs is no type to mypy
    """`body` as one of the structs of `shape`, told apart by `action`. Raises InvalidRequest with what is wrong."""
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"The request cannot be taken: {error}.") from error


def limit_of(query: Mapping[str, str]) -> int:
    """The rows asked for. Raises InvalidRequest."""
    text = query.get("limit", str(USUAL))
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= MOST:
        raise InvalidRequest(f"limit must be a number from 1 to {MOST}.")
    return int(text)


def refuse_unknown(query: Mapping[str, str], *known: str) -> None:
    """Refuse a parameter that means nothing: a filter must never be ignored."""
    for name in query:
        if name not in known:
            raise InvalidRequest(f"There is no parameter {name!r}; known: {', '.join(known)}.")


def identifier(text: str, what: str) -> str:
    """`text` if it can be the id of a node. Raises UnknownObject."""
    if not _is_name(text):
        raise UnknownObject(f"There is no {what} {text!r}.")
    return text


def seconds(moment: int) -> int | None:
    """UTC ms as UTC seconds; None for 0, which means unknown or never."""
    return moment // 1000 if moment else None
