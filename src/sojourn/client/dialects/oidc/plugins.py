"""The authentication plugins of OpenID Connect and OAuth 2.0: a person's sign-in, and a program's
own credentials. Sessions and accounts stand above them; below them are renewal, the endpoints and
the sign-in."""

from __future__ import annotations

from abc import abstractmethod
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from sojourn.client import gui_thread
from sojourn.client.auth import AccessInfo
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import device, kept_in
from sojourn.client.dialects.oidc.device import DeviceSignIn
from sojourn.client.dialects.oidc.endpoints import Endpoints, refusal
from sojourn.client.dialects.oidc.identity import ClientIdentity
from sojourn.client.dialects.oidc.proving import ALGORITHM, NO_KEY, Binding, new_key
from sojourn.client.dialects.oidc.sign_in import SignIn, possible, sign_in
from sojourn.client.dialects.oidc.tokens import Expected, credential
from sojourn.client.discovery import Provider
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.env.contract import Clock, Env
from sojourn.client.prompt.contract import Form, Way
from sojourn.client.renewal import BOUND, RenewingAuth, SignInEnded
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.driver import drive
from sojourn.errors import (
    AuthenticationError,
    InteractionRequired,
    InvalidGrant,
    KeyBound,
    ProtocolError,
)

if TYPE_CHECKING:
    from threading import Event

    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.dialects.oidc.device import Show
    from sojourn.client.prompt.contract import Answer
    from sojourn.wire.forms import Params
    from sojourn.wire.jose import SigningKey

DEFAULT_SCOPE: Final = "openid profile email offline_access"


class _OidcAuth(RenewingAuth):
    """What the plugins share: one client at one provider.

    `dpop` binds the tokens to a key of the credential's own (RFC 9449): None where the provider offers it with ES256,
    True always, False never. It is the same for every plugin below.
    """

    kind = "oidc"
    login_hint: str | None = None

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        scope: str | None,
        resource: str | Sequence[str] | None,
        dpop: bool | None,
        store: CredentialStore | None,
        account: str | None,
    ) -> None:
        super().__init__(store=store, account=account)
        self.endpoints = endpoints
        self.dpop = dpop
        self.scope = scope
        named = (resource,) if isinstance(resource, str) else resource or ()
        self.resources = tuple(dict.fromkeys(filter(None, named)))

    @property
    def issuer(self) -> str:
        """The provider."""
        return self.endpoints.provider.issuer

    async def access(self, env: Env) -> AccessInfo:
        """Return who the credential is, from its ID token."""
        current = await self.credential(env)
        return AccessInfo(
            current.claims.get("sub"),
            self.issuer,
            current.scope or self.scope,
            current.expires_at,
            current.claims,
        )

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        client = self.endpoints.client
        thumbprint = client.key.kid if client.key else ""
        return (
            self.issuer,
            client.client_id,
            user or self.login_hint or "",
            self.scope or "",
            " ".join(self.resources),
            thumbprint,
            # An account is a person's, whichever tokens they chose; what is cached for programs is never mixed.
            *(
                ("dpop" if self.dpop else "bearer",)
                if self.dpop is not None and user is None
                else ()
            ),
        )

    def state(self) -> dict[str, Any]:
        own = {
            "issuer": self.issuer,
            "client_id": self.endpoints.client.client_id,
            "method": self.endpoints.client.method,
            "scope": self.scope,
            "resource": list(self.resources),
            "dpop": self.dpop,
        }
        return {**own, **super().state()}

    def secrets(self) -> dict[str, Any]:
        return {**super().secrets(), **self.proof()}

    def proof(self) -> dict[str, Any]:
        client = self.endpoints.client
        key = client.key
        dumped = key and {"kid": key.kid, "alg": key.alg, "pkcs8": b64encode(key.dump()).decode()}
        return {"client_secret": client.secret, "client_key": dumped}

    def restore(self, state: Mapping[str, Any], secrets: Mapping[str, Any]) -> None:
        self.dpop = state.get("dpop") if self.dpop is None else self.dpop
        super().restore(state, secrets)

    def noticed(self, request: Request, response: Reply) -> bool:
        current = self._current
        if current is None or current.key is None:
            return False
        return self.endpoints.prover.noticed(request.url, response)

    def _shown(self, credential: Credential, request: Request, now: Clock) -> Fields:
        if credential.key is None:
            return super()._shown(credential, request, now)
        if not request.url:  # keystoneauth1's Session asks for headers, and does not say what for
            raise KeyBound(BOUND)
        return self.endpoints.prover.shown(credential, request, now=now())

    async def _binding(self, env: Env) -> Binding:
        """Return a fresh key for new tokens, where the provider binds them to one with ES256 and that is wanted."""
        if self.dpop is False:
            return NO_KEY
        metadata = await self.endpoints.provider.metadata(env)
        if ALGORITHM in metadata.dpop_signing_alg_values_supported:
            return Binding(new_key(), required=bool(self.dpop))
        if self.dpop:
            raise AuthenticationError(f"{self.issuer} does not offer DPoP with {ALGORITHM}.")
        return NO_KEY

    async def _granted(
        self,
        env: Env,
        form: Params,
        previous: Credential | None,
        binding: Binding,
        *,
        nonce: str | None = None,
    ) -> Credential:
        answer = await self.endpoints.tokens(env, form, nonce=nonce, key=binding.key)
        subject = previous.claims.get("sub") if previous else None
        expected = Expected(
            self.endpoints.client.client_id, subject=subject, bound=binding.required
        )
        return await credential(
            env,
            self.endpoints.provider,
            answer,
            expected=expected,
            previous=previous,
            key=binding.key,
        )


