"""A refusal is remembered for five seconds: a wrong password is one attempt, not one for every thread and process.
Renewal stands above it; below it are the store's files. Read and written only while the credential's lock is held."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sojourn.client.cache import files
from sojourn.errors import AuthenticationError, StoreUnavailable

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

MEMORY: Final = 5_000
"""Milliseconds."""

Tried = Callable[[], tuple[str, ...]]
"""Tells what was sent: the generation, and the secrets that prove the client or the person."""


class Refusal(NamedTuple):
    """What this process was told itself, about the credential of one generation."""

    error: AuthenticationError
    generation: int
    at: int

    def holds(self, generation: int, now: int) -> bool:
        """Tell whether it is still the answer."""
        return generation == self.generation and recent(self.at, now)


class Refusals:
    """The note beside a sealed record that says how the server refused, and what was tried: only as a MAC, so
    that whoever comes with another password is not held up."""

    def __init__(self, store: CredentialStore, account: str) -> None:
        self._store = store
        self._path = f"{store.paths.credentials}/{account}.refused"

    def told(self, tried: Tried, *, now: int) -> str | None:
        """Return the refusal of the same in the last five seconds, or None."""
        note = self._note()
        if note is None:
            return None
        if not recent(int(note["at"]), now):
            files.remove(self._path)
            return None
        return str(note["text"]) if note["tried"] == self._mark(tried) else None

    def tell(self, tried: Tried, text: str, *, now: int) -> None:
        """Tell other processes; where that cannot be written they ask the server themselves."""
        note = {"at": now, "text": text, "tried": self._mark(tried)}
        with suppress(StoreUnavailable):
            files.replace(self._path, json.dumps(note).encode("ascii"))

    def _mark(self, tried: Tried) -> str:
        return self._store.account_id("refusal", *tried())

    def _note(self) -> dict[str, Any] | None:
        raw = files.read(self._path)
        with suppress(ValueError):
            found = json.loads(raw) if raw else None
            if isinstance(found, dict) and found.keys() == {"at", "text", "tried"}:
                return found
        return None


def recent(at: int, now: int) -> bool:
    """Tell whether `at` is less than five seconds ago; a clock that was set back ends the memory."""
    return at <= now < at + MEMORY
