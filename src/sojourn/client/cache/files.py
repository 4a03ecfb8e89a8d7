"""Files that are whole or not there: read, replaced by rename, created once, removed, locked. The
store and its key stand above it. Every failure of the disk becomes one clear StoreUnavailable that
names the file and says what is unharmed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sojourn.errors import CredentialBusy, StoreUnavailable

LOCK_TIMEOUT: Final = 30.0  # seconds

_WHY: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "access is denied",
    errno.EPERM: "access is denied",
    errno.ENOTDIR: "a part of the path is not a folder",
}


def read(path: str) -> bytes | None:
    """Return the content of `path`, or None if there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as cause:
        raise _unavailable("read", path, cause) from cause


def replace(path: str, content: bytes) -> None:
    """Make `content` the whole of `path`, readable by its owner alone; what was there stays until
    all of it is on disk."""
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
    try:
        _make_folder(os.path.dirname(path))
        _write(temporary, content)
        os.replace(temporary, path)
    except OSError as cause:
        with suppress(OSError):
            os.unlink(temporary)
        raise _unavailable("write", path, cause) from cause


def remove(path: str) -> None:
    """Remove `path` if it is there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as cause:
        raise _unavailable("remove", path, cause) from cause


def names(folder: str, suffix: str) -> list[str]:
    """Return the names in `folder` that end in `suffix`, without it, sorted; no folder is an empty
    one."""
    try:
        found = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as cause:
        raise _unavailable("read", folder, cause) from cause
    return sorted(name.removesuffix(suffix) for name in found if name.endswith(suffix))


@contextmanager
def locked(path: str, *, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
    """Hold the lock file `path` against every thread and process; CredentialBusy after `timeout`
    seconds.

    Take and release it on one thread, and never while a person is asked.
    """
    from filelock import FileLock, Timeout

    try:
        _make_folder(os.path.dirname(path))
        # Not a singleton: two threads of one process must exclude each other as well.
        lock = FileLock(path, timeout=timeout, mode=0o600, is_singleton=False)
        lock.acquire()
    except Timeout as cause:
        raise CredentialBusy(f"Another process has held {path} for {timeout:.0f} s.") from cause
    except OSError as cause:
        raise _unavailable("lock", path, cause) from cause
    try:
        yield
    finally:
        lock.release()


def _make_folder(path: str) -> None:
    os.makedirs(path, mode=0o700, exist_ok=True)


def _write(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unavailable(verb: str, path: str, cause: OSError) -> StoreUnavailable:
    why = _WHY.get(cause.errno or 0, cause.strerror or "unknown reason")
    return StoreUnavailable(
        f"Cannot {verb} {path}: {why}. What was stored there is unchanged.", detail=str(cause)
    )
