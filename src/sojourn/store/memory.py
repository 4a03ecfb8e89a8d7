"""Records in this process's memory, for tests, trials and caches. `open` makes one; `contract`,
`cursor` and `steps` stand below. Nothing outlives the process and no verb ever suspends, so one
class serves both faces.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from heapq import heappop, heappush
from threading import Lock
from typing import Final

from sojourn.errors import Conflict, StoreUnavailable
from sojourn.store import cursor
from sojourn.store.contract import Drop, Page, Put, Record, Step, kind_of
from sojourn.store.steps import (
    partition_bounds,
    require_key,
    require_limit,
    require_partition,
    require_same_path,
)

_SLOT: Final = (
    60_000  # ms of expiry that share one list: a list for each ms would cost more than the records
)


class MemoryStore:
    """The store of `memory:`. Safe to use from many threads: one lock, because a batch must be seen
    whole.
    """

    shared: Final = False
    durable: Final = False

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed = False
        self._records: dict[str, Record] = {}
        self._index = _Index()
        self._expiry = _Expiry()

    async def get(self, key: str) -> Record | None:
        with self._lock:
            self._require_open()
            return self._records.get(key)

    async def path(self, key: str) -> tuple[Record | None, ...]:
        with self._lock:
            self._require_open()
            records = self._records
            leaf = records.get(key)
            return () if leaf is None else (leaf, *map(records.get, leaf.path))

    async def put(self, record: Record) -> None:
        require_key(record.key)
        with self._lock:
            self._require_open()
            before = self._records.get(record.key)
            _require_successor(before, record)
            self._write(before, record)

    async def batch(self, partition: int, steps: tuple[Step, ...]) -> None:
        require_partition(partition, steps)
        with self._lock:
            self._require_open()
            for key, after in self._outcome(steps).items():
                before = self._records.get(key)
                if after is not None:
                    self._write(before, after)
                elif before is not None:
                    self._remove(before)

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
        require_limit(limit)
        question = (kind, index, value, partition)
        start = "" if after is None else cursor.decode(after, *question)
        with self._lock:
            self._require_open()
            keys = _after(self._index.held(kind, index, value), start, partition, limit + 1)
            found = tuple([self._records[key] for key in keys[:limit]])
        more = len(keys) > limit
        return Page(found, cursor.encode(found[-1].key, *question) if more else None)

    async def drop(self, key: str) -> None:
        with self._lock:
            self._require_open()
            before = self._records.get(key)
            if before is not None:
                self._remove(before)

    async def sweep(self, now: int, limit: int) -> int:
        with self._lock:
            self._require_open()
            due = self._expiry.take(now, limit, self._records)
            for record in due:
                self._remove(record)
            return len(due)

    async def close(self) -> None:
        with self._lock:
            self._closed = True
            self._records = {}
            self._index = _Index()
            self._expiry = _Expiry()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("The store is closed.")

    def _outcome(self, steps: tuple[Step, ...]) -> dict[str, Record | None]:
        """Return what `steps` will leave at each key they write, or raise with nothing changed."""
        outcome: dict[str, Record | None] = {}
        for step in steps:
            key = step.record.key if isinstance(step, Put) else step.key
            before = outcome[key] if key in outcome else self._records.get(key)
            if isinstance(step, Put):
                _require_successor(before, step.record)
                outcome[key] = step.record
                continue
            if step.version != (0 if before is None else before.version):
                raise Conflict
            if isinstance(step, Drop):
                if before is None:
                    raise Conflict
                outcome[key] = None
        return outcome

    def _write(self, before: Record | None, record: Record) -> None:
        if before is None:
            self._index.add(record)
        elif before.index != record.index:
            self._index.remove(before)
            self._index.add(record)
        if record.expires:
            self._expiry.add(record, before)
        self._records[record.key] = record

    def _remove(self, record: Record) -> None:
        del self._records[record.key]
        self._index.remove(record)


def _require_successor(before: Record | None, record: Record) -> None:
    if record.version != (1 if before is None else before.version + 1):
        raise Conflict
    if before is not None:
        require_same_path(before.path, record.path)
    for _, value in record.index:
        if not value.isascii():
            value.encode("utf-8")  # a lone surrogate is no text: refused here as it is on disk


class _Index:
    """Keys by kind, index name and value: one key, or a sorted list of several."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], dict[str, str | list[str]]] = {}

    def add(self, record: Record) -> None:
        key = record.key
        kind = kind_of(key)
        for name, value in record.index:
            values = self._values.get((kind, name))
            if values is None:
                values = self._values[kind, name] = {}
            held = values.get(value)
            if held is None:
                values[value] = key
            elif isinstance(held, list):
                at = bisect_left(held, key)
                if held[at : at + 1] != [key]:
                    held.insert(at, key)
            elif held != key:
                values[value] = sorted((held, key))

    def remove(self, record: Record) -> None:
        key = record.key
        kind = kind_of(key)
        for name, value in record.index:
            values = self._values[kind, name]
            held = values.get(value)
            if held == key:
                del values[value]
            elif isinstance(held, list):
                at = bisect_left(held, key)
                if held[at : at + 1] == [key]:
                    del held[at]
                if len(held) == 1:
                    values[value] = held[0]

    def held(self, kind: str, name: str, value: str) -> list[str]:
        held = self._values.get((kind, name), {}).get(value, [])
        return held if isinstance(held, list) else [held]


def _after(keys: list[str], start: str, partition: int | None, count: int) -> list[str]:
    """Return the first `count` of the sorted `keys` that follow `start` and lie in `partition`
    (None: in any).
    """
    at = bisect_right(keys, start)
    if partition is None:
        return keys[at : at + count]
    found: list[str] = []
    while at < len(keys) and len(found) < count:
        low, high, next_realm = partition_bounds(keys[at], partition)
        at = max(at, bisect_left(keys, low))
        found += keys[at : min(bisect_left(keys, high), at + count - len(found))]
        at = bisect_left(keys, next_realm)
    return found


class _Expiry:
    """Keys by the minute of their expiry. An entry is a hint: the record itself says whether it is
    still due then.
    """

    def __init__(self) -> None:
        self._slots: dict[int, list[str]] = {}
        self._order: list[int] = []

    def add(self, record: Record, before: Record | None) -> None:
        slot = record.expires // _SLOT
        if before is not None and before.expires and before.expires // _SLOT == slot:
            return
        keys = self._slots.get(slot)
        if keys is None:
            keys = self._slots[slot] = []
            heappush(self._order, slot)
        keys.append(record.key)

    def take(self, now: int, limit: int, records: dict[str, Record]) -> list[Record]:
        """Return at most `limit` records that are due at `now`, and forget their entries."""
        due: dict[str, Record] = {}
        while self._order and self._order[0] <= now // _SLOT and len(due) < limit:
            slot = self._order[0]
            keys, kept = self._slots[slot], []
            while keys and len(due) < limit:
                record = records.get(keys.pop())
                if record is None or record.expires // _SLOT != slot:
                    continue
                if record.expires <= now:
                    due[record.key] = record
                else:
                    kept.append(record.key)
            keys.extend(kept)
            if keys:  # the limit is reached, or the rest of this minute is not due yet
                break
            heappop(self._order)
            del self._slots[slot]
        return list(due.values())