class ClientCredentials(_OidcAuth):
    """A program on its own behalf (RFC 6749 §4.4). `client_secret` or `client_key` proves it.

    `method` is one of client_secret_basic, client_secret_post, private_key_jwt; None takes what
    fits. `resource` is the service that the tokens are for, or several (RFC 8707 §2).
    """

    spends = False

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        client_secret: str | None = None,
        client_key: SigningKey | None = None,
        method: str | None = None,
        scope: str | None = None,
        resource: str | Sequence[str] | None = None,
        dpop: bool | None = None,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        client = ClientIdentity(client_id, client_secret, client_key, method)
        super().__init__(
            Endpoints(Provider(issuer), client),
            scope=scope,
            resource=resource,
            dpop=dpop,
            store=store,
            account=account,
        )
        self.label = client_id

    def state(self) -> dict[str, Any]:
        return {"grant": "client_credentials", **super().state()}

    async def first(self, env: Env) -> Credential:
        """Return a credential made now, whatever is kept."""
        return await self.renew(env, None, "")

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        form: Params = {"grant_type": "client_credentials", "resource": self.resources}
        if self.scope:
            form = {**form, "scope": self.scope}
        try:
            kept = self.endpoints.prover.key_of(previous)
            binding = await self._binding(env)
            if binding.key is not None and kept is not None:
                binding = binding._replace(key=kept)
            return await self._granted(env, form, previous, binding)
        except ProtocolError as cause:
            raise refusal(self.issuer, cause) from cause


class _PersonAuth(_OidcAuth):
    """A person: asked when first needed, renewed with a refresh token afterwards."""

    interactive: bool

    @abstractmethod
    async def first(self, env: Env) -> Credential:
        """Return a credential that the person gives now, whatever is kept."""

    async def ask(self, env: Env, reason: InteractionRequired) -> Credential:
        if self.asker is not None or not self.interactive:
            return await super().ask(env, reason)
        return await self.first(env)

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        if previous is None:
            raise InteractionRequired(f"Nobody is signed in at {self.issuer} yet.")
        if previous.refresh_token is None:
            raise SignInEnded
        form: Params = {
            "grant_type": "refresh_token",
            "refresh_token": previous.refresh_token,
            "resource": self.resources,
        }
        try:
            # Never a key that is not kept yet: the answer that binds the next token to it could be lost.
            key = self.endpoints.prover.key_of(previous)
            binding = Binding(key, required=key is not None)
            return await self._granted(env, form, previous, binding, nonce=nonce)
        except InvalidGrant as cause:
            raise SignInEnded from cause
        except ProtocolError as cause:
            raise refusal(self.issuer, cause) from cause

    async def _kept_in(self, env: Env) -> Mapping[str, str]:
        store = self._store or self.meant_for or env.store
        return await kept_in.parameters(env, self.endpoints.provider, store)

    def _subject(self) -> str | None:
        """Who it must be, if somebody signed in before."""
        return self._current.claims.get("sub") if self._current else None


