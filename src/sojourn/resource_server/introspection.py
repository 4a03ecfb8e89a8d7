"""Asking the issuer about an opaque token (RFC 7662) as a client of its own: secret in the Authorization header, or a
signed assertion (RFC 7523). The verifier stands above it; below it are `issuer` and `wire`.
"""

from __future__ import annotations

from typing import Any, Final

from sojourn.errors import ConfigurationError, Malformed
from sojourn.resource_server.contract import Env, Random, Request
from sojourn.resource_server.issuer import PRODUCT, Issuer, answered, unavailable
from sojourn.wire import base64url, forms, json_text, oauth
from sojourn.wire.jose import SigningKey

ASSERTION_LIFE: Final = 60
"""Seconds for which an assertion of ours is good."""
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Credentials:
    """How this service proves who it is to the issuer: by exactly one of `secret` and `key`."""

    def __init__(
        self, client_id: str, *, secret: str | None, key: SigningKey | None, random: Random
    ) -> None:
        if not client_id or (secret is None) == (key is None):
            raise ConfigurationError(
                "Introspection needs client_id and one of client_secret and client_key."
            )
        self.client_id = client_id
        self._secret = secret
        self._key = key
        self._random = random

    def __repr__(self) -> str:
        return f"Credentials({self.client_id!r})"

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return what the request's head carries (`client_secret_basic`)."""
        if self._secret is None:
            return ()
        return (("Authorization", oauth.basic_header(self.client_id, self._secret)),)

    def params(self, issuer: str, *, now: int) -> dict[str, str]:
        """Return what the request's form carries (`private_key_jwt`, OpenID Connect Core §9)."""
        if self._key is None:
            return {}
        seconds = now // 1000
        assertion = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": issuer,
            "jti": base64url.encode(self._random(16)),
            "iat": seconds,
            "exp": seconds + ASSERTION_LIFE,
        }
        return {
            "client_id": self.client_id,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._key.sign(assertion, typ="JWT"),
        }


async def introspect(
    env: Env, issuer: Issuer, credentials: Credentials, *, token: str
) -> dict[str, Any]:
    """Return what the issuer says about `token`; no usable answer raises ServerBusy."""
    url = await issuer.endpoint(env, "introspection_endpoint")
    params = {"token": token, "token_type_hint": "access_token"}
    params |= credentials.params(issuer.url, now=env.now())
    headers = (
        ("Accept", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        PRODUCT,
        *credentials.headers(),
    )
    body = await answered(env, Request("POST", url, headers, forms.encode(params).encode("ascii")))
    try:
        return json_text.parse_object(body)
    except Malformed as cause:
        raise unavailable(f"{url}: {cause.public}") from cause
