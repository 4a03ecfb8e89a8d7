"""The calls to a provider's endpoints: token, device authorization, userinfo, revocation. The plugins stand above it;
below it are discovery, the client's identity and `wire`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc.identity import ClientIdentity
from sojourn.client.dialects.oidc.proving import Prover
from sojourn.client.discovery import Provider
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import (
    AuthenticationError,
    ConnectFailure,
    Malformed,
    ProtocolError,
    ServerBusy,
)
from sojourn.wire import forms, json_text
from sojourn.wire.device import DeviceAuthorization
from sojourn.wire.oauth import TokenResponse
from sojourn.wire.oidc import check_userinfo

if TYPE_CHECKING:
    from sojourn.wire.dpop import ProofKey

_HEADERS: Fields = (
    ("Accept", "application/json"),
    ("User-Agent", PRODUCT),
    ("Content-Type", "application/x-www-form-urlencoded"),
)


class Endpoints:
    """One client at one provider."""

    def __init__(self, provider: Provider, client: ClientIdentity) -> None:
        self.provider = provider
        self.client = client
        self.prover = Prover()

    async def tokens(
        self,
        env: Env,
        form: forms.Params,
        *,
        nonce: str | None = None,
        key: ProofKey | None = None,
    ) -> TokenResponse:
        """Return the token endpoint's answer to `form`.

        `nonce` goes along as Idempotency-Key, so that a repeated rotation gets the same tokens. `key` is proved, and
        the tokens may be bound to it (RFC 9449 §5).
        Raises the ProtocolError of a refusal, AuthenticationError for an answer of another shape,
        ConnectFailure.
        """
        extra: Fields = (("Idempotency-Key", nonce),) if nonce else ()
        reply = await self._post(env, "token_endpoint", form, extra, key)
        try:
            found = TokenResponse.parse(reply.content, status=reply.status)
        except Malformed as cause:
            raise self._unusable("token", reply, cause) from cause
        if found.token_type.lower() not in ({"bearer"} if key is None else {"bearer", "dpop"}):
            raise AuthenticationError(
                f"{self.provider.issuer} gave a token of a type that was not asked for."
            )
        return found

    async def device_authorization(self, env: Env, form: forms.Params) -> DeviceAuthorization:
        """Return the codes that the device authorization endpoint gives for `form` (RFC 8628 §3.1).

        Raises as `tokens` does, and AuthenticationError where the provider has no such endpoint.
        """
        reply = await self._post(env, "device_authorization_endpoint", form)
        try:
            return DeviceAuthorization.parse(reply.content, status=reply.status)
        except Malformed as cause:
            raise self._unusable("device authorization", reply, cause) from cause

    def shown(self, credential: Credential, request: Request, *, now: int) -> Fields:
        """Return the headers that show the access token with `request`: with a proof, where it is bound to a key."""
        if credential.key is None:
            return (("Authorization", f"Bearer {credential.access_token}"),)
        return self.prover.shown(credential, request, now=now)

    async def userinfo(self, env: Env, credential: Credential, *, subject: str) -> dict[str, Any]:
        """Return what userinfo says about `subject` (OpenID Connect Core §5.3)."""
        reply = await self.ask_userinfo(env, credential)
        try:
            if reply.status != 200:
                raise Malformed(f"it answered {reply.status}")
            claims = json_text.parse_object(reply.content)
            check_userinfo(claims, subject=subject)
        except Malformed as cause:
            raise self._unusable("userinfo", reply, cause) from cause
        return claims

    async def ask_userinfo(self, env: Env, credential: Credential) -> Reply:
        """Return the answer of userinfo, whatever it is."""
        url = await self.provider.endpoint_url(env, "userinfo_endpoint")
        request = Request("GET", url, _HEADERS[:2])
        shown = self.shown(credential, request, now=env.now())
        reply = await env.send(request._replace(headers=(*request.headers, *shown)))
        if not self.prover.noticed(url, reply):
            return reply
        shown = self.shown(credential, request, now=env.now())
        return await env.send(request._replace(headers=(*request.headers, *shown)))

    async def revoke(self, env: Env, token: str, *, hint: str) -> bool:
        """Revoke `token` (RFC 7009); returns False where the provider offers no revocation."""
        if (await self.provider.metadata(env)).revocation_endpoint is None:
            return False
        form = {"token": token, "token_type_hint": hint}
        reply = await self._post(env, "revocation_endpoint", form)
        if reply.status != 200:
            raise AuthenticationError(
                f"{self.provider.issuer} did not revoke the token: it answered {reply.status}."
            )
        return True

    async def _post(
        self,
        env: Env,
        endpoint: str,
        form: forms.Params,
        extra: Fields = (),
        key: ProofKey | None = None,
    ) -> Reply:
        url = await self.provider.endpoint_url(env, endpoint)
        reply = await env.send(await self._request(env, url, form, extra, key))
        if key is not None and self.prover.noticed(url, reply):
            reply = await env.send(await self._request(env, url, form, extra, key))
        if reply.status >= 500:
            raise ConnectFailure(f"{url} answered {reply.status}.", method="POST", url=url)
        return reply

    async def _request(
        self, env: Env, url: str, form: forms.Params, extra: Fields, key: ProofKey | None
    ) -> Request:
        """Return the request with its proofs: of the client, and of `key`. Both are good once."""
        metadata = await self.provider.metadata(env)
        headers, proof = await self.client.proven(
            env,
            issuer=self.provider.issuer,
            accepted=metadata.token_endpoint_auth_methods_supported,
        )
        bound = self.prover.proof(key, "POST", url, now=env.now()) if key is not None else ()
        body = forms.encode({**form, **proof}).encode("ascii")
        return Request("POST", url, (*_HEADERS, *headers, *extra, *bound), body)

    def _unusable(self, what: str, reply: Reply, cause: Malformed) -> AuthenticationError:
        return AuthenticationError(
            f"The {what} answer of {self.provider.issuer} is unusable ({reply.status}): {cause.public}"
        )


def refusal(issuer: str, error: ProtocolError) -> Exception:
    """Return what the caller of a plugin sees when `issuer` refused with `error`."""
    if isinstance(error, ServerBusy):
        return error
    return AuthenticationError(f"{issuer} refused: {error.public}", detail=error.code)
