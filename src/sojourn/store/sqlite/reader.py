"""The statements that read. `blocking` and `grouped` stand above it, a connection below. Every
answer is read to its end before it is returned: a statement left open would hold an old state and
keep the log from being reused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import apsw
import msgspec

from sojourn.errors import StoreUnavailable
from sojourn.store import cursor
from sojourn.store.contract import Page, Record
from sojourn.store.sqlite import faults
from sojourn.store.steps import partition_bounds, require_limit

_COLUMNS: Final = "record.key, version, op_id, body, path, entries, expires"
_GET: Final = f"SELECT {_COLUMNS} FROM record WHERE key = ?"  # noqa: S608 - constants
_WITH_VALUE: Final = (
    "FROM record_index AS i WHERE i.kind = ? AND i.name = ? AND i.value = ? AND i.key > ?"
)
_NEXT_KEY: Final = f"SELECT i.key {_WITH_VALUE} ORDER BY i.key LIMIT 1"
_FOUND: Final = f"SELECT i.key AS found {_WITH_VALUE} AND i.key < ? ORDER BY i.key LIMIT ?"
_FIND: Final = (
    f"SELECT {_COLUMNS} FROM ({_FOUND})"  # noqa: S608 - constants
    " CROSS JOIN record ON record.key = found ORDER BY found"
)
_LAST: Final = "\x7f"  # above every key, which are ASCII

_Row = tuple[str, int, str, bytes, str, str, int]
_keys: Final = msgspec.json.Decoder(tuple[str, ...])
_pairs: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...])


class Reader:
    """get, path and find on a connection of its own. Used by one thread at a time."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._execute: Callable[..., Any] = (
            connection.cursor().execute
        )  # rows come as the columns say
        self._ancestors: dict[int, str] = {}

    def get(self, key: str) -> Record | None:
        """As `Store.get`."""
        try:
            rows = self._execute(_GET, (key,)).fetchall()
        except apsw.Error as error:
            raise _failed(error) from error
        return _record(rows[0]) if rows else None

    def path(self, key: str) -> tuple[Record | None, ...]:
        """As `Store.path`: two statements in one read transaction."""
        try:
            self._execute("BEGIN")
            try:
                rows = self._execute(_GET, (key,)).fetchall()
                if not rows:
                    return ()
                leaf = _record(rows[0])
                ancestors = (
                    self._execute(self._select(len(leaf.path)), leaf.path).fetchall()
                    if leaf.path
                    else ()
                )
            finally:
                self._execute("COMMIT")
        except apsw.Error as error:
            raise _failed(error) from error
        found = {row[0]: _record(row) for row in ancestors}
        return (leaf, *map(found.get, leaf.path))

    def find(
        self,
        kind: str,
        index: str,
        value: str,
        *,
        partition: int | None,
        after: str | None,
        limit: int,
    ) -> Page:
        """As `Store.find`."""
        require_limit(limit)
        question = (kind, index, value, partition)
        start = "" if after is None else cursor.decode(after, *question)
        entry = (kind, index, value)
        try:
            if partition is None:
                rows = self._execute(_FIND, (*entry, start, _LAST, limit + 1)).fetchall()
            else:
                rows = self._find_in(partition, entry, start, limit + 1)
        except apsw.Error as error:
            raise _failed(error) from error
        found = tuple([_record(row) for row in rows[:limit]])
        return Page(found, cursor.encode(found[-1].key, *question) if len(rows) > limit else None)

    def _find_in(
        self, partition: int, entry: tuple[str, str, str], start: str, count: int
    ) -> list[_Row]:
        """Go from realm to realm, and in each straight to the partition: the others' rows are never
        read.
        """
        rows: list[_Row] = []
        while len(rows) < count and (ahead := self._execute(_NEXT_KEY, (*entry, start)).fetchall()):
            low, high, next_realm = partition_bounds(ahead[0][0], partition)
            rows += self._execute(
                _FIND, (*entry, max(low, start), high, count - len(rows))
            ).fetchall()
            start = next_realm
        return rows

    def _select(self, count: int) -> str:
        statement = self._ancestors.get(count)
        if statement is None:
            marks = ", ".join("?" * count)
            statement = f"SELECT {_COLUMNS} FROM record WHERE key IN ({marks})"  # noqa: S608 - marks
            self._ancestors[count] = statement
        return statement


def _record(row: _Row) -> Record:
    key, version, op_id, body, path, entries, expires = row
    return Record(
        key,
        version,
        op_id,
        body,
        _keys.decode(path) if path else (),
        _pairs.decode(entries) if entries else (),
        expires,
    )


def _failed(error: apsw.Error) -> StoreUnavailable:
    if isinstance(error, (apsw.ConnectionClosedError, apsw.CursorClosedError)):
        return StoreUnavailable("The store is closed.")
    return faults.unavailable(error)
