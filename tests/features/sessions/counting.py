"""A store that counts how it is asked, so that cost is told in calls and not in time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from sojourn.server import AsyncSessionManager
from sojourn.store.contract import Store


class CountingStore:
    """Passes every verb on to another store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: Counter[str] = Counter()

    def __getattr__(self, verb: str) -> Any:
        found = getattr(self._store, verb)
        if callable(found):
            self.calls[verb] += 1
        return found

    def spent(self) -> Counter[str]:
        """The calls since this was last asked."""
        calls, self.calls = self.calls, Counter()
        return calls


def counted(manager: AsyncSessionManager) -> tuple[AsyncSessionManager, CountingStore]:
    """The same manager over the same store, counting."""
    store = CountingStore(manager.context.store)
    return AsyncSessionManager(replace(manager.context, store=store)), store
