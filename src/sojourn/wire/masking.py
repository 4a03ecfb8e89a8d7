"""Secrets that strayed into text for people or logs: found by their shape or by the name of their field, and
masked. Logs, the command line and the client's history stand above."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

MASK: Final = "***"

_opaque = re.compile(r"\b(sj_[a-z]_)[0-9A-Za-z]{8,}")
_jwt = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
_header = re.compile(r"\b((?i:bearer|basic|dpop))\s+(?=\S*[0-9A-Z])[\w.~+/=-]{8,}")
_field = re.compile(
    r"(?i)\b((?:[\w-]*(?:password|passwd|secret|assertion|verifier)|(?:access|refresh|id)_token|token|code)"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;)}]{4,}"
)


_SCHEMES: Final = ("bearer", "basic", "dpop")
_FIELDS: Final = ("passw", "secret", "assertion", "verifier", "token", "code")


def masked(text: str) -> str:
    """`text` with tokens, JWTs, credentials of Authorization headers and values of secret fields replaced by `***`.

    Most lines hold nothing of the kind, and are told so by plain searches before any pattern is tried.
    """
    folded = text.lower()
    if "sj_" in text:
        text = _opaque.sub(rf"\g<1>{MASK}", text)
    if any(word in folded for word in _FIELDS):
        text = _field.sub(rf"\g<1>{MASK}", text)
    if any(word in folded for word in _SCHEMES):
        text = _header.sub(rf"\g<1> {MASK}", text)
    return _jwt.sub(MASK, text) if "eyJ" in text else text


_secret_name = re.compile(
    r"(?i)passw|passphrase|passcode|\bpwd\b|secret|token|assertion|verifier|credential|cookie|signature|receipt"
    r"|authorization|(?:private|api|script|access|session|account|encryption|license)[_-]?key|session[_-]?id|\botp\b"
    r"|dpop|jwt|(?:\b|(?:user|device|auth|authorization|factor|verification|recovery|backup)_)codes?\b"
    r"|\bnonce\b|\bauth\b|\bkey\b|\bsig\b|\bpin\b"
).search
_harmless_name = re.compile(
    r"(?i)_(?:at|type|types|url|uri|endpoint|expires|expires_in|methods?|supported|type_hint)$|^max_|_count$"
).search


def is_secret(name: str) -> bool:
    """Tell whether a header, field or parameter called `name` holds a secret."""
    return bool(_secret_name(name)) and not _harmless_name(name)


def masked_fields(value: Any, mask: str = MASK) -> Any:  # noqa: ANN401 - any JSON value
    """`value` with what stands under secret names replaced by `mask`, at any depth, and text that holds secrets by
    their shape masked. Mappings and lists become new ones."""
    return _masked_below(value, mask, secret=False)


_ITSELF: Final = frozenset({"id", "value", "text"})
"""What a mapping of a secret name calls the secret itself, such as Keystone's `{"token": {"id": ...}}`."""


def _masked_below(value: Any, mask: str, *, secret: bool) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        return {
            name: _masked_below(below, mask, secret=is_secret(str(name)))
            if not (secret and name in _ITSELF and isinstance(below, str))
            else mask
            for name, below in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked_below(one, mask, secret=secret) for one in value]
    if secret and value not in (None, "") and not isinstance(value, bool):
        return mask
    return masked(value) if isinstance(value, str) else value
