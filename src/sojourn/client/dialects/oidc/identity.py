"""How the client proves itself at a provider's endpoints: secret in header or form, an assertion that it
or its platform signed, or its name alone. The token endpoint's caller stands above it; below it is `wire`."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from sojourn.client.transport.contract import Fields
from sojourn.errors import ConfigurationError
from sojourn.wire.oauth import basic_header

if TYPE_CHECKING:
    from sojourn.client.dialects.oidc.workload import PlatformToken
    from sojourn.client.env.contract import Env
    from sojourn.wire.jose import SigningKey

BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"
PRIVATE_KEY_JWT: Final = "private_key_jwt"
NONE: Final = "none"

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE = 60  # seconds


class ClientIdentity(Struct, frozen=True):
    """A registered client. `method` None takes what the client has and the provider accepts; `assertion` is a token of
    its platform, which goes before all else."""

    client_id: str
    secret: str | None = None
    key: SigningKey | None = None
    method: str | None = None
    assertion: PlatformToken | None = None

    def __repr__(self) -> str:
        return f"<ClientIdentity {self.client_id}>"

    async def proven(
        self, env: Env, *, issuer: str, accepted: tuple[str, ...]
    ) -> tuple[Fields, dict[str, str]]:
        """Return what `proof` does, with the platform's token where the client has one. Raises as that does."""
        if self.assertion is None:
            return self.proof(issuer=issuer, accepted=accepted, now=env.now())
        return (), self._asserted(await self.assertion.token(env, issuer=issuer))

    def proof(
        self, *, issuer: str, accepted: tuple[str, ...], now: int
    ) -> tuple[Fields, dict[str, str]]:
        """Return the headers and form parameters that prove the client to `issuer` (RFC 6749 §2.3,
        RFC 7523 §3).

        `accepted` are the provider's methods; `now` is UTC milliseconds.
        """
        method = self.method or self._method(accepted)
        if method == PRIVATE_KEY_JWT:
            return (), self._assertion(issuer, now)
        if method == BASIC:
            return (("Authorization", basic_header(self.client_id, self._secret(method))),), {}
        if method == POST:
            return (), {"client_id": self.client_id, "client_secret": self._secret(method)}
        if method == NONE:
            return (), {"client_id": self.client_id}
        raise ConfigurationError(f"The client authentication method {method!r} is unknown.")

    def _method(self, accepted: tuple[str, ...]) -> str:
        if self.key is not None:
            return PRIVATE_KEY_JWT
        if self.secret is None:
            return NONE
        # RFC 8414 §2: a provider that lists nothing accepts client_secret_basic.
        return POST if accepted and BASIC not in accepted and POST in accepted else BASIC

    def _secret(self, method: str) -> str:
        if self.secret is None:
            raise ConfigurationError(f"{method} needs a client_secret.")
        return self.secret

    def _assertion(self, issuer: str, now: int) -> dict[str, str]:
        if self.key is None:
            raise ConfigurationError(f"{PRIVATE_KEY_JWT} needs a client_key.")
        seconds = now // 1000
        claims: dict[str, Any] = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": seconds,
            "exp": seconds + _ASSERTION_LIFE,
        }
        return self._asserted(self.key.sign(claims, typ="JWT"))

    def _asserted(self, assertion: str) -> dict[str, str]:
        return {
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
