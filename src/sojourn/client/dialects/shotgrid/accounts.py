"""How accounts of this dialect begin, come back from the store and end. `client.accounts` finds these functions by the
dialect's name; below them are the plugins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sojourn.client.dialects.shotgrid.plugin import ShotgridAuth
from sojourn.client.dialects.shotgrid.plugins import AppSession, Password, Script, SessionToken
from sojourn.client.env.contract import Env
from sojourn.errors import ConfigurationError, NotRevocable

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


def restored(
    record: Mapping[str, Any],
    *,
    store: CredentialStore | None,
    account: str | None,
    interactive: bool,
) -> ShotgridAuth:
    """Return the plugin that a record describes, carrying its credential; without `account` it is kept nowhere."""
    plugin = _plugin(record, store, account or None, interactive=interactive)
    plugin.label = record.get("name") or plugin.label
    plugin.restore(record["state"], record["secrets"])
    return plugin


def _plugin(
    record: Mapping[str, Any],
    store: CredentialStore | None,
    account: str | None,
    *,
    interactive: bool,
) -> ShotgridAuth:
    state, secrets = record["state"], record["secrets"]
    site, name, grant = state["issuer"], state["user"], state["grant"]
    if grant == Script.grant:
        return Script(site, name, secrets["api_key"], store=store, account=account)
    if grant == AppSession.grant:
        return AppSession(site, name, interactive=interactive, store=store, account=account)
    if grant == SessionToken.grant:
        return SessionToken(site, name, store=store, account=account)
    if grant != Password.grant:
        raise ConfigurationError(f"This release has no sign-in {grant!r} at ShotGrid.")
    return Password(
        site,
        name,
        secrets.get("password"),
        keep_password=state["keep_password"],
        store=store,
        account=account,
    )


async def signed_in(env: Env, plugin: ShotgridAuth) -> dict[str, Any]:
    """Sign in with `plugin`, and return the record of the new account, without a name yet."""
    plugin.adopt(await plugin.first(env))
    return {**plugin.record(), "subject": plugin.name, "username": plugin.name}


async def signed_out(
    env: Env,  # noqa: ARG001 - the contract's
    record: Mapping[str, Any],
    *,
    store: CredentialStore,  # noqa: ARG001
) -> None:
    """Raise NotRevocable: ShotGrid has no call that ends a session."""
    raise NotRevocable(
        f"{record['state']['issuer']} has no call that ends a session: it ends when it is not used for a day."
    )


async def userinfo(env: Env, plugin: ShotgridAuth) -> dict[str, Any]:
    """Return who the user or script is at the site, asked now."""
    entity = await plugin.entity(env)
    return {"sub": plugin.name, **entity}
