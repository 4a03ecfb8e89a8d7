"""A plugin from the record that the store keeps of it, with what its connections trust. Accounts and users stand above
it; below it is the dialect's own `restored`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sojourn.client.loading import accounts_of

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.renewal import RenewingAuth


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


def connection_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return `verify` and `cert` of the connections to the service, where they are not the usual ones."""
    said = record.get("connection") or {}
    found = {name: said[name] for name in ("verify", "cert") if said.get(name) is not None}
    if isinstance(found.get("cert"), list):
        found["cert"] = tuple(found["cert"])
    return found
