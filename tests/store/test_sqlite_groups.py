"""Groups of the SQLite store stand or fall together, whatever callers, loops and the disk do."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import apsw
import pytest

from sojourn.driver import drive
from sojourn.errors import Conflict, OutcomeUnknown, StoreUnavailable
from sojourn.store.contract import Drop, Put, Store
from sojourn.store.open import open_store
from sojourn.store.sqlite.file import StoreFile
from sojourn.store.sqlite.grouped import GroupedSQLiteStore
from sojourn.testing.store_contract_desk import PARTITION, record_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


@contextmanager
def grouped(file: Path) -> Iterator[GroupedSQLiteStore]:
    """A store of the asynchronous face whose insides a test may watch."""
    store = GroupedSQLiteStore(StoreFile(file))
    try:
        yield store
    finally:
        asyncio.run(store.close())


def survivors(url: str) -> list[str]:
    """The names of all tokens of user ann in the file, read by another store."""
    store = open_store(url, blocking=True)
    page = drive(store.find("token", "user", "ann", limit=10_000))
    drive(store.close())
    return [record.key.rpartition("/")[2] for record in page.records]


def test_many_writes_at_once_share_few_commits(file: Path) -> None:
    with grouped(file) as store:
        commits = 0

        def commit() -> bool:
            nonlocal commits
            commits += 1
            return False

        store._file.writer.set_commit_hook(commit)

        async def crowd() -> None:
            await asyncio.gather(*(store.put(record_of(f"t{number}")) for number in range(200)))

        asyncio.run(crowd())
        assert 1 <= commits <= 3


def test_writes_that_arrive_during_a_commit_wait_and_share_the_next(file: Path) -> None:
    with grouped(file) as store:
        commits: list[str] = []
        begun, go_on = Event(), Event()

        def commit() -> bool:
            begun.set()
            commits.append("done" if go_on.wait(60) else "gave up")
            return False

        store._file.writer.set_commit_hook(commit)

        async def story() -> None:
            first = asyncio.ensure_future(store.put(record_of("first")))
            await asyncio.to_thread(begun.wait, 60)
            rest = [asyncio.ensure_future(store.put(record_of(f"t{n}"))) for n in range(20)]
            for _ in range(5):
                await asyncio.sleep(0)
            assert commits == []  # the loop was not held up
            assert await store.get(record_of("first").key) is None
            go_on.set()
            await asyncio.gather(first, *rest)

        asyncio.run(story())
        assert commits == ["done", "done"]


def test_readers_see_nothing_before_it_is_committed(file: Path) -> None:
    async def story(store: Store) -> None:
        mine = record_of("t", users=("ann",))
        writing = asyncio.ensure_future(store.put(mine))
        await asyncio.sleep(0)  # the statement has run, its COMMIT has not begun
        assert await store.get(mine.key) is None
        assert await store.path(mine.key) == ()
        assert (await store.find("token", "user", "ann")).records == ()
        await writing
        assert await store.get(mine.key) == mine

    with grouped(file) as store:
        asyncio.run(story(store))


def test_a_refusal_is_told_only_when_what_it_rests_on_is_certain(file: Path) -> None:
    async def story(store: Store) -> None:
        first = asyncio.ensure_future(store.put(record_of("t", by="first")))
        second = asyncio.ensure_future(store.put(record_of("t", by="second")))
        with pytest.raises(Conflict):
            await second
        kept = await store.get(record_of("t").key)
        assert kept == record_of("t", by="first")
        await first

    with grouped(file) as store:
        asyncio.run(story(store))


def test_a_cancelled_caller_undoes_nothing_for_itself_or_others(file: Path, url: str) -> None:
    async def story(store: Store) -> None:
        first = [task(store, f"a{number}") for number in range(6)]
        await asyncio.sleep(0)  # in the open group
        await asyncio.sleep(0)  # its COMMIT is under way
        second = [task(store, f"b{number}") for number in range(6)]
        await asyncio.sleep(0)  # waiting for the next group
        for number, writing in enumerate((*first, *second)):
            if number % 2:
                writing.cancel()
        outcomes = await asyncio.gather(*first, *second, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [type(None), asyncio.CancelledError] * 6

    def task(store: Store, name: str) -> asyncio.Future[None]:
        return asyncio.ensure_future(store.put(record_of(name, users=("ann",))))

    with grouped(file) as store:
        asyncio.run(story(store))
    assert survivors(url) == [f"{letter}{number}" for letter in "ab" for number in range(6)]


def test_closing_waits_for_all_that_was_handed_over(file: Path, url: str) -> None:
    async def story(store: Store) -> None:
        names = [f"t{number:03}" for number in range(300)]
        writing = [asyncio.ensure_future(store.put(record_of(n, users=("ann",)))) for n in names]
        await asyncio.sleep(0)
        await store.close()
        assert all(one.done() and one.exception() is None for one in writing)

    asyncio.run(story(open_store(url, blocking=False)))
    assert len(survivors(url)) == 300


def test_a_second_loop_may_follow_but_not_join(file: Path) -> None:
    with grouped(file) as store:
        asyncio.run(store.put(record_of("a")))
        asyncio.run(store.put(record_of("b")))

        def second() -> None:
            with pytest.raises(StoreUnavailable, match="another event loop"):
                asyncio.run(store.put(record_of("d")))

        async def first() -> None:
            writing = asyncio.ensure_future(store.put(record_of("c")))
            await asyncio.sleep(0)
            with ThreadPoolExecutor(1) as threads:
                threads.submit(second).result()  # this loop stands still, so its write is under way
            await writing

        asyncio.run(first())
        assert asyncio.run(store.get(record_of("d").key)) is None


def test_what_a_loop_left_behind_does_not_lock_the_store(file: Path) -> None:
    with grouped(file) as store:
        for number in range(20):
            loop = asyncio.new_event_loop()
            abandoned = loop.create_task(store.put(record_of(f"abandoned-{number}")))
            loop.run_until_complete(asyncio.sleep(0))
            if number % 2:
                loop.run_until_complete(asyncio.sleep(0))
            abandoned.cancel()
            loop.run_until_complete(asyncio.gather(abandoned, return_exceptions=True))
            loop.close()
            asyncio.run(store.put(record_of(f"next-{number}")))
            assert asyncio.run(store.get(record_of(f"next-{number}").key)) is not None


@pytest.mark.parametrize("blocking", [True, False])
def test_the_log_is_used_again_while_readers_and_writers_alternate(
    url: str, file: Path, *, blocking: bool
) -> None:
    store = open_store(url, blocking=blocking)
    log = file.with_name("store.db-wal")

    async def story() -> int:
        largest = 0
        for number in range(1500):
            await store.put(record_of(f"t{number}", body=b"x" * 8000))
            await store.path(record_of(f"t{number // 2}").key)
            largest = max(largest, log.stat().st_size)
        await store.close()
        return largest

    largest = drive(story()) if blocking else asyncio.run(story())
    assert file.stat().st_size > 12_000_000
    assert largest < 6_000_000


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """No file of this process may grow past `size`: what the kernel answers then is a real failure
    to write.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def group_of(number: int) -> list[str]:
    return [f"group-{number}-{member}" for member in range(5)]


