"""Records as last committed, kept in memory: one process owns the file, so nobody else can change them.

`grouped` stands above it. A record that an open group writes is unsettled from that write to the group's end: it is
neither answered from here nor taken in, for whether it is old or new only the file knows. So what is here and what is
read beside it are always one moment's state.
"""

from __future__ import annotations

from typing import Final

from sojourn.store.contract import Record
from sojourn.store.generations import Generations

MOST: Final = 1_024
"""Records kept in each of two generations; at about 700 bytes each, some 1.5 MB in all."""


class Cache(Generations[Record]):
    """The newest records that were read or written."""

    __slots__ = ("_unsettled", "_written")

    def __init__(self) -> None:
        super().__init__(MOST)
        self._unsettled: set[str] = set()
        self._written: dict[str, Record] = {}

    def keep(self, record: Record) -> None:
        """Take in a record that was just read."""
        if record.key not in self._unsettled:
            self.put(record.key, record)

    def unsettle(self, key: str) -> None:
        """`key` is being written."""
        self.pop(key)
        self._written.pop(key, None)
        self._unsettled.add(key)

    def written(self, record: Record) -> None:
        """`record` was written; it counts once the group is committed."""
        self._written[record.key] = record

    def settle(self, *, committed: bool) -> None:
        """The group has ended: what it wrote may be read again, and is known if it was committed."""
        self._unsettled.clear()
        written, self._written = self._written, {}
        if committed:
            for record in written.values():
                self.keep(record)
