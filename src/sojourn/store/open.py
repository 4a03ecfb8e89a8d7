"""From a URL to a store: the one place, beside `testing`, that names a backend. The Session Manager
and the command line stand above it; the backends below. Other packages add schemes through the
entry-point group `sojourn.stores`.
"""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote

from sojourn.errors import ConfigurationError
from sojourn.store.contract import Store

GROUP: Final = "sojourn.stores"
_FORMS: Final = "memory:, sqlite:///FILE (relative) and sqlite:////FOLDER/FILE (absolute)"


class Opener(Protocol):
    """What an entry point of `sojourn.stores` names; the entry point's own name is the URL's
    scheme.
    """

    def __call__(self, url: str, *, blocking: bool) -> Store:
        """As `open_store`."""


def open_store(url: str, *, blocking: bool) -> Store:
    """Return the store that `url` names: `memory:`, `sqlite:///FILE`, or what an installed package
    adds.

    With `blocking`, its verbs never suspend, commit on the calling thread, and may be called from
    many threads through `sojourn.driver.drive`; without, it serves the tasks of one event loop.
    Raises ConfigurationError for a URL that cannot be right and StoreUnavailable for a file that
    cannot be had.
    """
    scheme, colon, rest = url.partition(":")
    if not colon:
        raise ConfigurationError(f"{url!r} is not a store's URL. Use {_FORMS}.")
    if scheme == "memory":
        return _memory(rest)
    if scheme == "sqlite":
        return _sqlite(rest, blocking=blocking)
    return _other(scheme, url, blocking=blocking)


def _memory(rest: str) -> Store:
    from sojourn.store.memory import MemoryStore

    if rest:
        raise ConfigurationError("The memory store takes no options: its URL is just memory:")
    return MemoryStore()


def _sqlite(rest: str, *, blocking: bool) -> Store:
    path = _path(rest)
    try:
        from sojourn.store.sqlite.blocking import BlockingSQLiteStore
        from sojourn.store.sqlite.file import StoreFile
        from sojourn.store.sqlite.grouped import GroupedSQLiteStore
    except ModuleNotFoundError as error:
        if error.name != "apsw":
            raise
        raise ConfigurationError("SQLite stores need apsw: install sojourn[server].") from error
    file = StoreFile(path)
    return BlockingSQLiteStore(file) if blocking else GroupedSQLiteStore(file)


def _path(rest: str) -> Path:
    location, mark, options = rest.partition("?")
    if mark:
        names = ", ".join(option.partition("=")[0] for option in options.split("&"))
        raise ConfigurationError(
            f"SQLite stores take no options ({names}). A ? in a file's name is written %3F."
        )
    name = unquote(location.removeprefix("///"))
    if not location.startswith("///") or not name or "\0" in name or name.endswith("/"):
        raise ConfigurationError(
            f"sqlite:{rest} names no file. Use sqlite:///FILE or sqlite:////FOLDER/FILE."
        )
    return Path(os.path.abspath(name))  # noqa: PTH100 - resolve() would follow a link that is replaced later


def _other(scheme: str, url: str, *, blocking: bool) -> Store:
    installed = entry_points(group=GROUP)
    for entry in installed.select(name=scheme):
        opener: Opener = entry.load()
        return opener(url, blocking=blocking)
    known = "".join(f", {name}:" for name in sorted(installed.names))
    raise ConfigurationError(
        f"No store of the kind {scheme!r} is installed. Known here: {_FORMS}{known}."
    )
