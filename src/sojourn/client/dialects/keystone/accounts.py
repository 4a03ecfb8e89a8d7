"""How accounts of this dialect begin, come back from the store and end. `client.accounts` finds
these functions by the dialect's name; below them are the plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from sojourn.client.dialects.keystone import sign_in
from sojourn.client.dialects.keystone.access import KeystoneAccess
from sojourn.client.dialects.keystone.options import LOADERS
from sojourn.client.dialects.keystone.person import Person
from sojourn.client.dialects.keystone.plugin import KeystoneAuth
from sojourn.client.env.contract import Env

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


def restored(
    record: Mapping[str, Any],
    *,
    store: CredentialStore | None,
    account: str | None,
    interactive: bool,  # noqa: ARG001 - nobody is ever asked
) -> KeystoneAuth:
    """Return the plugin that a record describes, carrying its credential; without `account` it is kept nowhere."""
    state, secrets = record["state"], record["secrets"]
    options = {**state["options"], **secrets.get("options", {})}
    build = Person if state["grant"] == Person.method else LOADERS[state["grant"]].build
    plugin = cast("KeystoneAuth", build(store=store, account=account or None, **options))
    plugin.label = record.get("name") or plugin.label
    plugin.restore(state, secrets)
    return plugin


async def signed_in(env: Env, plugin: KeystoneAuth) -> dict[str, Any]:
    """Sign in with `plugin`, and return the record of the new account, without a name yet."""
    credential = await plugin.first(env)
    plugin.adopt(credential)
    access = KeystoneAccess.of(credential, plugin.auth_url)
    return {**plugin.record(), "subject": access.user_id, "username": access.username}


async def signed_out(
    env: Env,
    record: Mapping[str, Any],
    *,
    store: CredentialStore,  # noqa: ARG001 - the contract's
) -> None:
    """End the account at its Keystone: revoke its token."""
    secret = (record["secrets"].get("token") or {}).get("access_token")
    if secret:
        await sign_in.end(env, record["state"]["options"]["auth_url"], secret)


async def userinfo(env: Env, plugin: KeystoneAuth) -> dict[str, Any]:
    """Return what the token says of its user and its scope."""
    body = (await plugin.access(env)).claims
    told = {
        name: body[name]
        for name in ("user", "project", "domain", "system", "roles")
        if name in body
    }
    return {"sub": body["user"]["id"], **told}
