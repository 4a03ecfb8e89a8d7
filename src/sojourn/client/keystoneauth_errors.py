"""Errors of ours that are keystoneauth1's as well, while that is loaded: a caller's `except` written
for it goes on working. Sessions, and plugins inside its Session, call it as an error leaves them; below
it is the tree of errors."""

from __future__ import annotations

import sys
from typing import Any, Final

from sojourn.errors import HttpError, SojournError

# Most particular first; the right column are names of `keystoneauth1.exceptions`.
_NAMES: Final = {
    "MissingAuthMethods": "MissingAuthMethods",
    "AuthenticationError": "Unauthorized",
    "IncompleteCredentials": "MissingAuthPlugin",
    "CredentialError": "AuthorizationFailure",
    "EmptyCatalog": "EmptyCatalog",
    "EndpointNotFound": "EndpointNotFound",
    "VersionNotAvailable": "VersionNotAvailable",
    "DiscoveryFailure": "DiscoveryFailure",
    "SSLFailure": "SSLError",
    "ConnectTimeout": "ConnectTimeout",
    "ConnectFailure": "ConnectFailure",
    "HttpClientError": "HTTPClientError",
    "HttpServerError": "HttpServerError",
    "RequestError": "UnknownConnectionError",
}


def as_keystoneauth(error: SojournError) -> None:
    """Make `error`, in place, an error of keystoneauth1 too, if that is loaded and has a like."""
    library: Any = sys.modules.get("keystoneauth1.exceptions")
    if library is None or isinstance(error, library.ClientException):
        return
    kind = type(error)
    status = error.http_status if isinstance(error, HttpError) else None
    both = _TWOFOLD.get((kind, status)) or _TWOFOLD.setdefault(
        (kind, status), _twofold(kind, _like(kind, status, library))
    )
    error.__class__ = both


# Made once for each pair, so that two errors of one kind are of one class.
_TWOFOLD: Final[dict[tuple[type[SojournError], int | None], type[SojournError]]] = {}


def _twofold(ours: type[SojournError], other: type[Exception] | None) -> type[SojournError]:
    """Return the class that is both; it shows and behaves as ours."""
    if other is None:
        return ours
    name, module = ours.__name__, ours.__module__
    return type(name, (ours, other), {"__module__": module, "__doc__": ours.__doc__})


def _like(kind: type[SojournError], status: int | None, library: Any) -> type[Exception] | None:  # noqa: ANN401
    if status is not None:
        same = [
            found
            for found in vars(library).values()
            if isinstance(found, type) and getattr(found, "http_status", None) == status
        ]
        # Of several with one status the one that others do not inherit from is meant.
        if same:
            return max(same, key=lambda found: len(found.__mro__))
    for base in kind.__mro__:
        if name := _NAMES.get(base.__name__):
            found: type[Exception] = getattr(library, name)
            return found
    return None
