"""The provider of the client modules: as it should be but for what a module bends. Its tokens are made with joserfc,
so that nothing of ours judges itself. The person behind the browser is always Ada, and always agrees."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import ProxyHandler, build_opener

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.client.servers import Answer, Received, ok

CLIENT, SECRET = "the shop", "s3cret:with/signs"
ADA = {"sub": "ada", "name": "Ada Lovelace", "email": "ada@example.org"}


def key(name: str) -> RSAKey:
    """A signing key called `name`."""
    return RSAKey.generate_key(2048, {"kid": name, "alg": "RS256", "use": "sig"})


class Misbehaving:
    """Give it to `serve(provider.answer)`, set `issuer`, and bend what the module bends."""

    def __init__(self) -> None:
        self.issuer = ""
        self.keys = [key("first")]
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        """Members of the ID token that are otherwise; None leaves one out."""
        self.header: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any], dict[str, Any]], str] = self._signed
        self.before_signing: Callable[[], object] = list
        self.calls: list[Received] = []
        self.asked: dict[str, str] = {}
        self._nonce = ""
        self._tokens = 0

    def made(self, path: str) -> list[Received]:
        """The calls of one endpoint so far."""
        return [call for call in self.calls if call.path == path]

    def rotate(self) -> None:
        """Sign with a new key, publish it alone."""
        self.keys = [key(f"after {len(self.calls)}")]

    def visit(self, url: str) -> bool:
        """What the browser does with the authorization request."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self._nonce = self.asked["nonce"]
        back = f"{self.asked['redirect_uri']}?code=c-1&state={quote(self.asked['state'])}"
        with build_opener(ProxyHandler({})).open(back):
            return True

    def answer(self, received: Received) -> Answer:
        self.calls.append(received)
        endpoints = {
            "/.well-known/openid-configuration": self._configuration,
            "/jwks": lambda _: ok({"keys": [one.as_dict(private=False) for one in self.keys]}),
            "/token": self._token,
            "/userinfo": self._userinfo,
        }
        return endpoints[received.path](received)

    def _configuration(self, _: Received) -> Answer:
        published = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "none"],
        }
        return ok({**published, **self.metadata})

    def _token(self, received: Received) -> Answer:
        proof = b64encode(f"{quote(CLIENT)}:{quote(SECRET, safe='')}".encode()).decode()
        if received.headers.get("authorization") not in (f"Basic {proof}", _plus(proof)):
            return ok({"error": "invalid_client"}, 401)
        self._tokens += 1
        self.before_signing()
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": ADA["sub"],
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": self._nonce,
            **self.claims,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": self.keys[0].kid, **self.header}
        header = {name: value for name, value in header.items() if value is not None}
        return ok(
            {
                "access_token": f"access-{self._tokens}",
                "refresh_token": f"refresh-{self._tokens}",
                "token_type": "Bearer",
                "expires_in": 300,
                "id_token": self.sign(header, kept),
            }
        )

    def _signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        return jwt.encode(header, claims, self.keys[0])

    def _userinfo(self, received: Received) -> Answer:
        if not received.headers.get("authorization", "").startswith("Bearer access-"):
            return ok({"error": "invalid_token"}, 401)
        return ok({**ADA, **self.userinfo})


def _plus(proof: str) -> str:
    """The same credentials with a space that was written as `+` (RFC 6749 appendix B)."""
    return f"Basic {b64encode(b64decode(proof).replace(b'%20', b'+')).decode()}"