class AuthorizationCode(_PersonAuth):
    """A person, signed in through the browser when first needed, renewed with a refresh token
    afterwards.

    `interactive=False` never asks and raises InteractionRequired instead. `client_secret` and
    `client_key` are for confidential clients; a native one has neither. `resource` is the service
    that the tokens are for, or several (RFC 8707 §2).
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        client_secret: str | None = None,
        client_key: SigningKey | None = None,
        method: str | None = None,
        scope: str = DEFAULT_SCOPE,
        resource: str | Sequence[str] | None = None,
        redirect_uri: str = "http://127.0.0.1/callback",
        prompt: str | None = None,
        login_hint: str | None = None,
        max_age: int | None = None,
        acr_values: str | None = None,
        interactive: bool = True,
        dpop: bool | None = None,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        client = ClientIdentity(client_id, client_secret, client_key, method)
        super().__init__(
            Endpoints(Provider(issuer), client),
            scope=scope,
            resource=resource,
            dpop=dpop,
            store=store,
            account=account,
        )
        self.wanted = SignIn(
            scope, redirect_uri, prompt, login_hint, max_age, self.resources, acr_values
        )
        self.interactive = interactive
        self.login_hint = self.label = login_hint

    def state(self) -> dict[str, Any]:
        own = {"grant": "authorization_code", "redirect_uri": self.wanted.redirect_uri}
        return {**own, **super().state()}

    async def first(self, env: Env, answer: Answer | None = None) -> Credential:
        """Return a credential that the person gives now, whatever is kept; `answer` is what they said to a prompt. A
        program with windows shows a dialog meanwhile, so that they can call it off."""
        if answer is None and isinstance(env, BlockingEnv) and gui_thread.application():
            return await env.block(self._in_a_dialog, env)
        wanted = replace(self.wanted, more=await self._kept_in(env))
        return await sign_in(
            env,
            self.endpoints,
            wanted,
            subject=self._subject(),
            bind=self._binding,
            answer=answer,
        )

    def _in_a_dialog(self, env: Env) -> Credential:
        from sojourn.client.prompt.qt.prompt import QtPrompt

        name = urlsplit(self.issuer).hostname or self.issuer
        form = Form(name, self.issuer, host_fixed=True, ways=(Way.BROWSER,))
        return QtPrompt().ask(form, lambda answer: drive(self.first(env, answer)))

    def may_ask(self) -> bool:
        return super().may_ask() or (self.interactive and possible())


class DeviceCode(_PersonAuth):
    """A person who approves on another device what this one shows (RFC 8628), for machines without a browser;
    renewed with a refresh token afterwards.

    What to show goes to the terminal's error stream, or to `show`, which gets a `wire.device.DeviceAuthorization`
    (`verification_uri`, `user_code`, `verification_uri_complete`; `expires_in` in seconds). Setting `cancel` ends the
    waiting with AuthenticationCancelled. `interactive=False` never asks and raises InteractionRequired instead.
    `resource` is the service that the tokens are for, or several (RFC 8707 §2).
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        client_secret: str | None = None,
        client_key: SigningKey | None = None,
        method: str | None = None,
        scope: str = DEFAULT_SCOPE,
        resource: str | Sequence[str] | None = None,
        show: Show | None = None,
        cancel: Event | None = None,
        interactive: bool = True,
        dpop: bool | None = None,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        client = ClientIdentity(client_id, client_secret, client_key, method)
        super().__init__(
            Endpoints(Provider(issuer), client),
            scope=scope,
            resource=resource,
            dpop=dpop,
            store=store,
            account=account,
        )
        self.wanted = DeviceSignIn(scope, self.resources, show, cancel)
        self.interactive = interactive

    def state(self) -> dict[str, Any]:
        return {"grant": "device_code", **super().state()}

    async def first(self, env: Env) -> Credential:
        wanted = replace(self.wanted, more=await self._kept_in(env))
        return await device.sign_in(
            env,
            self.endpoints,
            wanted,
            subject=self._subject(),
            binding=await self._binding(env),
        )

    def may_ask(self) -> bool:
        return super().may_ask() or self.interactive
