"""What the plugins of this dialect share: one client at one provider, and the key that its tokens may be bound to. The
plugins stand above it; below it are renewal and the endpoints."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sojourn.client.auth import AccessInfo
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc.endpoints import Endpoints
from sojourn.client.dialects.oidc.proving import ALGORITHM, NO_KEY, Binding, new_key
from sojourn.client.dialects.oidc.tokens import Expected, credential
from sojourn.client.env.contract import Env
from sojourn.client.renewal import BOUND, RenewingAuth
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.errors import AuthenticationError, KeyBound

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.wire.forms import Params


class OidcAuth(RenewingAuth):
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
        thumbprint = client.key.kid if client.key else str(client.assertion or "")
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

    def _proved(self, credential: Credential, request: Request, now: int) -> Fields:
        if not request.url:  # keystoneauth1's Session asks for headers, and does not say what for
            raise KeyBound(BOUND)
        return self.endpoints.prover.shown(credential, request, now=now)

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