async def write_group(store: Store, number: int) -> set[type]:
    """Write five records at once; return the types of the five outcomes."""
    records = [record_of(name, body=b"x" * 3000, users=("ann",)) for name in group_of(number)]
    return {type(o) for o in await asyncio.gather(*map(store.put, records), return_exceptions=True)}


def test_a_failed_commit_fails_its_whole_group_and_no_other(file: Path, url: str) -> None:
    with grouped(file) as store:
        assert asyncio.run(write_group(store, 1)) == {type(None)}
        with files_limited_to(file.with_name("store.db-wal").stat().st_size + 5000):
            assert asyncio.run(write_group(store, 2)) == {OutcomeUnknown}
            assert asyncio.run(store.get(record_of("group-2-0").key)) is None
            assert asyncio.run(store.get(record_of("group-1-0").key)) is not None
        assert asyncio.run(write_group(store, 3)) == {type(None)}
    assert survivors(url) == group_of(1) + group_of(3)


def test_a_failed_commit_is_told_on_the_calling_thread(file: Path, url: str) -> None:
    store = open_store(url, blocking=True)
    drive(store.put(record_of("a", users=("ann",))))
    with files_limited_to(file.with_name("store.db-wal").stat().st_size):
        with pytest.raises(OutcomeUnknown):
            drive(store.put(record_of("b", users=("ann",))))
        assert drive(store.get(record_of("b").key)) is None
    drive(store.put(record_of("c", users=("ann",))))
    drive(store.close())
    assert survivors(url) == ["a", "c"]


