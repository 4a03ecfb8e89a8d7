"""The SQLite store of the synchronous face: its verbs never suspend, and commit on the calling
thread. `open` makes it; `file`, `reader` and `writer` stand below. Many threads may call it:
writers wait for each other, and readers only for readers, never for the disk.
"""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import Final

import apsw

from sojourn.errors import StoreUnavailable
from sojourn.store.contract import Page, Put, Record, Step
from sojourn.store.sqlite import faults
from sojourn.store.sqlite.file import StoreFile
from sojourn.store.sqlite.reader import Reader
from sojourn.store.sqlite.writer import Operation, Writer
from sojourn.store.steps import require_key, require_partition

_SLICE: Final = 500  # records swept in one transaction, so that no writer waits long


class BlockingSQLiteStore:
    """`sqlite:///FILE` for threads."""

    shared: Final = False
    durable: Final = True

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        self._closed = False
        self._reading = Lock()
        self._writing = Lock()
        self._reader = Reader(file.reader)
        self._writer = Writer(file.writer)

    async def get(self, key: str) -> Record | None:
        with self._reading:
            return self._reader.get(key)

    async def path(self, key: str) -> tuple[Record | None, ...]:
        with self._reading:
            return self._reader.path(key)

    async def put(self, record: Record) -> None:
        require_key(record.key)
        self._write(lambda: self._writer.apply((Put(record),)))

    async def batch(self, partition: int, steps: tuple[Step, ...]) -> None:
        require_partition(partition, steps)
        self._write(lambda: self._writer.apply(steps))

    async def find(
        self,
        kind: str,
        index: str,
        value: str,
        *,
        partition: int | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page:
        with self._reading:
            return self._reader.find(
                kind, index, value, partition=partition, after=after, limit=limit
            )

    async def drop(self, key: str) -> None:
        self._write(lambda: self._writer.drop(key))

    async def sweep(self, now: int, limit: int) -> int:
        removed = 0
        while removed < limit:
            count = min(_SLICE, limit - removed)
            done = self._write(partial(self._writer.sweep, now, count))
            removed += done
            if done < count:
                break
        return removed

    async def close(self) -> None:
        with self._writing, self._reading:
            if not self._closed:
                self._closed = True
                self._file.close()

    def _write(self, operation: Operation) -> int:
        with self._writing:
            if self._closed:
                raise StoreUnavailable("The store is closed.")
            try:
                return self._transact(operation)
            except apsw.Error as error:
                raise faults.unavailable(error) from error

    def _transact(self, operation: Operation) -> int:
        writer = self._writer
        writer.begin()
        try:
            done = operation()
        except BaseException:
            writer.rollback()
            raise
        try:
            writer.commit()
        except apsw.Error as error:
            writer.rollback()
            raise faults.of_commit(error) from error
        return done
