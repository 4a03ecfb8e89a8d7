"""The shapes of the device flow (RFC 8628): the code that a person types, and the answer that a device gets. The
endpoint, the page and the client's dialect stand above it; below it is `json_text`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Self

import msgspec

from sojourn.errors import Malformed
from sojourn.wire import json_text
from sojourn.wire.oauth import error_for

GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Twenty consonants: no words come of them, and none looks like a digit (RFC 8628 §6.1)."""
LENGTH: Final = 8
"""Letters of a code: 34 bits."""

_is_address = re.compile(
    r"(?:https://[^\s/?#@]+|http://(?:127\.0\.0\.1|\[::1\]|localhost)(?::[0-9]{1,5})?)(?:[/?#]\S*)?"
).fullmatch
_GROUP: Final = 4
_EVEN: Final = 256 - 256 % len(ALPHABET)
_MOST_TYPED: Final = 64
_LONGEST_TEXT: Final = 2048
_LONGEST_LIFE: Final = 86_400
_LONGEST_INTERVAL: Final = 600


def draw_user_code(random: Callable[[int], bytes]) -> str:
    """Return a fresh code, each letter of equal chance; `random` gives n random bytes."""
    drawn = ""
    for _ in range(LENGTH):
        kept = (byte for byte in random(4 * LENGTH) if byte < _EVEN)
        drawn += "".join(ALPHABET[byte % len(ALPHABET)] for byte in kept)
        if len(drawn) >= LENGTH:
            return drawn[:LENGTH]
    message = "The source of randomness gives none."
    raise ValueError(message)


def grouped(code: str) -> str:
    """Return a code as people read it: `WDJB-MJHT`."""
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def typed(text: str) -> str:
    """Return the code that a person typed, in whatever case and with whatever between the letters (RFC 8628 §6.1).

    Anything that cannot be a code raises Malformed.
    """
    letters = "".join(char for char in text.upper() if char.isalnum())
    if len(text) > _MOST_TYPED or len(letters) != LENGTH or set(letters) - set(ALPHABET):
        raise Malformed("This is not a code that a device shows.")
    return letters


class DeviceAuthorization(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer of a device authorization endpoint (RFC 8628 §3.2); `expires_in` and `interval` are in seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in: int
    verification_uri_complete: str | None = None
    interval: int | None = None

    def __repr__(self) -> str:
        return f"DeviceAuthorization(expires_in={self.expires_in})"

    @classmethod
    def parse(cls, body: bytes, *, status: int) -> Self:
        """Return what a 200 answer says; an error answer raises the ProtocolError of its code.

        An address that a person should not be sent to, a number that is none, or text that would do something to a
        terminal raises Malformed.
        """
        members = json_text.parse_object(body)
        if status != 200 or "error" in members:
            raise error_for(
                json_text.text(members, "error"),
                json_text.optional_text(members, "error_description"),
            )
        complete = json_text.optional_text(members, "verification_uri_complete")
        return cls(
            device_code=json_text.text(members, "device_code"),
            user_code=_printable("user_code", json_text.text(members, "user_code")),
            verification_uri=_address(json_text.text(members, "verification_uri")),
            verification_uri_complete=_address(complete) if complete else None,
            expires_in=_seconds(members, "expires_in", _LONGEST_LIFE),
            interval=_seconds(members, "interval", _LONGEST_INTERVAL)
            if "interval" in members
            else None,
        )


def _printable(name: str, text: str) -> str:
    if not text.isprintable() or not text.strip() or len(text) > _LONGEST_TEXT:
        raise Malformed(f"The member {name} cannot be shown.")
    return text


def _address(text: str) -> str:
    """An address for a person's browser: https, or http for a provider on loopback that a developer runs."""
    if not _is_address(_printable("verification_uri", text)):
        raise Malformed("The verification_uri is neither https nor loopback.")
    return text


def _seconds(members: dict[str, object], name: str, most: int) -> int:
    value = members.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise Malformed(f"The member {name} is not a number of seconds.")
    return int(value)
