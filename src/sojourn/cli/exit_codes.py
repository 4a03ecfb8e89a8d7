"""Exit codes: what each error is to a script. `root` stands above it; the table is also in `--help` and in the docs.

Errors are told apart by the names in their class's ancestry, so that no half of Sojourn is imported for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OK: Final = 0
ERROR: Final = 1
USAGE: Final = 2
SIGN_IN: Final = 3
REFUSED: Final = 4
NOT_FOUND: Final = 5
UNREACHABLE: Final = 6
BUSY: Final = 7
CONFIGURATION: Final = 8
INTERRUPTED: Final = 130

MEANINGS: Final[Mapping[int, str]] = {
    OK: "done",
    ERROR: "failed, and the line on stderr says why",
    USAGE: "wrong usage",
    SIGN_IN: "a person must sign in (sojourn login)",
    REFUSED: "refused: wrong credentials, no rights, or the person said no",
    NOT_FOUND: "no such account, user, client, session or page, or the name may mean several",
    UNREACHABLE: "the server cannot be reached",
    BUSY: "in use or busy: try again",
    CONFIGURATION: "an option, file, folder or key is wrong",
    INTERRUPTED: "interrupted",
}

_BY_NAME: Final[Mapping[str, int]] = {
    "InteractionRequired": SIGN_IN,
    "LoginRequired": SIGN_IN,
    "IncompleteCredentials": NOT_FOUND,
    "CredentialBusy": BUSY,
    "CredentialError": REFUSED,
    "Unauthorized": REFUSED,
    "Forbidden": REFUSED,
    "BearerError": REFUSED,
    "AccessDenied": REFUSED,
    "NotFound": NOT_FOUND,
    "UnknownObject": NOT_FOUND,
    "NoSuchUser": NOT_FOUND,
    "ConnectFailure": UNREACHABLE,
    "ServerBusy": BUSY,
    "TooManyRequests": BUSY,
    "ServiceUnavailable": BUSY,
    "StoreUnavailable": BUSY,
    "ConfigurationError": CONFIGURATION,
}


def code_of(error: BaseException) -> int:
    """The exit code of an error: that of its nearest ancestor in the table."""
    names = (ancestor.__name__ for ancestor in type(error).__mro__)
    return next((_BY_NAME[name] for name in names if name in _BY_NAME), ERROR)


def described() -> str:
    """The table as lines of text."""
    return "\n".join(f"  {code:3}  {meaning}" for code, meaning in MEANINGS.items())
