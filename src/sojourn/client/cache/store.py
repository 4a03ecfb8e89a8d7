"""The credential store: JSON records, sealed with AES-256-GCM, one file each, replaced by rename
under their lock. Accounts and renewal stand above it; below it are its files, its key and
`wire.seal`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sojourn.client.cache import files, keys
from sojourn.client.cache.paths import Paths, paths
from sojourn.errors import Malformed, NewerRecord, StoreUnavailable
from sojourn.wire import base64url, seal

if TYPE_CHECKING:
    from sojourn.wire.kept_in import KeptIn

VERSION: Final = 1

_MAGIC = b"SJC"
_is_id = re.compile(r"[A-Za-z0-9_-]{22}").fullmatch


class CredentialStore:
    """The sealed records of one person. `home` is used instead of `$SOJOURN_HOME` and the XDG
    folders.

    Reading takes no lock and writes nothing. Raises StoreUnavailable for what is damaged or cannot
    be reached, and ConfigurationError for a key that is gone or that others can read.
    """

    def __init__(self, home: str | os.PathLike[str] | None = None) -> None:
        self.paths: Paths = paths(os.environ) if home is None else Paths(*[os.fspath(home)] * 2)

    def __repr__(self) -> str:
        return f"<CredentialStore {self.paths.data}>"

    def __getstate__(self) -> NoReturn:
        message = "A CredentialStore holds its key and cannot be pickled or copied."
        raise TypeError(message)

    def key_origin(self) -> str | None:
        """Return where the key is kept, `keyring` or `file`; None while nothing was ever stored."""
        return keys.origin(self.paths)

    def account_id(self, kind: str, *identity: str) -> str:
        """Return the id of the credential of `kind` that `identity` describes; only the key's
        holder can tell it."""
        return base64url.encode(seal.mac(self._key, kind, *identity)[:16])

    def key_for(self, purpose: str) -> bytes:
        """Return a key of its own for `purpose`, 32 bytes, derived from the store's, which is made if there is none."""
        return seal.mac(self._key, "key for", purpose)

    def known_as(self, issuer: str) -> KeptIn:
        """Return what `issuer` may know this store by: an id that no other provider can tie to it, and the machine's
        name."""
        from sojourn.wire.kept_in import LONGEST, KeptIn, is_name

        name = "".join(char for char in os.uname().nodename if char.isprintable())[:LONGEST].strip()
        told = seal.mac(self._key, "store id", issuer)[:18]
        return KeptIn(base64url.encode(told), name if is_name(name) else "a machine")

    def ids(self) -> list[str]:
        """Return the ids of all records, damaged ones too."""
        return [name for name in files.names(self.paths.credentials, ".sealed") if _is_id(name)]

    def read(self, account: str) -> dict[str, Any] | None:
        """Return the record of `account`, or None if there is none."""
        path = self._path(account)
        raw = files.read(path)
        if raw is None:
            return None
        version = raw[3] if raw[:3] == _MAGIC and len(raw) > 4 else None
        if version is not None and version > VERSION:
            raise NewerRecord(
                f"{path} was written by a later release of Sojourn; it was left as it is."
            )
        key, record = self._key, None
        with suppress(Malformed, ValueError):
            plain = seal.open(key, raw[4:], associated=_associated(account, raw[3:4]))
            record = json.loads(plain)
        if version is None or not isinstance(record, dict):
            raise StoreUnavailable(
                f"{path} is damaged or was sealed with another key; it was left as it is. "
                "Sign in again to replace it."
            )
        return record

    def write(self, account: str, record: Mapping[str, Any]) -> None:
        """Make `record` the whole record of `account`; call it within `locked`."""
        path = self._path(account)
        version = bytes((VERSION,))
        plain = json.dumps(record, separators=(",", ":")).encode("utf-8")
        sealed = seal.seal(
            self._key,
            plain,
            nonce=os.urandom(seal.NONCE_SIZE),
            associated=_associated(account, version),
        )
        files.replace(path, _MAGIC + version + sealed)

    def set_aside(self, account: str) -> None:
        """Rename the file of a damaged record, so that a new one can be written and nothing is
        lost."""
        path = self._path(account)
        if (raw := files.read(path)) is not None:
            files.replace(f"{path}.damaged", raw)
            files.remove(path)

    def remove(self, account: str) -> None:
        """Remove the record of `account`, if there is one; call it within `locked`."""
        files.remove(self._path(account))

    def locked(self, account: str) -> AbstractContextManager[None]:
        """Hold the lock of `account` against every thread and process; CredentialBusy after 30 s."""
        return files.locked(os.path.join(self.paths.credentials, f"{_checked(account)}.lock"))

    @cached_property
    def _key(self) -> bytes:
        return keys.load_or_make(self.paths)

    def _path(self, account: str) -> str:
        return os.path.join(self.paths.credentials, f"{_checked(account)}.sealed")


def _checked(account: str) -> str:
    if not _is_id(account):
        raise Malformed("The text is not the id of an account.")
    return account


def _associated(account: str, version: bytes) -> bytes:
    return seal.length_prefixed(account, version)
