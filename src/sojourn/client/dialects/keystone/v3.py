"""The plugins of Keystone's Identity API v3, under keystoneauth's names: password, token, TOTP,
application credential, and other providers' tokens. Sessions and `options` stand above it; below them
are the shared plugin and the sign-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Unpack

from sojourn.client.credential import Credential
from sojourn.client.dialects.keystone import federation, sign_in
from sojourn.client.dialects.keystone.plugin import KeystoneAuth, SharedOptions
from sojourn.client.env.contract import Env
from sojourn.errors import IncompleteCredentials, InteractionRequired
from sojourn.wire import keystone as wire

__all__ = [
    "TOTP",
    "ApplicationCredential",
    "OidcAccessToken",
    "OidcClientCredentials",
    "Password",
    "Token",
]


class Password(KeystoneAuth):
    """A user and a password. A `username` without a domain is one of the domain `default`."""

    method = "v3password"
    renewable = True

    def __init__(
        self,
        auth_url: str,
        *,
        password: str | None = None,
        username: str | None = None,
        user_id: str | None = None,
        user_domain_id: str | None = None,
        user_domain_name: str | None = None,
        **shared: Unpack[SharedOptions],
    ) -> None:
        own = {
            "password": password,
            "username": username,
            "user_id": user_id,
            "user_domain_id": user_domain_id,
            "user_domain_name": user_domain_name,
        }
        super().__init__(auth_url, own, shared)
        self.label = username or user_id
        self.user()

    async def methods(self, env: Env) -> Sequence[wire.Method]:
        return [wire.password(_someone(self), self.needed("password"))]


class TOTP(KeystoneAuth):
    """A user and a passcode (RFC 6238), which signs in once: for the next token a new plugin is
    needed."""

    method = "v3totp"

    def __init__(
        self,
        auth_url: str,
        *,
        passcode: str | None = None,
        username: str | None = None,
        user_id: str | None = None,
        user_domain_id: str | None = None,
        user_domain_name: str | None = None,
        **shared: Unpack[SharedOptions],
    ) -> None:
        own = {
            "passcode": passcode,
            "username": username,
            "user_id": user_id,
            "user_domain_id": user_domain_id,
            "user_domain_name": user_domain_name,
        }
        super().__init__(auth_url, own, shared)
        self._used = False
        self.label = username or user_id
        self.user()

    async def methods(self, env: Env) -> Sequence[wire.Method]:
        return [wire.totp(_someone(self), self.needed("passcode"))]

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        if self._used:
            raise InteractionRequired("A passcode signs in once, and this one was used.")
        made = await super().renew(env, previous, nonce)
        self._used = True
        return made

    def secrets(self) -> dict[str, Any]:
        # A passcode is of no use afterwards but to tell whether the next one is the same.
        return {**super().secrets(), "options": {}, **self.proof()}

    def proof(self) -> dict[str, Any]:
        given: str | None = self.given.get("passcode")
        return {"passcode": given and sha256(given.encode()).hexdigest()}

    def restore(self, state: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        super().restore(state, secrets)
        self._used = True


class Token(KeystoneAuth):
    """Another scope for a token that is held; it does not live longer than that one."""

    method = "v3token"

    def __init__(
        self, auth_url: str, token: str | None = None, **shared: Unpack[SharedOptions]
    ) -> None:
        super().__init__(auth_url, {"token": token}, shared)
        self.label = "a token"

    async def methods(self, env: Env) -> Sequence[wire.Method]:
        return [wire.token(self.needed("token"))]


class ApplicationCredential(KeystoneAuth):
    """A credential of an application, by id, or by name together with its user. Its scope is fixed
    by the credential."""

    method = "v3applicationcredential"
    renewable = True

    def __init__(
        self,
        auth_url: str,
        *,
        application_credential_secret: str | None = None,
        application_credential_id: str | None = None,
        application_credential_name: str | None = None,
        username: str | None = None,
        user_id: str | None = None,
        user_domain_id: str | None = None,
        user_domain_name: str | None = None,
        **shared: Unpack[SharedOptions],
    ) -> None:
        own = {
            "application_credential_secret": application_credential_secret,
            "application_credential_id": application_credential_id,
            "application_credential_name": application_credential_name,
            "username": username,
            "user_id": user_id,
            "user_domain_id": user_domain_id,
            "user_domain_name": user_domain_name,
        }
        super().__init__(auth_url, own, shared)
        self.label = application_credential_name or application_credential_id
        self.user()

    async def methods(self, env: Env) -> Sequence[wire.Method]:
        which = wire.Named(
            self.given.get("application_credential_id"),
            self.given.get("application_credential_name"),
        )
        if not which:
            raise IncompleteCredentials(
                f"{self.method} needs application_credential_id= or application_credential_name=."
            )
        user = wire.Named() if which.id else _someone(self)
        return [
            wire.application_credential(which, user, self.needed("application_credential_secret"))
        ]


class OidcAccessToken(KeystoneAuth):
    """An access token of another provider, which Keystone federates with."""

    method = "v3oidcaccesstoken"

    def __init__(
        self,
        auth_url: str,
        identity_provider: str,
        protocol: str,
        access_token: str | None = None,
        **shared: Unpack[SharedOptions],
    ) -> None:
        own = {
            "identity_provider": identity_provider,
            "protocol": protocol,
            "access_token": access_token,
        }
        super().__init__(auth_url, own, shared)
        self.label = identity_provider

    async def methods(self, env: Env) -> Sequence[wire.Method]:
        unscoped = await self._unscoped(env)
        return [wire.token(unscoped.secret)]

    async def first_token(self, env: Env) -> wire.Token:
        if self.scope.body() is None:
            return await self._unscoped(env)
        return await super().first_token(env)

    async def _unscoped(self, env: Env) -> wire.Token:
        return await sign_in.federated(
            env,
            self.auth_url,
            self.needed("identity_provider"),
            self.needed("protocol"),
            access_token=await self._access_token(env),
        )

    async def _access_token(self, env: Env) -> str:
        return self.needed("access_token")


class OidcClientCredentials(OidcAccessToken):
    """A client of another provider (RFC 6749 §4.4), which Keystone federates with.

    `discovery_endpoint` is the provider's metadata document; `access_token_endpoint` goes before it.
    """

    method = "v3oidcclientcredentials"
    renewable = True

    def __init__(
        self,
        auth_url: str,
        identity_provider: str,
        protocol: str,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        access_token_endpoint: str | None = None,
        discovery_endpoint: str | None = None,
        scope: str = "openid profile",
        **shared: Unpack[SharedOptions],
    ) -> None:
        super().__init__(auth_url, identity_provider, protocol, **shared)
        own = {
            "client_id": client_id,
            "client_secret": client_secret,
            "access_token_endpoint": access_token_endpoint,
            "discovery_endpoint": discovery_endpoint,
            "scope": scope,
        }
        self.given.update({name: value for name, value in own.items() if value is not None})
        self.label = client_id

    async def _access_token(self, env: Env) -> str:
        return await federation.access_token(
            env,
            endpoint=self.given.get("access_token_endpoint"),
            discovery=self.given.get("discovery_endpoint"),
            client=(self.needed("client_id"), self.needed("client_secret")),
            scope=self.needed("scope"),
        )


def _someone(plugin: KeystoneAuth) -> wire.Named:
    user = plugin.user()
    if not user:
        raise IncompleteCredentials(f"{plugin.method} needs username= or user_id=.")
    return user
