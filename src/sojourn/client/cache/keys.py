"""The key that seals the store: in the OS keyring where there is one that answers, else in a file
only its owner reads. The store stands above it. Where the key is kept is remembered, so a keyring
is probed once and imported only if it has the key."""

from __future__ import annotations

import json
import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sojourn.client.cache import files
from sojourn.client.cache.paths import Paths
from sojourn.errors import ConfigurationError, StoreUnavailable

KEYRING: Final = "keyring"
FILE: Final = "file"
KEYRING_SERVICE: Final = "sojourn"
PROBE_LIMIT: Final = (
    2.0  # seconds: without a desktop, a keyring may wait for a bus that never answers
)

_SIZE = 32


def origin(paths: Paths) -> str | None:
    """Return where the key is kept, `keyring` or `file`, or None while there is none."""
    raw = files.read(paths.origin_of_key)
    if raw is None:
        return FILE if os.path.exists(paths.key) else None
    with suppress(ValueError, TypeError, KeyError):
        found = json.loads(raw)["origin"]
        if found in (KEYRING, FILE):
            return str(found)
    raise ConfigurationError(
        f"{paths.origin_of_key} is damaged: it should say where the key is kept."
    )


def load(paths: Paths) -> bytes | None:
    """Return the key, or None while there is none. A key that is lost, damaged or readable by
    others is an error."""
    where = origin(paths)
    if where is None:
        return None
    return _from_keyring(paths) if where == KEYRING else _from_file(paths)


def load_or_make(paths: Paths) -> bytes:
    """Return the key, made now if there is none."""
    key = load(paths)
    if key is not None:
        return key
    with files.locked(os.path.join(paths.data, "key.lock")):
        return load(paths) or _made(paths)


def _made(paths: Paths) -> bytes:
    if files.names(paths.credentials, ".sealed"):
        raise ConfigurationError(
            f"The key of {paths.credentials} is gone. Put {paths.key} back, or remove the folder "
            "and sign in again."
        )
    key = os.urandom(_SIZE)
    where = KEYRING if _offered_to_keyring(paths, key) else FILE
    if where == FILE:
        files.replace(paths.key, b64encode(key) + b"\n")
    files.replace(paths.origin_of_key, json.dumps({"origin": where}).encode("ascii"))
    return key


def _from_file(paths: Paths) -> bytes:
    raw = files.read(paths.key)
    if raw is None:
        raise ConfigurationError(
            f"The key file {paths.key} is gone. Put it back to open the store."
        )
    if stat.S_IMODE(os.stat(paths.key).st_mode) & 0o077:
        raise ConfigurationError(f"Others can read the key file. Run: chmod 600 {paths.key}")
    return _decoded(raw, paths.key)


def _from_keyring(paths: Paths) -> bytes:
    text = _within_limit(lambda: _keyring_get(paths))
    if not text:
        raise ConfigurationError(
            f"The OS keyring holds the key of {paths.data}, and does not give it. Unlock the keyring."
        )
    return _decoded(text.encode("ascii", "replace"), "The keyring's entry")


def _offered_to_keyring(paths: Paths, key: bytes) -> bool:
    """Tell whether a keyring took the key and gave it back."""
    text = b64encode(key).decode("ascii")
    return _within_limit(lambda: _keyring_set(paths, text)) == text


def _keyring_get(paths: Paths) -> str | None:
    import keyring

    return keyring.get_password(KEYRING_SERVICE, paths.data)


def _keyring_set(paths: Paths, text: str) -> str | None:
    import keyring

    # The library's last resorts have priority 0 or less: they fail, or keep passwords in clear.
    if keyring.get_keyring().priority < 1:
        return None
    keyring.set_password(KEYRING_SERVICE, paths.data, text)
    return keyring.get_password(KEYRING_SERVICE, paths.data)


def _within_limit(ask: Callable[[], str | None]) -> str | None:
    """Return the keyring's answer, or None if it fails or does not answer in time."""
    import threading
    from queue import Empty, SimpleQueue

    answers: SimpleQueue[str | None] = SimpleQueue()

    def run() -> None:
        answer = None
        # The boundary to whatever keyring is installed: any failure of it means that there is none.
        with suppress(Exception):
            answer = ask()
        answers.put(answer)

    threading.Thread(target=run, name="sojourn-keyring", daemon=True).start()
    try:
        return answers.get(timeout=PROBE_LIMIT)
    except Empty:
        return None


def _decoded(raw: bytes, place: str) -> bytes:
    with suppress(ValueError):
        key = b64decode(raw.strip(), validate=True)
        if len(key) == _SIZE:
            return key
    raise StoreUnavailable(f"{place} is damaged: it is not the key of a store.")
