"""How accounts of this dialect begin, come back from the store and end. `client.accounts` finds
these functions by the dialect's name; below them are the plugins."""

from __future__ import annotations

import logging
from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sojourn.client.auth import AuthPlugin
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import jobs, workload
from sojourn.client.dialects.oidc.endpoints import Endpoints
from sojourn.client.dialects.oidc.exchange import TokenExchange
from sojourn.client.dialects.oidc.identity import ClientIdentity
from sojourn.client.dialects.oidc.plugins import AuthorizationCode, ClientCredentials, DeviceCode
from sojourn.client.discovery import Provider
from sojourn.client.env.contract import Env
from sojourn.errors import (
    AuthenticationError,
    ConnectFailure,
    IncompleteCredentials,
    InteractionRequired,
)
from sojourn.wire import forms
from sojourn.wire.jose import SigningKey
from sojourn.wire.oidc import LogoutRequest

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.credential import Credential

_log = logging.getLogger("sojourn.client.accounts")

Plugin = AuthorizationCode | ClientCredentials | DeviceCode | TokenExchange | jobs.JobAuth


def restored(
    record: Mapping[str, Any],
    *,
    store: CredentialStore | None,
    account: str | None,
    interactive: bool,
) -> Plugin:
    """Return the plugin that a record describes, carrying its credential; without `account` it is kept nowhere."""
    state, secrets = record["state"], record["secrets"]
    client = {
        "client_secret": secrets.get("client_secret"),
        "client_key": _loaded(secrets.get("client_key")),
        "method": state.get("method"),
        "resource": state.get("resource"),
        "dpop": state.get(
            "dpop", False
        ),  # what was kept before there was a choice is a bearer token
        "store": store,
        "account": account or None,
    }
    if state["grant"] == "job":
        return jobs.restored(state, secrets)
    issuer, client_id = state["issuer"], state["client_id"]
    plugin: Plugin
    if state["grant"] == "client_credentials":
        assertion = workload.restored(state.get("assertion"))
        plugin = ClientCredentials(
            issuer, client_id, assertion=assertion, scope=state.get("scope"), **client
        )
    elif state["grant"] == "token_exchange":
        plugin = _exchanging(record, client, store, interactive=interactive)
    elif state["grant"] == "device_code":
        plugin = DeviceCode(
            issuer, client_id, scope=state["scope"], interactive=interactive, **client
        )
    else:
        plugin = AuthorizationCode(
            issuer,
            client_id,
            scope=state["scope"],
            redirect_uri=state["redirect_uri"],
            login_hint=record.get("username"),
            interactive=interactive,
            **client,
        )
    plugin.label = record.get("name")
    plugin.restore(state, secrets)
    return plugin


async def signed_in(env: Env, plugin: Plugin) -> dict[str, Any]:
    """Sign in with `plugin`, and return the record of the new account, without a name yet."""
    if isinstance(plugin, TokenExchange) and not plugin.restorable():
        raise IncompleteCredentials(
            "An account can act for another one that is kept: pass subject=Accounts().get(...)."
        )
    credential = await known(env, plugin, await plugin.first(env))
    plugin.adopt(credential)
    claims = credential.claims
    username = claims.get("preferred_username") or claims.get("email")
    return {
        **plugin.record(),
        "subject": claims.get("sub") or plugin.endpoints.client.client_id,
        "username": username,
    }


async def known(env: Env, plugin: Plugin, credential: Credential) -> Credential:
    """Return `credential` with all that the provider says of the person."""
    claims = dict(credential.claims)
    if not plugin.resources:  # a token for a resource is not for userinfo (RFC 8707 §2.2)
        claims.update(await _userinfo(env, plugin.endpoints, credential))
    return credential._replace(claims=claims)


async def signed_out(
    env: Env,
    record: Mapping[str, Any],
    *,
    store: CredentialStore,  # noqa: ARG001 - the contract's
) -> str | None:
    """End the account at its provider: revoke its tokens (RFC 7009).

    Returns the address that ends the browser's session as well (RP-initiated logout), or None.
    """
    endpoints = _endpoints(record["state"], record["secrets"])
    tokens = record["secrets"].get("token") or {}
    for hint in ("refresh_token", "access_token"):
        if tokens.get(hint):
            await endpoints.revoke(env, tokens[hint], hint=hint)
    return await _logout_url(env, endpoints, tokens.get("id_token"))


async def userinfo(env: Env, plugin: Plugin) -> dict[str, Any]:
    """Return the ID token's claims and what the provider says now of the same person, where it may be asked."""
    credential = await plugin.credential(env)
    claims = dict(credential.claims)
    subject = claims.get("sub")
    if subject is None or plugin.resources:
        return claims
    fresh = await plugin.endpoints.userinfo(env, credential, subject=subject)
    return {**claims, **fresh}


def _endpoints(state: Mapping[str, Any], secrets: Mapping[str, Any]) -> Endpoints:
    client = ClientIdentity(
        state["client_id"],
        secrets.get("client_secret"),
        _loaded(secrets.get("client_key")),
        state.get("method"),
        workload.restored(state.get("assertion")),
    )
    return Endpoints(Provider(state["issuer"]), client)


def _exchanging(
    record: Mapping[str, Any],
    client: Mapping[str, Any],
    store: CredentialStore | None,
    *,
    interactive: bool,
) -> TokenExchange:
    """The plugin that acts for another account of the same store."""
    state = record["state"]
    subject, actor = state["subject_account"], state.get("actor_account")
    return TokenExchange(
        state["issuer"],
        state["client_id"],
        subject=_party(store, subject, interactive=interactive),
        actor=_party(store, actor, interactive=interactive) if actor else None,
        scope=state.get("scope"),
        audience=state.get("audience"),
        subject_token_type=state["types"][0],
        actor_token_type=state["types"][1],
        **client,
    )


def _party(store: CredentialStore | None, account: str, *, interactive: bool) -> AuthPlugin:
    from sojourn.client.account import Account

    record = None if store is None else store.read(account)
    if store is None or record is None:
        raise InteractionRequired("The account that this one acts for was signed out.")
    return Account(store, account, record).auth(interactive=interactive)


def _loaded(key: Mapping[str, str] | None) -> SigningKey | None:
    if key is None:
        return None
    return SigningKey.load(key["kid"], key["alg"], pkcs8_der=b64decode(key["pkcs8"]))


async def _userinfo(env: Env, endpoints: Endpoints, credential: Credential) -> dict[str, Any]:
    """Return what else is known of the person; a sign-in does not fail for want of it."""
    metadata = await endpoints.provider.metadata(env)
    subject = credential.claims.get("sub")
    if metadata.userinfo_endpoint is None or subject is None:
        return {}
    try:
        return await endpoints.userinfo(env, credential, subject=subject)
    except (AuthenticationError, ConnectFailure) as error:
        _log.warning("Signed in, but userinfo gave nothing: %s", error)
        return {}


async def _logout_url(env: Env, endpoints: Endpoints, id_token: str | None) -> str | None:
    at = (await endpoints.provider.metadata(env)).end_session_endpoint
    if at is None or id_token is None:
        return None
    asked = LogoutRequest(id_token_hint=id_token, client_id=endpoints.client.client_id)
    return forms.with_query(at, asked.params())
