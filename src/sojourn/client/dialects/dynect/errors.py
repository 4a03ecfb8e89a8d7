"""The errors of DynECT, under the names that its users know, in Sojourn's tree. The plugin, the calls
and the jobs raise them; below them are the wire's messages.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, TypeVar, cast

from sojourn.errors import AuthenticationError, IncompleteCredentials, SojournError
from sojourn.wire.dynect import Message
from sojourn.wire.masking import masked

_THEIRS: Final = "dyn.tm.errors"


class DynectError(SojournError):
    """A call that DynECT refused. `message` is what it said; `messages` are its parts, with codes.

    `api_type` is put before the message.
    """

    text = "An unknown error occurred."

    def __init__(self, messages: Iterable[Message] | str, api_type: str | None = None) -> None:
        self.messages = () if isinstance(messages, str) else tuple(messages)
        said = messages if isinstance(messages, str) else _joined(self.messages)
        text = masked(said) or type(self).text
        super().__init__(f"{api_type}: {text}" if api_type else text)
        self.message = self.public

    def __repr__(self) -> str:
        return self.message


class DynectAuthError(DynectError, AuthenticationError):
    """The sign-in was refused, or the API could not be reached for it."""


class DynectCreateError(DynectError):
    """A POST was refused."""


class DynectGetError(DynectError):
    """A GET was refused."""


class DynectUpdateError(DynectError):
    """A PUT was refused."""


class DynectDeleteError(DynectError):
    """A DELETE was refused."""


class DynectRateLimited(DynectError):
    """There were too many calls, and waiting for as long as a call may wait did not help."""


class DynectQueryTimeout(DynectError):
    """A slow call did not end in time; it goes on at DynECT, and `job_id` is where to ask for it."""

    def __init__(self, messages: Iterable[Message] | str, *, job_id: int) -> None:
        super().__init__(messages)
        self.job_id = job_id


T = TypeVar("T", bound=DynectError)


class AmbiguousAccount(DynectError, IncompleteCredentials, ValueError):
    """Several open sessions are meant by a user name; say the customer too."""


class NoSuchAccount(DynectError, IncompleteCredentials, ValueError):
    """No open session is meant by a user name."""


BY_METHOD: Final[dict[str, type[DynectError]]] = {
    "POST": DynectCreateError,
    "GET": DynectGetError,
    "PUT": DynectUpdateError,
    "DELETE": DynectDeleteError,
}


def caught(kind: type[T]) -> type[T]:
    """Return the class to raise for `kind`. While the `dyn` package is loaded it is that package's
    error too, so that its classes over our session, and callers of both, catch what they expect."""
    plain: type[DynectError] = kind
    return cast("type[T]", _of_both(plain, sys.modules.get(_THEIRS)))  # type: ignore[arg-type]  # mypy takes the instances' __hash__


def refusal(kind: type[DynectError], messages: Iterable[Message] | str) -> DynectError:
    """Return the error of `kind` that says `messages`."""
    return caught(kind)(messages)


@cache
def _of_both(kind: type[DynectError], theirs: object) -> type[DynectError]:
    other: Any = getattr(theirs, kind.__name__, None)
    if other is None:
        return kind
    made = type(kind.__name__, (kind, other), {"__module__": __name__})
    return cast("type[DynectError]", made)


def _joined(messages: tuple[Message, ...]) -> str:
    return " ".join(f"{message.info}." for message in messages)
