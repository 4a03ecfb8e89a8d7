"""A session manager under measurement in process: the calls that the manager bench makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

CLIENT_ID = "client_1"
REDIRECT_URI = "https://rp.example/callback"


class Mint(Protocol):
    """Mints a token of a class under a grant; the token carries its text as `value`."""

    def __call__(self, grant: Any, kind: str, based_on: Any = None) -> Any: ...  # noqa: ANN401


@dataclass(frozen=True)
class Subject:
    """`create(user)` gives a session, `grant(session)` what mints; `info` and `find` look up."""

    name: str
    create: Callable[[str], Any]
    grant: Callable[[Any], Any]
    mint: Mint
    info: Callable[[str], Any]
    find: Callable[[Any, str], Any]
    revoke: Callable[[Any, str], None]
