"""Secrets that strayed into text for people or logs: found by their shape and masked. Logs and the command
line stand above."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "***"

_opaque = re.compile(r"\b(sj_[a-z]_)[0-9A-Za-z]{8,}")
_jwt = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
_header = re.compile(r"\b((?i:bearer|basic|dpop))\s+(?=\S*[0-9A-Z])[\w.~+/=-]{8,}")
_field = re.compile(
    r"(?i)\b((?:[\w-]*(?:password|passwd|secret|assertion|verifier)"
    r"|(?:access|refresh|id)_token|token|(?:device_|user_)?code)"
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
