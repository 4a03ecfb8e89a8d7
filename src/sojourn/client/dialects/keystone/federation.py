"""An access token of the provider that Keystone federates with. The OIDC plugins stand above it;
below it are discovery and `wire.oauth`."""

from __future__ import annotations

from sojourn.client.discovery import Provider
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Request
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import (
    AuthenticationError,
    IncompleteCredentials,
    Malformed,
    ProtocolError,
)
from sojourn.wire import forms
from sojourn.wire.oauth import TokenResponse, basic_header

_WELL_KNOWN = "/.well-known/openid-configuration"


async def access_token(
    env: Env,
    *,
    endpoint: str | None,
    discovery: str | None,
    client: tuple[str, str],
    scope: str,
) -> str:
    """Return the access token that the provider gives `client` (id and secret; RFC 6749 §4.4).

    Raises AuthenticationError, IncompleteCredentials and ConnectFailure.
    """
    url = endpoint or await _discovered(env, discovery)
    headers = (
        ("Accept", "application/json"),
        ("User-Agent", PRODUCT),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Authorization", basic_header(*client)),
    )
    body = forms.encode({"grant_type": "client_credentials", "scope": scope}).encode()
    reply = await env.send(Request("POST", url, headers, body))
    try:
        return TokenResponse.parse(reply.content, status=reply.status).access_token
    except ProtocolError as cause:
        raise AuthenticationError(f"{url} refused the client: {cause.public}") from cause
    except Malformed as cause:
        raise AuthenticationError(f"{url} gave no access token: {cause.public}") from cause


async def _discovered(env: Env, document: str | None) -> str:
    if not document:
        raise IncompleteCredentials(
            "v3oidcclientcredentials needs access_token_endpoint= or discovery_endpoint=."
        )
    provider = Provider(document.removesuffix(_WELL_KNOWN))
    return await provider.endpoint_url(env, "token_endpoint")
