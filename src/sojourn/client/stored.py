"""Which stored user is meant: by host and login, or the current account. The authenticator stands above it; below it
is the sealed store, of which a damaged part hides no other."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sojourn.client import profile
from sojourn.client.user_dialect import same_login
from sojourn.client.who import who_of
from sojourn.errors import StoreError

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

Found = tuple[str, Mapping[str, Any]]
"""The id of an account and its record."""

_PROGRAMS = frozenset({"client_credentials", "shotgrid_script", "token_exchange"})

_log = logging.getLogger("sojourn.client.authenticator")


def find(
    store: CredentialStore, kind: str, host: str, login: str, options: Mapping[str, Any]
) -> Found | None:
    """Return who is stored as `login` at `host`, agreeing with `options` where the record says any of them; of several
    the one that signed in last."""
    found = [
        (account, record)
        for account, record in _records(store)
        if _is_at(record, kind, host) and _is_called(record, login) and _agrees(record, options)
    ]
    return max(found, key=_generation, default=None)


def current(store: CredentialStore, kind: str, host: str | None) -> Found | None:
    """Return the current account of the profile if it is a person's, of `kind` and at `host`, if one is named."""
    account = profile.current(store.paths)
    record = store.read(account) if account else None
    if account is None or record is None or not _is_at(record, kind, host):
        return None
    return account, record


def _records(store: CredentialStore) -> Iterator[Found]:
    for account in store.ids():
        try:
            record = store.read(account)
        except StoreError as error:
            _log.warning("%s", error)
        else:
            if record is not None:
                yield account, record


def _is_at(record: Mapping[str, Any], kind: str, host: str | None) -> bool:
    if record.get("kind") != kind or record["state"].get("grant") in _PROGRAMS:
        return False
    return host is None or same_login(who_of(record).host.rstrip("/"), host.rstrip("/"))


def _is_called(record: Mapping[str, Any], login: str) -> bool:
    names = (who_of(record).login, record.get("username"), record.get("subject"))
    return any(name and same_login(name, login) for name in names)


def _agrees(record: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    state = record["state"]
    said = {**state, **(state.get("options") or {})}
    return all(said[name] == value for name, value in options.items() if name in said)


def _generation(found: Found) -> int:
    token = found[1]["state"].get("token") or {}
    generation: int = token.get("generation", 0)
    return generation
