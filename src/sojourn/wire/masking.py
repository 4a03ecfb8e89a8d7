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
    r"(?i)\b((?:[\w-]*(?:password|passwd|secret|assertion|verifier)|(?:access|refresh|id)_token|token|code)"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;)}]{4,}"
)


def masked(text: str) -> str:
    """`text` with tokens, JWTs, credentials of Authorization headers and values of secret fields replaced by `***`."""
    for pattern in (_opaque, _field):
        text = pattern.sub(rf"\g<1>{MASK}", text)
    text = _header.sub(rf"\g<1> {MASK}", text)
    return _jwt.sub(MASK, text)
