# ruff: noqa: S101 - what a case leans on asserts too
"""A store behind synchronous verbs, whichever face it has, so that a case of the suite is written
once and read from top to bottom. The cases stand above it, `store.contract` and `driver` below.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from threading import Barrier, Thread
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from sojourn.driver import drive
from sojourn.errors import Conflict
from sojourn.store.contract import Page, Record, Step, Store

T = TypeVar("T")

RACERS = 64
PARTITION = 0x2A
_PATIENCE = 30.0  # seconds until racers that wait for one that failed give up


class Racer(Struct, frozen=True):
    """One of several callers at once: its number, the store, and where all of them meet before
    going on.
    """

    number: int
    store: Store
    meet: Callable[[], Awaitable[object]]


Story = Callable[[Racer], Coroutine[Any, Any, T]]


class Face(Protocol):
    """How the verbs of a store are driven. `blocking` is what the store must be opened with."""

    @property
    def blocking(self) -> bool: ...

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run one coroutine to its end."""

    def race(self, store: Store, story: Story[T], count: int) -> list[T | BaseException]:
        """Run `count` racers at once; return what each returned or raised."""

    def close(self) -> None:
        """End the loop, if there is one."""


class BlockingFace:
    """Drives coroutines on the calling thread; racers are threads."""

    blocking = True

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return drive(coroutine)

    def race(self, store: Store, story: Story[T], count: int) -> list[T | BaseException]:
        barrier = Barrier(count)
        outcomes: dict[int, T | BaseException] = {}

        async def meet() -> None:
            barrier.wait(_PATIENCE)

        def run(number: int) -> None:
            try:
                outcomes[number] = drive(story(Racer(number, store, meet)))
            except Exception as error:  # noqa: BLE001 - what a racer raised is its outcome
                outcomes[number] = error

        threads = [Thread(target=run, args=(number,)) for number in range(count)]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)  # change threads as often as can be, where faults would show
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        return [outcomes[number] for number in range(count)]

    def close(self) -> None:
        """Nothing to end."""


class AsyncFace:
    """Drives coroutines on an event loop of its own; racers are tasks."""

    blocking = False

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)

    def race(self, store: Store, story: Story[T], count: int) -> list[T | BaseException]:
        async def all_at_once() -> list[T | BaseException]:
            barrier = asyncio.Barrier(count)
            racers = [story(Racer(number, store, barrier.wait)) for number in range(count)]
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.gather(*racers, return_exceptions=True)

        return self._runner.run(all_at_once())

    def close(self) -> None:
        self._runner.close()


class Desk:
    """The eight verbs of a store, run to their end one by one, and `race` for many at once."""

    def __init__(self, store: Store, face: Face) -> None:
        self.store = store
        self._face = face

    def get(self, key: str) -> Record | None:
        return self._face.run(self.store.get(key))

    def path(self, key: str) -> tuple[Record | None, ...]:
        return self._face.run(self.store.path(key))

    def put(self, record: Record) -> None:
        self._face.run(self.store.put(record))

    def batch(self, *steps: Step, partition: int = PARTITION) -> None:
        self._face.run(self.store.batch(partition, steps))

    def find(
        self,
        value: str,
        *,
        kind: str = "token",
        index: str = "user",
        partition: int | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page:
        page = self.store.find(kind, index, value, partition=partition, after=after, limit=limit)
        return self._face.run(page)

    def found(self, value: str, *, kind: str = "token", partition: int | None = None) -> list[str]:
        """The keys that one search finds."""
        page = self.find(value, kind=kind, partition=partition, limit=1000)
        return [record.key for record in page.records]

    def drop(self, key: str) -> None:
        self._face.run(self.store.drop(key))

    def sweep(self, now: int, limit: int = 1000) -> int:
        return self._face.run(self.store.sweep(now, limit))

    def close(self) -> None:
        self._face.run(self.store.close())

    def race(self, story: Story[T], count: int = RACERS) -> list[T | BaseException]:
        """What each of `count` racers returned or raised, in the order of their numbers."""
        return self._face.race(self.store, story, count)


def record_of(
    name: str,
    version: int = 1,
    *,
    kind: str = "token",
    partition: int = PARTITION,
    realm: str = "default",
    by: str = "",
    body: bytes = b'{"v":1}',
    path: tuple[str, ...] = (),
    users: tuple[str, ...] = (),
    expires: int = 0,
) -> Record:
    """A record for a case: `by` tells its writer apart, `users` are its values in index `user`."""
    return Record(
        key=f"{realm}/{partition:03x}/{kind}/{name}",
        version=version,
        op_id=f"{by or name[:20]}-{version}".rjust(16, "0"),
        body=body,
        path=path,
        index=tuple(("user", user) for user in users),
        expires=expires,
    )


def results(outcomes: Sequence[T | BaseException]) -> list[T]:
    """What the racers returned; none may have raised."""
    assert failures(outcomes) == []
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


def failures(outcomes: Sequence[object]) -> list[BaseException]:
    return [outcome for outcome in outcomes if isinstance(outcome, BaseException)]


def only_winner(outcomes: Sequence[T | BaseException]) -> T:
    """What the one winner returned; all others must have met a Conflict."""
    winners = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert len(winners) == 1
    assert {type(failure) for failure in failures(outcomes)} == {Conflict}
    return winners[0]


async def present(racer: Racer, name: str) -> Record:
    record = await racer.store.get(record_of(name).key)
    assert record is not None
    return record
