"""What is checked before a server opens its store: the folder, the clock, the address. Each fault is one clear line.

`run` stands above it.
"""

from __future__ import annotations

import errno
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sojourn.errors import ConfigurationError

EARLIEST: Final = 1_767_225_600_000
"""2026-01-01 in UTC ms: no clock that is right shows an earlier time."""
_SLACK: Final = 300_000
_FILES: Final = ("root.key", "sojourn.db", "sojourn.db-wal")


def prepare_folder(data: Path) -> None:
    """Make the data folder with mode 0700, or see that the one there can be written."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise ConfigurationError(f"{data} is not a folder. Name another with --data.") from error
    except OSError as error:
        message = f"The data folder {data} cannot be made: {_reason(error)}."
        raise ConfigurationError(message) from error
    probe = data / f".probe.{os.getpid()}"
    try:
        probe.touch(mode=0o600, exist_ok=True)
        probe.unlink()
    except OSError as error:
        message = f"The data folder {data} cannot be written: {_reason(error)}."
        raise ConfigurationError(message) from error


def check_clock(data: Path, now: int) -> None:
    """Refuse a clock (UTC ms) that stands before 2026, or before what the data folder already holds.

    A clock that was set back would bring ended tokens to life.
    """
    if now < EARLIEST:
        message = f"The clock is off: it says {_shown(now)}. Set it, then start again."
        raise ConfigurationError(message)
    for file in (data / name for name in _FILES):
        if file.exists() and (written := int(file.stat().st_mtime * 1000)) > now + _SLACK:
            message = (
                f"The clock is off: it says {_shown(now)}, but {file} was written at "
                f"{_shown(written)}. Set the clock, or touch the file if that was wrong."
            )
            raise ConfigurationError(message)


def bound(host: str, port: int) -> socket.socket:
    """A socket bound to the address, not yet listening."""
    where = f"{host} port {port}"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        message = f"There is no address {host!r} to listen at: {_reason(error)}."
        raise ConfigurationError(message) from error
    family, kind, protocol, _, address = min(found, key=lambda entry: entry[0])
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        made.close()
        raise taken(where, error) from error
    return made


def taken(where: str, error: OSError) -> ConfigurationError:
    """Why an address cannot be listened at."""
    if error.errno == errno.EADDRINUSE:
        text = f"{where} is in use by another program. Stop it, or choose another with --port."
    elif error.errno in {errno.EACCES, errno.EPERM}:
        text = f"You may not listen at {where}. Ports below 1024 need rights: choose another."
    elif error.errno == errno.EADDRNOTAVAIL:
        text = f"This machine has no address {where}. Choose another with --host."
    else:
        text = f"Listening at {where} failed: {_reason(error)}."
    return ConfigurationError(text)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _shown(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
