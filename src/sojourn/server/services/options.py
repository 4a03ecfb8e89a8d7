"""The option table of the server: one description for flags, variables, `sojourn.toml`, `--help` and the docs.

`config` stands above it and turns what was given into `Settings`; nothing of this package stands below it.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from msgspec import Struct

Value = str | int | Path | tuple[str, ...]
Read = Callable[[object], Value]
"""From what a flag, a variable or the file gave to a value; a ValueError says what was expected."""

DAY: Final = 86_400


class Option(Struct, frozen=True, kw_only=True):
    """One option.

    name      as in `sojourn.toml`; the flag is `--name` with dashes, the variable `SOJOURN_NAME`
    read      checks and converts
    metavar   what a value looks like, for people
    default   None: it must be given
    shown     the default in words, where it depends on other options
    secret    never shown, logged or taken from a flag
    """

    name: str
    read: Read
    metavar: str
    help: str
    group: str
    example: str
    default: Value | None = None
    shown: str = ""
    secret: bool = False

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        return f"SOJOURN_{self.name.upper()}"

    @property
    def many(self) -> bool:
        """Whether the flag may be repeated."""
        return isinstance(self.default, tuple)


def _text(given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueError("text")
    return given.strip()


def _folder(given: object) -> Path:
    return Path(_text(given)).expanduser().absolute()


def _whole(least: int, most: int) -> Read:
    def read(given: object) -> int:
        text = given.strip() if isinstance(given, str) else ""
        number = int(text) if text.isascii() and text.isdigit() else given
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return number

    return read


def _one_of(*choices: str) -> Read:
    def read(given: object) -> str:
        if given not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return str(given)

    return read


def _addresses(given: object) -> tuple[str, ...]:
    listed = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(listed, list | tuple):
        raise ValueError("a list of addresses")  # noqa: TRY004 - as every reader
    for address in listed:
        try:
            ip_address(str(address))
        except ValueError:
            raise ValueError(f"IP addresses, and {address!r} is none") from None
    return tuple(str(ip_address(str(address))) for address in listed)


_WHERE, _NETWORK, _KEYS = "Where", "Network", "Keys"
_LIVES, _LIMITS, _LOG = "Lives", "Limits", "Log"


def _life(name: str, default: int, help: str, *, least: int = 1, most: int = 3650 * DAY) -> Option:
    return Option(
        name=name,
        read=_whole(least, most),
        metavar="SECONDS",
        default=default,
        help=help,
        group=_LIVES,
        example=str(default),
    )


OPTIONS: Final[tuple[Option, ...]] = (
    Option(
        name="data",
        read=_folder,
        metavar="DIR",
        help="Folder that holds everything the server keeps; made with mode 0700 if it is not there.",
        group=_WHERE,
        example="/var/lib/sojourn",
    ),
    Option(
        name="store",
        read=_text,
        metavar="URL",
        default="",
        shown="sqlite:///DATA/sojourn.db",
        help="Where records are kept: memory:, sqlite:///FILE, or what an installed package adds.",
        group=_WHERE,
        example="sqlite:////var/lib/sojourn/sojourn.db",
    ),
    Option(
        name="realm",
        read=_text,
        metavar="NAME",
        default="default",
        help="Name that every key, subject and cookie of this server carries.",
        group=_WHERE,
        example="default",
    ),
    Option(
        name="host",
        read=_text,
        metavar="ADDRESS",
        default="127.0.0.1",
        help="Address to listen at.",
        group=_NETWORK,
        example="127.0.0.1",
    ),
    Option(
        name="port",
        read=_whole(1, 65535),
        metavar="N",
        default=8080,
        help="Port to listen at.",
        group=_NETWORK,
        example="8080",
    ),
    Option(
        name="issuer",
        read=_text,
        metavar="URL",
        default="",
        shown="http://HOST:PORT where HOST is loopback; else it must be given",
        help="The one public address of this server: https, an origin and if need be a path.",
        group=_NETWORK,
        example="https://id.example.org",
    ),
    Option(
        name="trusted_proxies",
        read=_addresses,
        metavar="ADDRESS",
        default=(),
        help="Addresses of proxies whose X-Forwarded-For is believed.",
        group=_NETWORK,
        example="10.0.0.1",
    ),
    Option(
        name="root_key",
        read=_text,
        metavar="TEXT",
        default="",
        shown="the file DATA/root.key, made at the first start",
        help="The root key that opens the store: 32 bytes in base64url. Not a flag: others would see it.",
        group=_KEYS,
        example="43 characters",
        secret=True,
    ),
    _life("access_token_life", 3600, "Life of an opaque access token.", most=DAY),
    _life("code_life", 60, "Life of an authorization code.", most=600),
    _life("id_token_life", 300, "Life of an ID token.", most=DAY),
    _life("refresh_token_life", 30 * DAY, "Life of a refresh token from its last use."),
    _life("signin_idle", 3600, "Without use, a sign-in gives no new authorization after this."),
    _life("signin_absolute", DAY, "From a sign-in to its end, whatever happens."),
    _life("offline_life", 90 * DAY, "Life of a grant with offline access."),
    _life(
        "refresh_retry_window",
        60,
        "How long the previous refresh token may be shown again after a lost answer; 0: never.",
        least=0,
        most=600,
    ),
    Option(
        name="dpop_nonce",
        read=_one_of("optional", "required"),
        metavar="optional|required",
        default="optional",
        help="Whether a DPoP proof must hold a nonce of this server: proofs cannot be made in advance then.",
        group=_KEYS,
        example="required",
    ),
    Option(
        name="password_workers",
        read=_whole(0, 256),
        metavar="N",
        default=0,
        shown="0: as many as there are cores",
        help="Threads that check passwords.",
        group=_LIMITS,
        example="2",
    ),
    Option(
        name="password_queue",
        read=_whole(1, 100_000),
        metavar="N",
        default=32,
        help="Password checks that may wait; the next one is answered 503 with Retry-After.",
        group=_LIMITS,
        example="32",
    ),
    Option(
        name="max_body",
        read=_whole(1024, 64 * 1024 * 1024),
        metavar="BYTES",
        default=65_536,
        help="Largest request body; a larger one is answered 413.",
        group=_LIMITS,
        example="65536",
    ),
    Option(
        name="drain_seconds",
        read=_whole(0, 3600),
        metavar="SECONDS",
        default=10,
        help="At the end, how long requests that have begun may still take.",
        group=_LIMITS,
        example="10",
    ),
    Option(
        name="log_level",
        read=_one_of("debug", "info", "warning", "error"),
        metavar="LEVEL",
        default="info",
        help="The least that is logged: debug, info, warning or error.",
        group=_LOG,
        example="warning",
    ),
    Option(
        name="log_format",
        read=_one_of("text", "json"),
        metavar="text|json",
        default="text",
        help="Lines for people, or one JSON object a line.",
        group=_LOG,
        example="json",
    ),
)
