"""The key hierarchy: a root key outside the store wraps the purpose keys inside it (design decision 12).

The root key comes from a 0600 file or the environment and never enters the store or an export. Purpose keys are random,
made once, and sealed under it, each with its own name as associated data. `subject` never rotates: it is the salt of
every pairwise subject.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from sojourn.errors import ConfigurationError, Conflict, Malformed
from sojourn.model.ids import Keys
from sojourn.model.key import PURPOSES, PurposeKey
from sojourn.store import records
from sojourn.store.contract import Store
from sojourn.wire import base64url, seal

ROOT_SIZE: Final = 32


class Purposes(Struct, frozen=True):
    """The unwrapped purpose keys, 32 bytes each. Its repr shows none."""

    seal: bytes
    mac: bytes
    rotation: bytes
    mask: bytes
    subject: bytes
    cookie: bytes

    def __repr__(self) -> str:
        return "Purposes(...)"


def root_from_text(text: str) -> bytes:
    """A root key given as base64url text. Raises ConfigurationError for anything but 32 bytes of it."""
    try:
        root = urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
    except ValueError:
        root = b""
    if len(root) != ROOT_SIZE:
        message = "the root key must be 32 bytes in base64url (43 characters)"
        raise ConfigurationError(message)
    return root


def root_from_file(path: Path, *, random: Callable[[int], bytes]) -> bytes:
    """The root key in the file at `path`, made with mode 0600 if there is none.

    Raises ConfigurationError when it cannot be read or made, or when others may read it.
    """
    try:
        if not path.exists():
            _write_root(path, random(ROOT_SIZE))
        if path.stat().st_mode & 0o077:
            message = f"others may read the root key {path}: run chmod 600 {path}"
            raise ConfigurationError(message)
        return root_from_text(path.read_text("ascii"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"the root key {path} cannot be read or made: {error}"
        raise ConfigurationError(message) from error


def _write_root(path: Path, root: bytes) -> None:
    """Write a whole key under another name and link it into place, so no half of one is ever read."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(base64url.encode(root) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
    finally:
        fresh.unlink()


def _associated(keys: Keys, purpose: str) -> bytes:
    return seal.length_prefixed("purpose", keys.realm, purpose)


async def _purpose(
    store: Store, keys: Keys, root: bytes, purpose: str, *, now: int, random: Callable[[int], bytes]
) -> bytes:
    where = keys.purpose_key(purpose)
    found = await store.get(where)
    if found is None:
        sealed = seal.seal(
            root, random(ROOT_SIZE), nonce=random(12), associated=_associated(keys, purpose)
        )
        value = PurposeKey(purpose=purpose, sealed=base64url.encode(sealed), created=now)
        with suppress(Conflict):  # another process made it first: its key is the one
            await store.put(records.first(where, value, op_id=random(8).hex()))
        found = await store.get(where)
    if found is None:
        message = "a purpose key vanished while the server started"
        raise ConfigurationError(message)
    value = records.value_of(found, PurposeKey)
    try:
        return seal.open(
            root, base64url.decode(value.sealed), associated=_associated(keys, purpose)
        )
    except Malformed as error:
        message = "this root key does not open this store: it belongs to another one"
        raise ConfigurationError(message) from error


async def purposes(
    store: Store, keys: Keys, root: bytes, *, now: int, random: Callable[[int], bytes]
) -> Purposes:
    """The purpose keys of a store, made where missing. Raises ConfigurationError for a wrong root key."""
    found = [await _purpose(store, keys, root, name, now=now, random=random) for name in PURPOSES]
    return Purposes(*found)
