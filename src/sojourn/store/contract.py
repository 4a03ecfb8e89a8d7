"""The store contract: eight verbs over records. Every backend meets it, and `testing.store_contract` proves it.

A record is JSON text under a key, with a version, the id of the write that made it, the keys of its ancestors and the
index entries it can be found by. A write says what it replaces by the version it carries: version 1 replaces nothing,
version n replaces n - 1, anything else is a Conflict. Nothing here knows what a record means: `records` does.

Keys read `realm/partition/kind/id`, the partition as three hexadecimal digits; all records of one owner share a
partition, so what must change together can. See docs/store.md for the table of kinds.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

PARTITIONS = 1024


class Record(Struct, frozen=True, gc=False):
    """One stored record.

    key        `realm/partition/kind/id`, ASCII
    version    1 at the first write, one more at each write
    op_id      id of the write that made this version, 16 to 32 ASCII characters
    body       UTF-8 JSON text of the value, with its shape's version `v`
    path       keys of its ancestors, nearest first; set at the first write and never changed
    index      (index name, value) pairs by which `find` finds it
    expires    UTC ms from which `sweep` may remove it; 0: never. Garbage collection only, never a judgement
    """

    key: str
    version: int
    op_id: str
    body: bytes
    path: tuple[str, ...] = ()
    index: tuple[tuple[str, str], ...] = ()
    expires: int = 0


class Check(Struct, frozen=True, gc=False):
    """A step that changes nothing: `key` must be at `version` (0: must be absent)."""

    key: str
    version: int


class Put(Struct, frozen=True, gc=False):
    """A step that writes `record`, whose version says what it replaces.

    value  what the record's body was made of, for whoever remembers it; no store looks at it
    """

    record: Record
    value: object = None


class Drop(Struct, frozen=True, gc=False):
    """A step that removes `key`, which must be at `version`."""

    key: str
    version: int


Step = Check | Put | Drop


class Page(Struct, frozen=True):
    """Some records in key order, and the opaque cursor to go on with (None: no more)."""

    records: tuple[Record, ...]
    after: str | None


class Store(Protocol):
    """What every backend does. All verbs raise StoreUnavailable when the backend is gone.

    shared     several processes may open it at once
    durable    an acknowledged write survives a kill
    """

    @property
    def shared(self) -> bool: ...

    @property
    def durable(self) -> bool: ...

    async def get(self, key: str) -> Record | None:
        """The record at `key`, as last committed."""

    async def path(self, key: str) -> tuple[Record | None, ...]:
        """The record at `key` and its ancestors in the order of its `path`, in one round trip.

        Empty if there is no record at `key`; None in the place of an ancestor that is missing. The answer is one
        moment's state for records of one partition.
        """

    async def put(self, record: Record) -> None:
        """Write one record. Raises Conflict, or OutcomeUnknown when the answer was lost."""

    async def batch(self, partition: int, steps: tuple[Step, ...]) -> None:
        """Do all steps, in order, or none. Every key lies in `partition` (else ValueError).

        Raises Conflict when any expectation is not met, or OutcomeUnknown when the answer was lost.
        """

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
        """Records of `kind` whose `index` has `value`, in key order, at most `limit` of them.

        Exact within a partition; across partitions eventual. No security decision uses it: judge every row again.
        Raises Malformed for a cursor it did not make. A cursor stays good while records come and go.
        """

    async def drop(self, key: str) -> None:
        """Remove the record at `key`, whatever its version; nothing happens if there is none."""

    async def sweep(self, now: int, limit: int) -> int:
        """Remove at most `limit` records whose `expires` is not 0 and not after `now`; returns how many."""

    async def close(self) -> None:
        """Finish what was acknowledged and let go. A closed store raises StoreUnavailable."""


def partition_of(key: str) -> int:
    """The partition a key lies in (0 to 1023)."""
    return int(key.split("/", 2)[1], 16)


def kind_of(key: str) -> str:
    """The kind of record a key names."""
    return key.split("/", 3)[2]
