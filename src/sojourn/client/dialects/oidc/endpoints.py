"""The calls to a provider's endpoints: token, device authorization, userinfo, revocation. The plugins stand above it;
below it are discovery, the client's identity and `wire`."""

from __future__ import annotations

from typing import Any

from sojourn.client.dialects.oidc.identity import ClientIdentity
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

    async def tokens(
        self, env: Env, form: forms.Params, *, nonce: str | None = None
    ) -> TokenResponse:
        """Return the token endpoint's answer to `form`.

        `nonce` goes along as Idempotency-Key, so that a repeated rotation gets the same tokens.
        Raises the ProtocolError of a refusal, AuthenticationError for an answer of another shape,
        ConnectFailure.
        """
        extra: Fields = (("Idempotency-Key", nonce),) if nonce else ()
        reply = await self._post(env, "token_endpoint", form, extra)
        try:
            found = TokenResponse.parse(reply.content, status=reply.status)
        except Malformed as cause:
            raise self._unusable("token", reply, cause) from cause
        if found.token_type.lower() != "bearer":
            raise AuthenticationError(
                f"{self.provider.issuer} gave a token that is no Bearer token."
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

    async def userinfo(self, env: Env, access_token: str, *, subject: str) -> dict[str, Any]:
        """Return what userinfo says about `subject` (OpenID Connect Core §5.3)."""
        url = await self.provider.endpoint_url(env, "userinfo_endpoint")
        bearer = ("Authorization", f"Bearer {access_token}")
        reply = await env.send(Request("GET", url, (*_HEADERS[:2], bearer)))
        try:
            if reply.status != 200:
                raise Malformed(f"it answered {reply.status}")
            claims = json_text.parse_object(reply.content)
            check_userinfo(claims, subject=subject)
        except Malformed as cause:
            raise self._unusable("userinfo", reply, cause) from cause
        return claims

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

    async def _post(self, env: Env, endpoint: str, form: forms.Params, extra: Fields = ()) -> Reply:
        metadata = await self.provider.metadata(env)
        url = await self.provider.endpoint_url(env, endpoint)
        headers, proof = await self.client.proven(
            env,
            issuer=self.provider.issuer,
            accepted=metadata.token_endpoint_auth_methods_supported,
        )
        body = forms.encode({**form, **proof}).encode("ascii")
        reply = await env.send(Request("POST", url, (*_HEADERS, *headers, *extra), body))
        if reply.status >= 500:
            raise ConnectFailure(f"{url} answered {reply.status}.", method="POST", url=url)
        return reply

    def _unusable(self, what: str, reply: Reply, cause: Malformed) -> AuthenticationError:
        return AuthenticationError(
            f"The {what} answer of {self.provider.issuer} is unusable ({reply.status}): {cause.public}"
        )


def refusal(issuer: str, error: ProtocolError) -> Exception:
    """Return what the caller of a plugin sees when `issuer` refused with `error`."""
    if isinstance(error, ServerBusy):
        return error
    return AuthenticationError(f"{issuer} refused: {error.public}", detail=error.code)
