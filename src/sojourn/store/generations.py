"""What was used last, by key and within bounds. Whatever keeps values in memory stands on it."""

from __future__ import annotations

from typing import Generic, TypeVar

V = TypeVar("V")


class Generations(Generic[V]):
    """At least the `most` values that were put or got last, and at most twice as many.

    When `most` are in the younger generation it becomes the older one, and what was that is forgotten at once: a value
    that is used moves to the younger one and stays.
    """

    __slots__ = ("_most", "_older", "_younger")

    def __init__(self, most: int) -> None:
        self._most = most
        self._younger: dict[str, V] = {}
        self._older: dict[str, V] = {}

    def get(self, key: str) -> V | None:
        """The value at `key`, if it is here."""
        found = self._younger.get(key)
        if found is None:
            found = self._older.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: str, value: V) -> None:
        """Keep a value."""
        if len(self._younger) >= self._most:
            self._younger, self._older = {}, self._younger
        self._younger[key] = value

    def pop(self, key: str) -> None:
        """Forget what is at `key`."""
        self._younger.pop(key, None)
        self._older.pop(key, None)
