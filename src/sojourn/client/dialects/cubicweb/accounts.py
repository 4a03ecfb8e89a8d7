"""How accounts of this dialect begin, come back from the store and end. `client.accounts` finds these
functions by the dialect's name; below them are the plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from sojourn.client.dialects.cubicweb.cookie import CookieAuth
from sojourn.client.dialects.cubicweb.options import LOADERS
from sojourn.client.dialects.cubicweb.person import CubicWebPerson
from sojourn.client.dialects.cubicweb.plugin import CubicWebAuth
from sojourn.client.env.contract import Env
from sojourn.errors import NotRevocable

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


_OF_PEOPLE: Final = frozenset({CookieAuth.grant, CubicWebPerson.grant})


def restored(
    record: Mapping[str, Any],
    *,
    store: CredentialStore | None,
    account: str | None,
    interactive: bool,  # noqa: ARG001 - one signature for all dialects
) -> CubicWebAuth:
    """Return the plugin that a record describes, carrying its credential; without `account` it is kept nowhere."""
    state, secrets = record["state"], record["secrets"]
    url, user, secret = state["issuer"], state["user"], secrets.get("secret", "")
    plugin: CubicWebAuth
    if not secret and state["grant"] in _OF_PEOPLE:
        plugin = CubicWebPerson(url, user, store=store, account=account or None)
    else:
        build = LOADERS[state["grant"]].build
        plugin = cast(
            "CubicWebAuth", build(url, user, secret, store=store, account=account or None)
        )
    plugin.label = record.get("name") or plugin.label
    plugin.restore(state, secrets)
    return plugin


async def signed_in(env: Env, plugin: CubicWebAuth) -> dict[str, Any]:
    """Sign in with `plugin`, and return the record of the new account, without a name yet."""
    plugin.adopt(await plugin.first(env))
    return {**plugin.record(), "subject": plugin.user, "username": plugin.user}


async def signed_out(env: Env, record: Mapping[str, Any], *, store: CredentialStore) -> None:
    """End the account's session at the server. Raises NotRevocable for a password sent with each request and for a
    token that signs, which have none."""
    plugin = restored(record, store=store, account="", interactive=False)
    if not isinstance(plugin, CookieAuth):
        raise NotRevocable(f"{plugin.url} holds no session that could be ended.")
    await plugin.sign_out(env)


async def userinfo(env: Env, plugin: CubicWebAuth) -> dict[str, Any]:
    """Return who the credential is; a sign-in is made if there is none."""
    return dict((await plugin.credential(env)).claims)
