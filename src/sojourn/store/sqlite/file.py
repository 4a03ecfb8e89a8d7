"""The file: created 0600, locked for life, checked to be ours, opened by two connections.
`blocking` and `grouped` stand above it, `faults` below.

One process owns it (an exclusive flock on `FILE.lock`, which holds the owner's process id), and
inside it one connection writes and is the only one to checkpoint: SQLite's automatic checkpoint
runs within COMMIT, so in the grouped store it runs on the commit thread and holds up no reader. The
second connection only reads, and sees what is committed.
"""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path
from typing import Final

import apsw

from sojourn.errors import StoreUnavailable
from sojourn.store.sqlite import faults

logger = logging.getLogger(__name__)

SCHEMA: Final = 2
_APPLICATION: Final = 0x534A524E  # "SJRN"
_CREATE: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE record (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    op_id TEXT NOT NULL,
    path TEXT NOT NULL,
    entries TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX record_key ON record (key);
CREATE INDEX record_expires ON record (expires) WHERE expires > 0;
CREATE TABLE record_index (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (kind, name, value, key)
) WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {SCHEMA};
COMMIT;
"""
_BOTH: Final = (
    "busy_timeout = 2000",
    "cache_size = -4096",
    "temp_store = MEMORY",
    "trusted_schema = OFF",
)
_WRITER: Final = (
    "synchronous = FULL",
    "cache_spill = OFF",  # nothing reaches the log before COMMIT, so a failed group costs no disk
    "wal_autocheckpoint = 1000",
    "journal_size_limit = 16777216",
)
_READER: Final = ("query_only = ON", "wal_autocheckpoint = 0")


class StoreFile:
    """An open file: `writer` and `reader`, until `close`."""

    def __init__(self, path: Path) -> None:
        """Open `path`, made if need be. Raises StoreUnavailable with what stands in the way."""
        self._lock = _lock(path)
        try:
            _create(path)
            self.writer = _connect(path, _WRITER)
            try:
                _prepare(self.writer, path)
                self.reader = _connect(path, _READER)
            except BaseException:
                self.writer.close(True)
                raise
        except BaseException as error:
            os.close(self._lock)
            if isinstance(error, apsw.Error):
                fault = faults.unavailable(error)
                raise StoreUnavailable(f"{path}: {fault}", detail=fault.detail) from error
            raise
        logger.info("SQLite %s opened %s", apsw.sqlite_lib_version(), path)

    def close(self) -> None:
        """Let go of the file, once; what was not committed is rolled back."""
        if self._lock < 0:
            return
        lock, self._lock = self._lock, -1
        try:
            self.reader.close(True)
            self.writer.close(True)
        finally:
            os.close(lock)


def _lock(path: Path) -> int:
    """Return the open and locked `FILE.lock`. It stays when we leave: removing it would race with
    the next owner.
    """
    beside = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _blocked(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    except BlockingIOError as error:
        owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        message = f"{path} is in use by process {owner}. Stop it first, or ask it to do the work."
        raise StoreUnavailable(message) from error
    except OSError as error:
        os.close(descriptor)
        raise _blocked(path, error) from error
    return descriptor


def _create(path: Path) -> None:
    """Make an empty file that only its owner can read, or take such rights from others on one that
    is there.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        if path.is_dir():
            raise _blocked(path, error) from error
        if path.is_file() and path.stat().st_mode & 0o077:
            path.chmod(0o600)
            logger.warning("%s could be opened by others; its mode is now 0600", path)
        return
    except OSError as error:
        raise _blocked(path, error) from error
    os.close(descriptor)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    os.fsync(folder)
    os.close(folder)


def _connect(path: Path, pragmas: tuple[str, ...]) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        for pragma in (*_BOTH, *pragmas):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except apsw.Error:
        connection.close(True)
        raise
    return connection


def _prepare(connection: apsw.Connection, path: Path) -> None:
    """Make the tables in an empty database, and refuse one that is not ours or too new."""
    if connection.readonly("main"):
        raise StoreUnavailable(f"{path} or its folder cannot be written.")
    tables = _number(connection, "SELECT count(*) FROM sqlite_schema")
    if tables and _number(connection, "PRAGMA application_id") != _APPLICATION:
        raise StoreUnavailable(f"{path} is the database of another program. Name another file.")
    version = _number(connection, "PRAGMA user_version")
    if tables and version != SCHEMA:
        when = "a later" if version > SCHEMA else "an earlier, unfinished"
        text = f"{path} was written by {when} release of Sojourn: schema {version}, not {SCHEMA}."
        raise StoreUnavailable(text)
    if connection.execute("PRAGMA journal_mode = WAL").fetchall() != [("wal",)]:
        raise StoreUnavailable(f"{path} lies on a file system that cannot hold a write-ahead log.")
    if not tables:
        connection.execute(_CREATE).fetchall()


def _number(connection: apsw.Connection, question: str) -> int:
    ((number,),) = connection.execute(question).fetchall()
    return int(number or 0)


def _blocked(path: Path, error: OSError) -> StoreUnavailable:
    if not path.parent.is_dir():
        return StoreUnavailable(f"The folder {path.parent} does not exist. Create it first.")
    if path.is_dir():
        return StoreUnavailable(f"{path} is a folder, not a file.")
    return StoreUnavailable(f"{path} cannot be used: {error.strerror}.")
