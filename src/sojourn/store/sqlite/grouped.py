"""The SQLite store of the asynchronous face, for one event loop. `open` makes it; `file`, `reader`,
`writer`, `cache` and `committer` stand below.

Statements run inline, where a thread hop would cost more than they do, and records as last
committed are kept in memory. Only COMMIT, which waits for the disk, runs on the commit thread, one
at a time: writes that arrive meanwhile wait, and then share the next transaction. A group is
acknowledged or fails as a whole. A refusal is told only with its group's end, for it may rest on
what an earlier write of the same group did; a batch that only checks is judged at once, by what is
committed. A write once handed over is done, even if its caller is cancelled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import Final

import apsw
import msgspec

from sojourn.errors import Conflict, StoreError, StoreUnavailable
from sojourn.store.contract import Check, Drop, Page, Put, Record, Step
from sojourn.store.sqlite import faults
from sojourn.store.sqlite.cache import Cache
from sojourn.store.sqlite.committer import Committer
from sojourn.store.sqlite.file import StoreFile
from sojourn.store.sqlite.reader import Reader
from sojourn.store.sqlite.writer import Operation, Writer
from sojourn.store.steps import require_key, require_partition

_GROUP: Final = 256  # waiting writes that join one group: a few milliseconds of the loop's time
_SLICE: Final = 100  # records swept by one write, for the same reason


class _Write:
    """A write handed over: what to do, whom to answer, and what came of it."""

    __slots__ = ("answer", "operation", "outcome")

    def __init__(self, operation: Operation, answer: asyncio.Future[int]) -> None:
        self.operation = operation
        self.answer = answer
        self.outcome: int | Exception = 0

    def settle(self, failure: StoreError | None) -> None:
        if self.answer.done():  # the caller was cancelled
            return
        if failure is not None:
            self.answer.set_exception(type(failure)(failure.public, detail=failure.detail))
        elif isinstance(self.outcome, Exception):
            self.answer.set_exception(self.outcome)
        else:
            self.answer.set_result(self.outcome)


class GroupedSQLiteStore:
    """`sqlite:///FILE` for tasks of one event loop."""

    shared: Final = False
    durable: Final = True

    def __init__(self, file: StoreFile) -> None:
        self._file = file
        self._reader = Reader(file.reader)
        self._writer = Writer(file.writer)
        self._committer = Committer(self._writer.commit)
        self._cache = Cache()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._group: list[_Write] = []
        self._waiting: deque[_Write] = deque()
        self._opened = False
        self._committing = False
        self._closing = False
        self._idle: asyncio.Future[None] | None = None

    async def get(self, key: str) -> Record | None:
        found = self._cache.get(key)
        if found is None:
            found = self._reader.get(key)
            if found is not None:
                self._cache.keep(found)
        return found

    async def path(self, key: str) -> tuple[Record | None, ...]:
        leaf = await self.get(key)
        if leaf is None:
            return ()
        ancestors = tuple(map(self._cache.get, leaf.path))
        if None not in ancestors:
            return (leaf, *ancestors)
        found = self._reader.path(key)
        for record in found:
            if record is not None:
                self._cache.keep(record)
        return found

    async def put(self, record: Record) -> None:
        require_key(record.key)
        await self._write(partial(self._apply, (Put(record),)))

    async def batch(self, partition: int, steps: tuple[Step, ...]) -> None:
        require_partition(partition, steps)
        if all(type(step) is Check for step in steps):
            # What a group is still writing is not acknowledged: these checks came before it.
            await self._check(steps)
        else:
            await self._write(partial(self._apply, steps))

    async def _check(self, steps: tuple[Step, ...]) -> None:
        if self._closing:
            raise StoreUnavailable("The store is closed.")
        for step in steps:
            if isinstance(step, Check):
                found = await self.get(step.key)
                if step.version != (0 if found is None else found.version):
                    raise Conflict

    def _apply(self, steps: tuple[Step, ...]) -> int:
        """Do all steps or none. A check of a record that is kept here needs no statement."""
        left: list[Step] = []
        for step in steps:
            if type(step) is Check:
                kept = self._cache.get(step.key)
                if kept is None:
                    left.append(step)
                elif kept.version != step.version:
                    raise Conflict
            else:
                self._cache.unsettle(step.record.key if isinstance(step, Put) else step.key)
                left.append(step)
        done = self._writer.apply(tuple(left))
        for step in left:
            if type(step) is Put:
                self._cache.written(step.record)
            elif type(step) is Drop:
                self._cache.unsettle(step.key)
        return done

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
        return self._reader.find(kind, index, value, partition=partition, after=after, limit=limit)

    async def drop(self, key: str) -> None:
        await self._write(partial(self._drop, key))

    def _drop(self, key: str) -> int:
        self._cache.unsettle(key)
        return self._writer.drop(key)

    async def sweep(self, now: int, limit: int) -> int:
        removed = 0
        while removed < limit:
            count = min(_SLICE, limit - removed)
            done = await self._write(partial(self._sweep, now, count))
            removed += done
            if done < count:
                break
        return removed

    def _sweep(self, now: int, limit: int) -> int:
        due = self._writer.due(now, limit)
        for key in due:
            self._drop(key)
        return len(due)

    async def close(self) -> None:
        self._closing = True
        if self._busy() and self._loop is asyncio.get_running_loop():
            if self._idle is None:
                self._idle = self._loop.create_future()
            await asyncio.shield(self._idle)
        self._committer.stop()
        self._cache = Cache()
        self._file.close()

    def _busy(self) -> bool:
        return bool(self._group or self._waiting or self._committing)

    def _write(self, operation: Operation) -> asyncio.Future[int]:
        if self._closing:
            raise StoreUnavailable("The store is closed.")
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._adopt(loop)
        write = _Write(operation, loop.create_future())
        if self._committing or self._waiting:
            self._waiting.append(write)
        else:
            self._perform(write, loop)
        return write.answer

    def _adopt(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._busy():
            if self._loop is not None and not self._loop.is_closed():
                raise StoreUnavailable("The store is in use by another event loop.")
            self._forsake()
        self._loop = loop

    def _forsake(self) -> None:
        """Forget what a closed loop left behind; its callers are gone."""
        self._committer.stop()
        self._writer.rollback()
        self._group, self._opened, self._committing, self._idle = [], False, False, None
        self._waiting.clear()
        self._committer = Committer(self._writer.commit)
        self._cache = Cache()

    def _perform(self, write: _Write, loop: asyncio.AbstractEventLoop) -> None:
        """Do a write inside the open group, opening one if there is none."""
        if not self._group:
            loop.call_soon(self._commit, loop)
        self._group.append(write)
        try:
            if not self._opened:
                self._writer.begin()
                self._opened = True
            write.outcome = write.operation()
        except (StoreError, ValueError, TypeError, OverflowError) as refusal:
            write.outcome = refusal
        except (apsw.Error, msgspec.MsgspecError) as error:
            self._end_group(faults.unavailable(error))

    def _commit(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._group and not self._committing:
            self._committing = True
            self._committer.begin(loop, self._committed)

    def _committed(self, error: Exception | None) -> None:
        """Answer the group that was committed, or was not, and go on with those who waited."""
        self._committing = False
        self._end_group(None if error is None else faults.of_commit(error))
        loop = asyncio.get_running_loop()
        while self._waiting and len(self._group) < _GROUP:
            self._perform(self._waiting.popleft(), loop)
        if self._idle is not None and not self._busy() and not self._idle.done():
            self._idle.set_result(None)

    def _end_group(self, failure: StoreError | None) -> None:
        group, self._group, self._opened = self._group, [], False
        self._cache.settle(committed=failure is None)
        if failure is not None:
            try:
                self._writer.rollback()
            except apsw.Error as error:  # the group is answered all the same
                failure = faults.unavailable(error)
        for write in group:
            write.settle(failure)