def test_a_failed_statement_fails_its_group_and_the_store_goes_on(file: Path, url: str) -> None:
    with grouped(file) as store:
        writer = store._file.writer
        asyncio.run(write_group(store, 1))
        ((pages,),) = writer.execute("PRAGMA page_count").fetchall()
        writer.execute(f"PRAGMA max_page_count = {pages}").fetchall()
        outcomes = asyncio.run(write_group(store, 2))
        assert outcomes == {StoreUnavailable}
        writer.execute("PRAGMA max_page_count = 1000000").fetchall()
        asyncio.run(write_group(store, 3))
    assert survivors(url) == group_of(1) + group_of(3)


def test_a_refused_statement_undoes_what_its_group_had_done(file: Path, url: str) -> None:
    with grouped(file) as store:
        writer = store._file.writer
        asyncio.run(write_group(store, 1))
        before = writer.limit(apsw.SQLITE_LIMIT_LENGTH, 5000)

        async def story() -> None:
            bodies = (b"small", b"x" * 9000, b"small")
            puts = [store.put(record_of(f"t{len(b)}", body=b, users=("ann",))) for b in bodies]
            outcomes = await asyncio.gather(*puts[:2], return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 2
            await puts[2]

        asyncio.run(story())
        writer.limit(apsw.SQLITE_LIMIT_LENGTH, before)
    assert survivors(url) == [*group_of(1), "t5"]


class SmallDisk:
    """The disk as SQLite sees it, through the system calls it writes with: past `room` bytes of a
    file there is no space (ENOSPC).
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self._calls = apsw.VFS("small-disk", "unix")
        kind = ctypes.CFUNCTYPE(
            ctypes.c_ssize_t,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_int64,
            use_errno=True,
        )
        address = self._calls.xGetSystemCall("pwrite64")
        assert address is not None
        system = kind(address)

        def pwrite(file: int, text: int, size: int, offset: int) -> int:
            if offset + size > self.room:
                ctypes.set_errno(errno.ENOSPC)
                return -1
            written: int = system(file, text, size, offset)
            return written

        self._pwrite = kind(pwrite)
        where = ctypes.cast(self._pwrite, ctypes.c_void_p).value or 0
        assert self._calls.xSetSystemCall("pwrite64", where)

    def close(self) -> None:
        self._calls.xSetSystemCall("pwrite64", 0)  # its own again
        self._calls.unregister()


@pytest.fixture
def small_disk() -> Iterator[SmallDisk]:
    disk = SmallDisk(1_000_000)
    yield disk
    disk.close()


@pytest.mark.parametrize("blocking", [True, False])
def test_a_full_disk_is_said_and_loses_nothing_acknowledged(
    url: str, small_disk: SmallDisk, *, blocking: bool
) -> None:
    store = open_store(url, blocking=blocking)
    acknowledged: list[str] = []

    async def fill() -> str:
        for number in range(10_000):
            name = f"t{number:04}"
            try:
                await store.put(record_of(name, body=b"x" * 2000, users=("ann",)))
            except (StoreUnavailable, OutcomeUnknown) as refusal:
                assert await store.get(record_of(name).key) is None
                return str(refusal)
            acknowledged.append(name)
        return ""

    async def make_room() -> None:
        await store.batch(PARTITION, (Drop(record_of("t0000").key, 1), Put(record_of("u"))))
        await store.close()

    run = drive if blocking else asyncio.run
    assert "disk is full" in run(fill())
    small_disk.room = 8_000_000
    run(make_room())
    assert len(acknowledged) > 20
    assert survivors(url) == acknowledged[1:]
