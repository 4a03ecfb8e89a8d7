"""Secrets that strayed into text for people or logs: found by their shape or by the name of their field, and
masked. Logs, the command line and the client's history stand above."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

MASK: Final = "***"

_opaque = re.compile(r"\b(sj_[a-z]_)[0-9A-Za-z]{8,}")
# Two dots are a signed one, four a sealed one (RFC 7515 §7.1, RFC 7516 §7.1), whose second part may be empty.
_jwt = re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+|\.[\w-]+\.[\w-]*)")
_header = re.compile(r"\b((?i:bearer|basic|dpop))\s+(?=\S*[0-9A-Z])[\w.~+/=-]{8,}")
_signature = re.compile(r"\b((?i:cubicweb)\s+[^\s:,;\"']{1,128}:)[0-9a-fA-F]{16,}")
_NAME: Final = (
    r"(?:[\w-]{0,64}(?:password|passwd|passphrase|passcode|secret|assertion|verifier|token|session_?id"
    r"|(?:api|private|script|access|session|account|job)[_-]?key)|(?:user_|device_)?code|otp)"
)
_field = re.compile(rf"(?i)\b({_NAME}[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;)}}<>]{{4,}}")
_quoted = re.compile(rf"(?i)([\"']{_NAME}[\"']\s*:\s*)([\"'])(?:\\.|(?!\2)[^\\])*\2")
_cookie = re.compile(r"(?i)\b((?:set-)?cookie:\s*)[^\r\n]+")
# What of a JSON Web Key is private (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_of_jwk = re.compile(r"([\"'](?:d|p|q|dp|dq|qi|k)[\"']\s*:\s*)([\"'])[\w-]{8,}\2")
_userinfo = re.compile(r"(?<=://)[^\s/@\"'<>]+@")
_pem = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL
)
_vendor = re.compile(
    r"\b(?:gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|sk_live_|rk_live_|sk-|npm_|pypi-|AIza|hvs\.)[\w.-]{12,}"
)


_SCHEMES: Final = ("bearer", "basic", "dpop")
_SIGNED: Final = "cubicweb"
_FIELDS: Final = (
    "pass", "secret", "assertion", "verifier", "token", "code", "key", "otp", "session_id", "sessionid"
)  # fmt: skip
_VENDORS: Final = ("gh", "glpat-", "xox", "k_live_", "sk-", "npm_", "pypi-", "AIza", "hvs.")


def masked(text: str) -> str:
    """`text` with tokens, JWTs, private keys, credentials of headers and URLs, and values of secret fields replaced
    by `***`.

    Most lines hold nothing of the kind, and are told so by plain searches before any pattern is tried.
    """
    folded = text.lower()
    if "sj_" in text:
        text = _opaque.sub(rf"\g<1>{MASK}", text)
    if any(word in folded for word in _FIELDS):
        if "'" in text or '"' in text:
            text = _quoted.sub(rf"\g<1>\g<2>{MASK}\g<2>", text)
        text = _field.sub(rf"\g<1>{MASK}", text)
    if any(word in folded for word in _SCHEMES):
        text = _header.sub(rf"\g<1> {MASK}", text)
    if _SIGNED in folded:
        text = _signature.sub(rf"\g<1>{MASK}", text)
    if "cookie:" in folded:
        text = _cookie.sub(rf"\g<1>{MASK}", text)
    if "@" in text and "://" in text:
        text = _userinfo.sub(f"{MASK}@", text)
    if any(mark in text for mark in _VENDORS):
        text = _vendor.sub(MASK, text)
    text = _without_keys(text)
    return _jwt.sub(MASK, text) if "eyJ" in text else text


def _without_keys(text: str) -> str:
    if "-----BEGIN" in text:
        text = _pem.sub(MASK, text)
    return _of_jwk.sub(rf"\g<1>\g<2>{MASK}\g<2>", text) if "kty" in text else text


_secret_name = re.compile(
    r"(?i)passw|passphrase|passcode|\bpwd\b|secret|token|assertion|verifier|credential|cookie|signature|receipt"
    r"|authorization|(?:private|api|script|access|session|account|job|encryption|license)[_-]?key|session[_-]?id|\botp\b"
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


_SHOWN: Final = 8192
"""Characters of a text that are shown: patterns are not run over more than people read."""

_ITSELF: Final = frozenset({"id", "value", "text"})
"""What a mapping of a secret name calls the secret itself, such as Keystone's `{"token": {"id": ...}}`."""


def _masked_below(value: Any, mask: str, *, secret: bool) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        bare = PRIVATE if "kty" in value else _ITSELF if secret else ()
        return {
            name: _masked_below(below, mask, secret=is_secret(str(name)))
            if not (name in bare and isinstance(below, str))
            else mask
            for name, below in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked_below(one, mask, secret=secret) for one in value]
    if secret and value not in (None, "") and not isinstance(value, bool):
        return mask
    return masked(value[:_SHOWN]) if isinstance(value, str) else value
