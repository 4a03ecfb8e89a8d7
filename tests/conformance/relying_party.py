"""A relying party of the tests. What it gets it checks with joserfc and by hand, never with this project's own code."""

from __future__ import annotations

import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from msgspec import Struct, field

from sojourn.model.client import Client
from tests.conformance.browser import Browser, Landing, Page, Person

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


class Sent(Struct, frozen=True):
    """An authorization request that was sent; a parameter that is a list was repeated."""

    parameters: dict[str, Any]
    verifier: str = ""


class Tokens(Struct, frozen=True):
    """The answer of the token endpoint, checked; `header` and `claims` are those of the ID token."""

    members: dict[str, Any]
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def access(self) -> str:
        text: str = self.members["access_token"]
        return text

    @property
    def refresh(self) -> str:
        text: str = self.members["refresh_token"]
        return text

    @property
    def id_token(self) -> str:
        text: str = self.members["id_token"]
        return text


class RelyingParty:
    """One registered client at work.

    pkce  whether it sends a code challenge with every request; a client without PKCE sends a nonce
    key   signs its assertions when it authenticates by private_key_jwt
    """

    def __init__(
        self,
        issuer: str,
        client: Client,
        secret: str,
        *,
        now: Callable[[], int],
        pkce: bool,
        key: ECKey | None = None,
    ) -> None:
        self.issuer = issuer
        self.client = client
        self.secret = secret
        self.pkce = pkce
        self.key = key
        self._now = now
        self.http = httpx2.Client(trust_env=False, verify=False, timeout=60)
        self.metadata: dict[str, Any] = self.http.get(
            f"{issuer}/.well-known/openid-configuration"
        ).json()

    @property
    def redirect_uri(self) -> str:
        return self.client.redirect_uris[0]

    def request(self, *, pkce: bool | None = None, **parameters: Any) -> Sent:
        """An authorization request. `parameters` overrule what it sends by default; None leaves one out."""
        verifier = secrets.token_urlsafe(48)
        said: dict[str, Any] = {
            "client_id": self.client.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
        }
        with_pkce = self.pkce if pkce is None else pkce
        if with_pkce:
            said["code_challenge"] = base64url(sha256(verifier.encode()).digest())
            said["code_challenge_method"] = "S256"
        kept = {name: value for name, value in (said | parameters).items() if value is not None}
        return Sent(kept, verifier if with_pkce else "")

    def url(self, sent: Sent) -> str:
        return str(httpx2.URL(self.metadata["authorization_endpoint"], params=sent.parameters))

    def start(
        self, browser: Browser, *, pkce: bool | None = None, **parameters: Any
    ) -> tuple[Sent, Page | Landing]:
        """Send the browser off with a request."""
        sent = self.request(pkce=pkce, **parameters)
        return sent, browser.open(self.url(sent))

    def ask(
        self,
        browser: Browser,
        person: Person,
        *,
        allow: bool = True,
        pkce: bool | None = None,
        **parameters: Any,
    ) -> tuple[Sent, Landing]:
        """Send the browser off, let the person do what is asked, and see where it lands."""
        sent, where = self.start(browser, pkce=pkce, **parameters)
        return sent, self.landed(sent, browser.finish(where, person, allow=allow))

    def landed(self, sent: Sent, landing: Landing) -> Landing:
        """Check what every answer has (RFC 6749 §4.1.2, RFC 9207)."""
        assert landing.address == sent.parameters["redirect_uri"].partition("?")[0]
        assert landing.parameters.get("state") == sent.parameters.get("state")
        assert landing.parameters["iss"] == self.issuer
        assert ("code" in landing.parameters) != ("error" in landing.parameters)
        return landing

    def login(
        self,
        browser: Browser,
        person: Person,
        *,
        pkce: bool | None = None,
        **parameters: Any,
    ) -> Tokens:
        """The whole code flow: request, pages, code, tokens, every check."""
        sent, landing = self.ask(browser, person, allow=True, pkce=pkce, **parameters)
        assert landing.error == "", landing
        return self.redeemed(landing, sent)

    def redeemed(self, landing: Landing, sent: Sent) -> Tokens:
        """Tokens for the code that landed."""
        return self.checked(self.redeem(landing.parameters["code"], sent), sent)

    def redeem(self, code: str, sent: Sent, **more: Any) -> httpx2.Response:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": sent.parameters["redirect_uri"],
        }
        if sent.verifier:
            fields["code_verifier"] = sent.verifier
        return self.token(**fields | more)

    def refresh(self, text: str, *, retry: str = "", **more: Any) -> httpx2.Response:
        headers = {"idempotency-key": retry} if retry else {}
        return self.token(headers, grant_type="refresh_token", refresh_token=text, **more)

    def token(self, headers: dict[str, str] | None = None, /, **fields: Any) -> httpx2.Response:
        return self.call("token_endpoint", headers, **fields)

    def introspect(self, token: str, **more: str) -> dict[str, Any]:
        response = self.call("introspection_endpoint", token=token, **more)
        assert response.status_code == 200, response.text
        said: dict[str, Any] = response.json()
        return said

    def revoke(self, token: str, **more: str) -> httpx2.Response:
        return self.call("revocation_endpoint", token=token, **more)

    def call(
        self, endpoint: str, headers: dict[str, str] | None = None, /, **fields: Any
    ) -> httpx2.Response:
        """Post a form to an endpoint, authenticated as this client registered."""
        method = self.client.token_endpoint_auth_method
        headers = dict(headers or {})
        if method == "client_secret_basic":
            pair = b64encode(f"{self.client.client_id}:{self.secret}".encode("ascii"))
            headers["authorization"] = f"Basic {pair.decode('ascii')}"
        elif method == "client_secret_post":
            fields |= {"client_id": self.client.client_id, "client_secret": self.secret}
        elif method == "private_key_jwt":
            fields = self.assertion() | fields
        else:
            fields |= {"client_id": self.client.client_id}
        return self.http.post(self.metadata[endpoint], data=fields, headers=headers)

    def assertion(self, **claims: Any) -> dict[str, str]:
        """The parameters that carry a fresh assertion (RFC 7523 §2.2); `claims` overrule its own."""
        assert self.key is not None
        now = self._now() // 1000
        said = {
            "iss": self.client.client_id,
            "sub": self.client.client_id,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_urlsafe(12),
        } | claims
        text = jwt.encode({"alg": "ES256"}, said, self.key)
        return {"client_assertion_type": ASSERTION, "client_assertion": text}

    def checked(self, response: httpx2.Response, sent: Sent | None = None) -> Tokens:
        """A good token answer (RFC 6749 §5.1), and its ID token (OpenID Connect Core §3.1.3.7)."""
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("application/json")
        assert "no-store" in response.headers["cache-control"]
        members: dict[str, Any] = response.json()
        assert members["token_type"].lower() == "bearer"
        assert members["expires_in"] > 0
        assert len(members["access_token"]) > 22
        if "id_token" not in members:
            return Tokens(members)
        verified = self.verified(members["id_token"])
        assert verified.claims["at_hash"] == at_hash(members["access_token"])
        if sent is not None:
            assert verified.claims.get("nonce") == sent.parameters.get("nonce")
        return Tokens(members, dict(verified.header), dict(verified.claims))

    def keys(self) -> KeySet:
        return KeySet.import_key_set(self.http.get(self.metadata["jwks_uri"]).json())

    def verified(self, text: str) -> jwt.Token:
        """An ID token whose signature and claims hold."""
        alg = self.client.id_token_signed_response_alg
        found = jwt.decode(text, self.keys(), algorithms=[alg])
        assert "kid" in found.header
        jwt.JWTClaimsRegistry(
            now=self._now() // 1000,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(found.claims)
        assert 0 < len(found.claims["sub"]) <= 255
        return found

    def userinfo(self, token: str) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}"}
        return self.http.get(self.metadata["userinfo_endpoint"], headers=headers)

    def claims(self, tokens: Tokens) -> dict[str, Any]:
        """What userinfo says, about the person of the ID token (OpenID Connect Core §5.3.2)."""
        response = self.userinfo(tokens.access)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("application/json")
        said: dict[str, Any] = response.json()
        assert said["sub"] == tokens.claims["sub"]
        return said

    def log_out(self, browser: Browser, **parameters: Any) -> Page | Landing:
        """Send the browser to the end session endpoint."""
        said = {name: value for name, value in parameters.items() if value is not None}
        return browser.open(str(httpx2.URL(self.metadata["end_session_endpoint"], params=said)))


def at_hash(access: str) -> str:
    """OpenID Connect Core §3.1.3.6, for the algorithms with SHA-256."""
    return base64url(sha256(access.encode("ascii")).digest()[:16])


def refused(response: httpx2.Response, code: str, status: int = 400) -> bool:
    """Whether an endpoint answered with this error (RFC 6749 §5.2), in full shape."""
    said = response.json()
    assert set(said) == {"error", "error_description"}
    assert "no-store" in response.headers["cache-control"]
    return bool((response.status_code, said["error"]) == (status, code))
