"""What the asynchronous SQLite store keeps in memory never differs from its file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sojourn.errors import Conflict, StoreUnavailable
from sojourn.store.contract import Check, Drop, Put, Record, Store
from sojourn.store.open import open_store
from sojourn.store.sqlite.cache import MOST, Cache


def record(name: str, version: int = 1, *, path: tuple[str, ...] = (), expires: int = 0) -> Record:
    body = b'{"v":1,"n":%d}' % version
    return Record(f"default/001/user/{name}", version, "0" * 16, body, path, (), expires)


def key(name: str) -> str:
    return record(name).key


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path / 'a.db'}", blocking=False)


def test_a_record_that_was_read_is_read_anew_after_a_write(store: Store):
    async def story() -> None:
        await store.put(record("a"))
        assert (await store.get(key("a"))) == record("a")
        await store.batch(1, (Put(record("a", 2)),))
        assert (await store.get(key("a"))) == record("a", 2)
        await store.drop(key("a"))
        assert await store.get(key("a")) is None
        await store.close()

    asyncio.run(story())


def test_what_a_group_is_still_writing_is_seen_only_when_it_is_committed(store: Store):
    async def story() -> None:
        await store.put(record("a"))
        await store.get(key("a"))
        writing = asyncio.ensure_future(store.put(record("a", 2)))
        await asyncio.sleep(0)
        seen = await store.get(key("a"))
        assert seen in {record("a"), record("a", 2)}
        await writing
        assert await store.get(key("a")) == record("a", 2)
        await store.close()

    asyncio.run(story())


def test_a_refused_batch_leaves_what_is_kept_as_it_was(store: Store):
    async def story() -> None:
        await store.put(record("a"))
        await store.put(record("b"))
        for name in "ab":
            await store.get(key(name))
        with pytest.raises(Conflict):
            await store.batch(1, (Put(record("a", 2)), Check(key("b"), 7)))
        with pytest.raises(Conflict):
            await store.batch(1, (Drop(key("a"), 1), Check(key("b"), 7)))
        assert await store.get(key("a")) == record("a")
        await store.close()

    asyncio.run(story())


def test_a_path_never_mixes_what_is_kept_with_what_was_swept(store: Store):
    async def story() -> None:
        await store.put(record("root", expires=10))
        await store.put(record("leaf", path=(key("root"),)))
        assert None not in await store.path(key("leaf"))
        assert await store.sweep(10, 100) == 1
        assert (await store.path(key("leaf")))[1] is None
        await store.close()

    asyncio.run(story())


def test_a_sweep_forgets_only_what_it_removes(store: Store):
    async def story() -> None:
        await store.put(record("due", expires=10))
        await store.put(record("staying"))
        await store.get(key("due"))
        kept = await store.get(key("staying"))
        assert await store.sweep(10, 100) == 1
        assert await store.get(key("due")) is None
        assert await store.get(key("staying")) is kept
        await store.close()

    asyncio.run(story())


def test_a_closed_store_answers_nothing_from_memory(store: Store):
    async def story() -> None:
        await store.put(record("a"))
        await store.get(key("a"))
        await store.close()
        with pytest.raises(StoreUnavailable):
            await store.get(key("a"))

    asyncio.run(story())


def test_the_cache_is_bounded():
    cache = Cache()
    for number in range(2 * MOST + 10):
        cache.keep(record(str(number)))
    assert cache.get(key("0")) is None
    assert cache.get(key(str(2 * MOST))) is not None
