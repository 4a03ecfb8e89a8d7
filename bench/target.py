"""A server under measurement, ours or a peer: where it is, who its client is, who signs in."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx2

from bench.browser import Browser, new_pkce

REDIRECT_URI = "http://127.0.0.1:8549/callback"


@dataclass(frozen=True)
class Target:
    """`opaque` and `jwt` are resources, named after their access tokens; `fills` signs in.

    online  id and secret of a client that gets no refresh token; empty where nobody gets one without `offline_access`
    """

    name: str
    issuer: str
    pid: int
    client_id: str
    client_secret: str
    opaque: str | None
    jwt: str
    scope: str
    fills: dict[str, str]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    online: tuple[str, str] = ("", "")

    def without_refresh(self) -> Target:
        """The same with a client that gets no refresh token."""
        client_id, secret = self.online
        if not client_id:
            return self
        return replace(self, client_id=client_id, client_secret=secret)

    @property
    def host(self) -> str:
        return urlsplit(self.issuer).netloc

    @property
    def port(self) -> int:
        return int(self.host.rpartition(":")[2])

    @property
    def basic(self) -> str:
        pair = f"{self.client_id}:{self.client_secret}".encode()
        return "Basic " + base64.b64encode(pair).decode()

    def path(self, endpoint: str) -> str:
        """The path of an endpoint of the metadata (`token_endpoint`, ...)."""
        return urlsplit(str(self.metadata[endpoint])).path

    def browser(self) -> Browser:
        return Browser(fills=self.fills, redirect_uri=REDIRECT_URI)

    def authorization(self, challenge: str, *, scope: str, resource: str | None) -> dict[str, str]:
        """The parameters of an authorization request."""
        request = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": scope,
            "state": "STATE",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return request | ({"resource": resource} if resource else {})

    def token(self, form: Mapping[str, str]) -> dict[str, Any]:
        """One call of the token endpoint; its JSON answer."""
        url = str(self.metadata["token_endpoint"])
        response = httpx2.post(url, data=dict(form), headers={"Authorization": self.basic})
        if response.status_code != httpx2.codes.OK:
            message = f"{self.name} token: {response.status_code} {response.text[:500]}"
            raise RuntimeError(message)
        answer: dict[str, Any] = response.json()
        return answer

    def tokens(
        self, browser: Browser, *, scope: str, resource: str | None = None, prompt: str = ""
    ) -> dict[str, Any]:
        """Code and PKCE once through the pages; the token response."""
        pkce = new_pkce()
        request = self.authorization(pkce.challenge, scope=scope, resource=resource)
        if prompt:
            request["prompt"] = prompt
        code = browser.authorize(str(self.metadata["authorization_endpoint"]), request)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": pkce.verifier,
        }
        return self.token(form | ({"resource": resource} if resource else {}))


def metadata_of(issuer: str) -> dict[str, Any]:
    """The provider's metadata (OpenID Connect Discovery §4)."""
    response = httpx2.get(f"{issuer}/.well-known/openid-configuration")
    response.raise_for_status()
    found: dict[str, Any] = response.json()
    return found
