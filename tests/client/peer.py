"""npm oidc-provider as the tests see it: its address, its clients, how often its endpoints were
called."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import ProxyHandler, build_opener

from cryptography.hazmat.primitives.asymmetric import ec

from sojourn.wire.device import GRANT
from sojourn.wire.jose import SigningKey

CODE = {
    "redirect_uris": ["http://127.0.0.1/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
}
OWN = {"redirect_uris": [], "grant_types": ["client_credentials"], "response_types": []}


class OidcProvider:
    """The provider's address and settings."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.key = SigningKey("job", "ES256", private=ec.generate_private_key(ec.SECP256R1()))
        self.secret = 's3cret +%&:/=?~"'
        self.settings: dict[str, Any] = {"port": port, "clients": self._clients(), "ttl": {}}

    def calls(self, path: str) -> int:
        """Return how often `path` was asked for."""
        with build_opener(ProxyHandler({})).open(f"{self.issuer}/test/counts") as answer:
            return int(json.load(answer).get(path, 0))

    def _clients(self) -> list[dict[str, Any]]:
        native = {"application_type": "native", "token_endpoint_auth_method": "none", **CODE}
        return [
            {"client_id": "native", "id_token_signed_response_alg": "ES256", **native},
            {"client_id": "native-rs256", "id_token_signed_response_alg": "RS256", **native},
            {
                "client_id": "television",
                "application_type": "native",
                "token_endpoint_auth_method": "none",
                "grant_types": [GRANT, "refresh_token"],
                "redirect_uris": [],
                "response_types": [],
            },
            self._secretive("by-basic", "client_secret_basic"),
            self._secretive("by-post", "client_secret_post"),
            self._secretive("nonce-basic", "client_secret_basic"),
            {
                "client_id": "by-key",
                "token_endpoint_auth_method": "private_key_jwt",
                "token_endpoint_auth_signing_alg": "ES256",
                "jwks": {"keys": [self.key.public_jwk()]},
                **OWN,
            },
        ]

    def _secretive(self, client_id: str, method: str) -> dict[str, Any]:
        secret = {"client_secret": self.secret, "token_endpoint_auth_method": method}
        return {"client_id": client_id, **secret, **OWN}
