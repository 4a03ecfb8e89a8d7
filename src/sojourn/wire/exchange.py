"""The words of token exchange (RFC 8693), and the parameters that Sojourn adds to it. The token endpoint and the
client's plugin stand above it; below it is only `errors`.
"""

from __future__ import annotations

from typing import Final

from sojourn.errors import InvalidRequest

GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"

_TYPES: Final = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN: Final = _TYPES + "access_token"
REFRESH_TOKEN: Final = _TYPES + "refresh_token"
JWT: Final = _TYPES + "jwt"
"""Token type identifiers (§3)."""

JOB: Final = "job"
"""Ours: a name by which people see what the token was given for. Other servers ignore it (RFC 6749 §3.2)."""
LIFE: Final = "expires_in"
"""Ours: the life asked for, in seconds; only a token that is bound to a key lives longer than usual by it."""
KEY: Final = "dpop_jkt"
"""The thumbprint of the key that the token is to be bound to, where that is not the one whose proof comes with the
request: the same name and meaning as for a code (RFC 9449 §10)."""

LONGEST_NAME: Final = 100
_MOST_SECONDS: Final = 10 * 366 * 86_400


def job_name(text: str) -> str:
    """Return the name of a job, of at most 100 letters that can be shown. Raises InvalidRequest."""
    if len(text) > LONGEST_NAME or not text.isprintable() or text != text.strip():
        message = f"The name of a job has at most {LONGEST_NAME} printable letters."
        raise InvalidRequest(message)
    return text


def seconds(text: str) -> int:
    """Return the life asked for, in seconds; 0 for empty text. Raises InvalidRequest."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not int(text):
        message = "expires_in is a whole number of seconds, at least 1."
        raise InvalidRequest(message)
    return min(int(text), _MOST_SECONDS)
