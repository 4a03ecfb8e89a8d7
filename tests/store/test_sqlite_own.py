"""What only the SQLite store promises: one owner, clear refusals, groups that stand or fall
together.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest

from sojourn.driver import drive
from sojourn.errors import StoreUnavailable
from sojourn.store.open import open_store
from sojourn.store.sqlite.file import SCHEMA, StoreFile
from sojourn.testing.store_contract_desk import record_of

OPEN = (
    "import sys; from sojourn.store.open import open_store; open_store(sys.argv[1], blocking=True)"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


def opening(url: str) -> str:
    """The public text of the refusal to open `url`."""
    with pytest.raises(StoreUnavailable) as refusal:
        open_store(url, blocking=True)
    return str(refusal.value)


# one owner


@pytest.mark.parametrize("blocking", [True, False])
def test_a_second_opening_names_the_process_that_holds_the_file(
    url: str, file: Path, *, blocking: bool
) -> None:
    store = open_store(url, blocking=blocking)
    assert f"{file} is in use by process {os.getpid()}" in opening(url)
    other = subprocess.run([sys.executable, "-c", OPEN, url], capture_output=True, check=False)
    assert f"in use by process {os.getpid()}".encode() in other.stderr
    asyncio.run(store.close())
    drive(open_store(url, blocking=True).close())


def test_the_files_are_for_their_owner_alone(url: str, file: Path) -> None:
    before = os.umask(0)
    try:
        store = open_store(url, blocking=True)
        drive(store.put(record_of("t")))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
    finally:
        os.umask(before)
    drive(store.close())
    names = ("store.db", "store.db.lock", "store.db-wal", "store.db-shm")
    assert modes == dict.fromkeys(names, 0o600)


def test_a_file_that_others_could_open_is_taken_from_them(url: str, file: Path) -> None:
    file.touch(0o644)
    drive(open_store(url, blocking=True).close())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_version_of_sqlite_is_logged(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "sojourn.store"):
        drive(open_store(url, blocking=True).close())
    assert f"SQLite {apsw.sqlite_lib_version()} opened" in caplog.text


def test_the_disk_is_waited_for(file: Path) -> None:
    opened = StoreFile(file)
    assert opened.writer.execute("PRAGMA synchronous").fetchall() == [(2,)]
    assert opened.writer.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    opened.close()


# clear refusals, after each of which the file can be had again


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert f"The folder {tmp_path}/none does not exist" in opening(
        f"sqlite:///{tmp_path}/none/s.db"
    )


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert "is a folder, not a file" in opening(f"sqlite:///{tmp_path}/folder")


@contextmanager
def without_privilege() -> Iterator[None]:
    """Root may write anywhere, so a test about permissions steps down for a moment."""
    before = os.geteuid()
    os.seteuid(before or 65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_folder_that_cannot_be_written_is_said() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        with without_privilege():
            assert "s.db cannot be used: Permission denied." in opening(f"sqlite:///{folder}/s.db")


def test_a_file_that_cannot_be_written_is_said() -> None:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/s.db"
        drive(open_store(url, blocking=True).close())
        Path(folder, "s.db").chmod(0o400)
        Path(folder, "s.db.lock").chmod(0o666)
        Path(folder).chmod(0o777)
        with without_privilege():
            assert "cannot be" in opening(url)


def test_garbage_is_not_a_database_and_is_left_alone(url: str, file: Path) -> None:
    file.write_bytes(b"not a database at all\n" * 500)
    assert "is not an SQLite database" in opening(url)
    assert file.read_bytes() == b"not a database at all\n" * 500


def test_a_damaged_database_is_said_to_be_damaged(url: str, file: Path) -> None:
    store = open_store(url, blocking=True)
    for number in range(100):
        drive(store.put(record_of(f"t{number}", body=b"x" * 500, users=("ann",))))
    drive(store.close())
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    store = open_store(url, blocking=True)
    with pytest.raises(StoreUnavailable, match="damaged"):
        drive(store.get(record_of("t7").key))
    with pytest.raises(StoreUnavailable, match="damaged"):
        drive(store.put(record_of("new")))
    drive(store.close())


def test_the_database_of_another_program_is_left_alone(url: str, file: Path) -> None:
    other = apsw.Connection(str(file))
    other.execute("CREATE TABLE record (key TEXT)")
    other.close()
    before = file.read_bytes()
    assert "is the database of another program" in opening(url)
    assert file.read_bytes() == before


def test_a_newer_schema_is_left_alone(url: str, file: Path) -> None:
    drive(open_store(url, blocking=True).close())
    later = apsw.Connection(str(file))
    later.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    later.close()
    assert f"written by a later release of Sojourn: schema {SCHEMA + 1}" in opening(url)
    assert "written by a later release" in opening(url)


def test_an_empty_file_becomes_a_store(url: str, file: Path) -> None:
    file.touch()
    store = open_store(url, blocking=True)
    drive(store.put(record_of("t")))
    drive(store.close())
    store = open_store(url, blocking=True)
    assert drive(store.get(record_of("t").key)) == record_of("t")
    drive(store.close())
