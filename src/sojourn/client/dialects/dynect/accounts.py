"""How accounts of this dialect begin, come back from the store and end. `client.accounts` finds these
functions by the dialect's name; below them is the plugin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sojourn.client.dialects.dynect.person import DynectPerson
from sojourn.client.dialects.dynect.plugin import DynectAuth
from sojourn.client.env.contract import Env

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


def restored(
    record: Mapping[str, Any],
    *,
    store: CredentialStore | None,
    account: str | None,
    interactive: bool,  # noqa: ARG001 - one signature for all dialects
) -> DynectAuth:
    """Return the plugin that a record describes; without `account` it is kept nowhere."""
    state, secrets = record["state"], record["secrets"]
    build = DynectPerson if state["grant"] == DynectPerson.grant else DynectAuth
    plugin = build(
        state["client_id"],
        state["user"],
        secrets.get("password", ""),
        url=state["issuer"],
        api_version=state["api_version"],
        store=store,
        account=account or None,
    )
    plugin.label = record.get("name")
    plugin.restore(state, secrets)
    return plugin


async def signed_in(env: Env, plugin: DynectAuth) -> dict[str, Any]:
    """Sign in with `plugin`, and return the record of the new account, without a name yet."""
    plugin.adopt(await plugin.first(env))
    user = plugin.sign_in.user
    return {**plugin.record(), "subject": f"{plugin.sign_in.customer}/{user}", "username": user}


async def signed_out(env: Env, record: Mapping[str, Any], *, store: CredentialStore) -> None:
    """End the account's session at the server."""
    plugin = restored(record, store=store, account="", interactive=False)
    await plugin.sign_out(env)


async def userinfo(env: Env, plugin: DynectAuth) -> dict[str, Any]:
    """Return who the credential is; a sign-in is made if there is none."""
    held = await plugin.credential(env)
    return dict(held.claims)
