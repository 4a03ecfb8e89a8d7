"""Whose turn it is to ask a person about one account, over processes: one asks, the others wait for
what comes of it. Renewal stands above it; below it are the store's files. No lock is held while the person is asked."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from sojourn.client.cache import files
from sojourn.client.credential import Credential
from sojourn.errors import InteractionRequired, SojournError, StepUpRequired

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

LIMIT: Final = 300_000
"""Milliseconds after which a turn is void: no person takes longer, and a process may have died unseen."""

PENDING: Final = "pending"
CANCELLED: Final = "cancelled"
GONE: Final = "gone"


class InVain(Exception):
    """A person was asked for a newer or stronger sign-in, and none came of it: `error` is for those who wanted one,
    and not for those who joined the flight for no more than a good token."""

    def __init__(self, error: SojournError) -> None:
        super().__init__()
        self.error = error


class Turn:
    """The note beside a sealed record that says who is asking: process, flight, since when, and whether it was called
    off."""

    def __init__(self, store: CredentialStore, account: str) -> None:
        self._store = store
        self._account = account
        self._path = f"{store.paths.credentials}/{account}.prompt"

    def take(self, flight: str, *, now: int) -> str | None:
        """Take the turn for `flight` and return None, or return the flight that has it."""
        with self._store.locked(self._account):
            note = self._note()
            if _pending(note, now):
                return str(note["flight"])
            note = {"pid": os.getpid(), "flight": flight, "started": now}
            files.replace(self._path, json.dumps(note).encode("ascii"))
        return None

    def of(self, flight: str, *, now: int) -> str:
        """Return what became of the turn of `flight`: PENDING, CANCELLED or GONE."""
        note = self._note()
        if note.get("flight") != flight:
            return GONE
        if note.get("cancelled"):
            return CANCELLED
        return PENDING if _pending(note, now) else GONE

    def cancel(self, flight: str) -> None:
        """Say that the person said no; those who wait for `flight` give up, later ones may ask again."""
        with self._store.locked(self._account):
            note = self._note()
            if note.get("flight") == flight:
                files.replace(self._path, json.dumps({**note, "cancelled": True}).encode("ascii"))

    def leave(self, flight: str) -> None:
        """Give the turn back."""
        with self._store.locked(self._account):
            if self._note().get("flight") == flight:
                files.remove(self._path)

    def _note(self) -> dict[str, Any]:
        raw = files.read(self._path)
        with suppress(ValueError):
            found = json.loads(raw) if raw else {}
            if isinstance(found, dict):
                return found
        return {}


def _pending(note: dict[str, Any], now: int) -> bool:
    # Whoever waited for the lock says a `now` from before the turn began.
    if not note or note.get("cancelled") or abs(now - note.get("started", 0)) >= LIMIT:
        return False
    try:
        os.kill(int(note.get("pid", 0)), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def answers(found: Credential, reason: InteractionRequired, stale: int, now: int) -> bool:
    """Tell whether `found`, which another process got, is what a person was to be asked for because of `reason`."""
    if isinstance(reason, StepUpRequired):
        return found.since > stale and not falls_short(found, reason, now)
    return found.generation > stale and found.fresh(now)


def falls_short(found: Credential, reason: StepUpRequired, now: int) -> bool:
    """Tell whether `found` says itself that its person signed in otherwise than `reason` wants, or too long ago."""
    acr, at = found.claims.get("acr"), found.claims.get("auth_time")
    if reason.acr_values and acr is not None and acr not in reason.acr_values:
        return True
    return reason.max_age is not None and isinstance(at, int) and now // 1000 - at > reason.max_age
