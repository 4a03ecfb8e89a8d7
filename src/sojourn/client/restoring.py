"""A plugin from the record that the store keeps of it, with what its connections trust. Accounts and users stand above
it; below it is the dialect's own `restored`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sojourn.client.loading import accounts_of

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.renewal import RenewingAuth
    from sojourn.client.transport.tls import Cert, Verify


def restored(
    record: Mapping[str, Any],
    *,
    store: CredentialStore | None,
    account: str | None,
    interactive: bool = False,
) -> RenewingAuth:
    """Return the plugin that a record of our own store describes; it renews what `store` keeps of `account`, if that is
    given."""
    plugin: RenewingAuth = accounts_of(record["kind"]).restored(
        record, store=store, account=account, interactive=interactive
    )
    plugin.connected = connection_of(record)
    return plugin


def kept(verify: Verify | None, cert: Cert | None) -> dict[str, Any]:
    """Return `verify` and `cert` as an account keeps them: a path holds wherever the account is used."""
    found: dict[str, Any] = {}
    if verify is not None:
        found["verify"] = verify if isinstance(verify, bool) else _whole(os.fspath(verify))
    if cert is not None:
        found["cert"] = _whole(cert) if isinstance(cert, str) else tuple(map(_whole, cert))
    return found


def _whole(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - pathlib takes longer than the rest


def connection_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return `verify` and `cert` of the connections to the service, where they are not the usual ones."""
    said = record.get("connection") or {}
    found = {name: said[name] for name in ("verify", "cert") if said.get(name) is not None}
    if isinstance(found.get("cert"), list):
        found["cert"] = tuple(found["cert"])
    return found
