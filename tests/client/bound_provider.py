"""A provider and a service that take DPoP, in one small server. Proofs are checked with joserfc, so that no fault of
ours hides another; what is to be refused or answered otherwise, a test says.
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from tests.client.servers import Answer, Received, Server, ok


class BoundProvider:
    """Give it to `serve(provider.answer)` and tell it the server's URL with `at`.

    nonces      for `/token` and for everything else: what a proof must hold; empty: none; None: any or none
    proofs      the claims of all proofs that came, in order, with `jkt`
    on_resource answers a request for the service instead, if it returns an answer
    """

    def __init__(self) -> None:
        self.issuer = ""
        self.algorithms = ["PS256", "ES256"]
        self.token_type = "DPoP"
        self.nonces: dict[str, str | None] = {"token": "", "service": ""}
        self.proofs: list[dict[str, Any]] = []
        self.token_calls: list[Received] = []
        self.live: dict[str, str] = {}
        self.on_resource: Callable[[Received], Answer | None] | None = None

    def at(self, server: Server) -> BoundProvider:
        self.issuer = server.url
        return self

    def answer(self, received: Received) -> Answer:
        if received.path == "/.well-known/openid-configuration":
            return ok(
                {
                    "issuer": self.issuer,
                    "token_endpoint": f"{self.issuer}/token",
                    "dpop_signing_alg_values_supported": self.algorithms,
                }
            )
        return self._token(received) if received.path == "/token" else self._resource(received)

    def _token(self, received: Received) -> Answer:
        self.token_calls.append(received)
        jkt = ""
        if "dpop" in received.headers:
            claims = self._proof(received)
            wanted = self.nonces["token"]
            if wanted is not None and claims.get("nonce", "") != wanted:
                return ok({"error": "use_dpop_nonce"}, 400, DPoP_Nonce=wanted)
            jkt = claims["jkt"]
        token = f"access-{len(self.token_calls)}"
        bound = self.token_type == "DPoP" and jkt
        self.live[token] = jkt if bound else ""
        return ok(
            {
                "access_token": token,
                "token_type": self.token_type if jkt else "Bearer",
                "expires_in": 3600,
                "refresh_token": f"refresh-{len(self.token_calls)}",
            }
        )

    def _resource(self, received: Received) -> Answer:
        scheme, _, token = received.headers.get("authorization", "").partition(" ")
        if token not in self.live:
            return 401, {"WWW-Authenticate": 'DPoP error="invalid_token"'}, b""
        if scheme == "Bearer":
            assert not self.live[token]
        else:
            claims = self._proof(received)
            hashed = urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()
            assert (scheme, claims["ath"], claims["jkt"]) == ("DPoP", hashed, self.live[token])
            wanted = self.nonces["service"]
            if wanted is not None and claims.get("nonce", "") != wanted:
                challenge = 'DPoP error="use_dpop_nonce", algs="ES256"'
                return 401, {"WWW-Authenticate": challenge, "DPoP-Nonce": wanted}, b""
        special = self.on_resource(received) if self.on_resource else None
        return special or ok({"path": received.target})

    def _proof(self, received: Received) -> dict[str, Any]:
        """The claims of the proof, good for this request and new."""
        text = received.headers["dpop"]
        header = json.loads(_decoded(text.split(".")[0]))
        assert set(header) == {"typ", "alg", "jwk"}
        assert (header["typ"], header["alg"], "d" in header["jwk"]) == ("dpop+jwt", "ES256", False)
        key = ECKey.import_key(header["jwk"])
        payload = jws.deserialize_compact(text, key, algorithms=["ES256"]).payload
        claims: dict[str, Any] = json.loads(payload)
        assert claims["htm"] == received.method
        assert claims["htu"] == f"{self.issuer}{received.path}"
        assert abs(claims["iat"] - time.time()) < 30
        assert claims["jti"] not in [proof["jti"] for proof in self.proofs]
        claims["jkt"] = str(key.thumbprint())
        self.proofs.append(claims)
        return claims


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
