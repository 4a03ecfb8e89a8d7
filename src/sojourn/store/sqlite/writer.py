"""The statements that write. `blocking` and `grouped` stand above it and open and end the
transaction; a connection stands below.

A write that is refused (Conflict, or an argument that is no text or number) leaves nothing behind
in the transaction, so others in it go on. Expectations are met and arguments bound before the first
change of a step, so only a batch that changes something before its last step needs a SAVEPOINT. An
error of SQLite itself ends the whole transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import apsw
import msgspec

from sojourn.errors import Conflict
from sojourn.store.contract import Check, Put, Record, Step, kind_of
from sojourn.store.steps import require_same_path

_INSERT: Final = (
    "INSERT INTO record (key, version, expires, op_id, path, entries, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_UPDATE_BODY: Final = (
    "UPDATE record SET version = ?, op_id = ?, body = ?"
    " WHERE key = ? AND version = ? AND expires = ? AND path = ? AND entries = ?"
)
_SELECT: Final = "SELECT version, path, entries FROM record WHERE key = ?"
_UPDATE: Final = (
    "UPDATE record SET version = ?, op_id = ?, body = ?, expires = ?, entries = ? WHERE key = ?"
)
_DELETE_VERSION: Final = "DELETE FROM record WHERE key = ? AND version = ? RETURNING entries"
_DELETE: Final = "DELETE FROM record WHERE key = ? RETURNING entries"
_DUE: Final = "SELECT key FROM record WHERE expires > 0 AND expires <= ? ORDER BY expires LIMIT ?"
_INDEX: Final = "INSERT OR IGNORE INTO record_index (kind, name, value, key) VALUES (?, ?, ?, ?)"
_UNINDEX: Final = "DELETE FROM record_index WHERE kind = ? AND name = ? AND value = ? AND key = ?"

_encode: Final = msgspec.json.encode
_pairs: Final = msgspec.json.Decoder(tuple[tuple[str, str], ...])


class Writer:
    """Writes on a connection of its own, inside a transaction that the caller opened. One thread at
    a time.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._execute: Callable[..., Any] = (
            connection.cursor().execute
        )  # rows come as the columns say

    def begin(self) -> None:
        """Open a transaction."""
        self._execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """End the transaction and wait for the disk."""
        self._execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, unless SQLite has done so already."""
        if self._connection.in_transaction:
            self._execute("ROLLBACK")

    def apply(self, steps: tuple[Step, ...]) -> int:
        """Do all `steps` or none; returns how many. Raises Conflict or ValueError with nothing
        done.
        """
        if all(type(step) is Check for step in steps[:-1]):
            for step in steps:
                self._do(step)
            return len(steps)
        self._execute("SAVEPOINT batch")
        try:
            for step in steps:
                self._do(step)
        except BaseException:
            if self._connection.in_transaction:
                self._execute("ROLLBACK TO batch")
                self._execute("RELEASE batch")
            raise
        self._execute("RELEASE batch")
        return len(steps)

    def drop(self, key: str) -> int:
        """Remove `key` if it is there; returns how many were removed."""
        rows = self._execute(_DELETE, (key,)).fetchall()
        for (entries,) in rows:
            self._each_entry(_UNINDEX, key, entries)
        return len(rows)

    def sweep(self, now: int, limit: int) -> int:
        """Remove at most `limit` records due at `now`; returns how many were removed."""
        due = self.due(now, limit)
        for key in due:
            self.drop(key)
        return len(due)

    def due(self, now: int, limit: int) -> tuple[str, ...]:
        """The keys of at most `limit` records that `sweep` would remove."""
        return tuple([key for (key,) in self._execute(_DUE, (now, limit)).fetchall()])

    def _do(self, step: Step) -> None:
        if isinstance(step, Put):
            if step.record.version == 1:
                self._insert(step.record)
            else:
                self._replace(step.record)
        elif isinstance(step, Check):
            rows = self._execute("SELECT version FROM record WHERE key = ?", (step.key,)).fetchall()
            if (rows[0][0] if rows else 0) != step.version:
                raise Conflict
        else:
            rows = self._execute(_DELETE_VERSION, (step.key, step.version)).fetchall()
            if not rows:
                raise Conflict
            self._each_entry(_UNINDEX, step.key, rows[0][0])

    def _insert(self, record: Record) -> None:
        entries = _text(record.index)
        row = (
            record.key,
            1,
            record.expires,
            record.op_id,
            _text(record.path),
            entries,
            record.body,
        )
        try:
            self._execute(_INSERT, row)
        except apsw.ConstraintError as error:
            raise _refusal(error) from None
        if entries:
            self._each_entry(_INDEX, record.key, entries)

    def _replace(self, record: Record) -> None:
        """Write a later version: one statement where only version and body differ, as they mostly
        do.
        """
        path, entries = _text(record.path), _text(record.index)
        new = (record.version, record.op_id, record.body)
        try:
            self._execute(
                _UPDATE_BODY, (*new, record.key, record.version - 1, record.expires, path, entries)
            )
            if self._connection.changes() == 0:
                self._replace_all(record, new, entries)
        except apsw.ConstraintError as error:
            raise _refusal(error) from None

    def _replace_all(self, record: Record, new: tuple[int, str, bytes], entries: str) -> None:
        rows = self._execute(_SELECT, (record.key,)).fetchall()
        if not rows or rows[0][0] != record.version - 1:
            raise Conflict
        _, path, old_entries = rows[0]
        require_same_path(_keys(path), record.path)
        self._execute(_UPDATE, (*new, record.expires, entries, record.key))
        if entries != old_entries:
            self._each_entry(_UNINDEX, record.key, old_entries)
            self._each_entry(_INDEX, record.key, entries)

    def _each_entry(self, statement: str, key: str, entries: str) -> None:
        if entries:
            kind = kind_of(key)
            for name, value in _pairs.decode(entries):
                self._execute(statement, (kind, name, value, key))


@lru_cache(maxsize=4_096)
def _text(values: tuple[object, ...]) -> str:
    """JSON text of a path or of index entries: siblings have the same, and so has each version of a record."""
    return _encode(values).decode("utf-8") if values else ""


def _keys(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...]) if text else ()


def _refusal(error: apsw.ConstraintError) -> Conflict | ValueError:
    if getattr(error, "extendedresult", 0) == apsw.SQLITE_CONSTRAINT_UNIQUE:
        return Conflict()
    return ValueError(f"the record cannot be stored: {error}")


Operation = Callable[[], int]
