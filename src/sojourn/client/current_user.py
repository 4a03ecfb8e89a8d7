"""The one user that a process works as, for code that has nobody to ask: the one deliberate global. Programs set it at
their start; nothing of Sojourn reads it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sojourn.client.user import User


class _Slot:
    """One place for one user."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._user: User | None = None

    def set(self, user: User | None) -> None:
        with self._lock:
            self._user = user

    def get(self) -> User | None:
        with self._lock:
            return self._user


_slot = _Slot()


def set_authenticated_user(user: User | None) -> None:
    """Make `user` the one that this process works as; None for nobody."""
    _slot.set(user)


def get_authenticated_user() -> User | None:
    """Return the user that this process works as, or None."""
    return _slot.get()
