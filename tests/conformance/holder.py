"""A holder of a key who proves it (RFC 9449), made with joserfc and by hand, never with this project's own code."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import httpx2
from joserfc import jws
from joserfc.jwk import ECKey

from tests.conformance.relying_party import RelyingParty, base64url


class KeyHolder:
    """A key, and the proofs that a relying party shows with it. `nonce` goes into each, where there is one."""

    def __init__(self, rp: RelyingParty, *, now: Callable[[], int]) -> None:
        self.rp = rp
        self.key = ECKey.generate_key("P-256")
        self.nonce = ""
        self._now = now

    @property
    def thumbprint(self) -> str:
        return str(self.key.thumbprint())

    def claims(self, method: str, url: str, *, token: str = "", **more: Any) -> dict[str, Any]:
        """What a proof says; `more` overrules it, and None leaves a member out."""
        said: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url,
            "iat": self._now() // 1000,
        }
        if token:
            said["ath"] = base64url(sha256(token.encode()).digest())
        if self.nonce:
            said["nonce"] = self.nonce
        return {name: value for name, value in (said | more).items() if value is not None}

    def signed(
        self,
        claims: Mapping[str, Any],
        *,
        header: Mapping[str, Any] | None = None,
        key: Any = None,
        alg: str = "ES256",
    ) -> str:
        """A proof with `claims`; `header` overrules its header, and None leaves a member out."""
        jwk: dict[str, Any] = (key or self.key).as_dict(private=False)
        said: dict[str, Any] = {"typ": "dpop+jwt", "alg": alg, "jwk": jwk}
        for member in ("kid", "alg", "use"):
            jwk.pop(member, None)
        kept = {n: v for n, v in (said | dict(header or {})).items() if v is not None}
        signer = jws.JWSRegistry(algorithms=[alg]).get_alg(alg)
        # By hand: the library would not sign what a test wants refused.
        parts = (json.dumps(part).encode() for part in (kept, dict(claims)))
        text = ".".join(base64url(part) for part in parts)
        return f"{text}.{base64url(signer.sign(text.encode(), key or self.key))}"

    def proof(self, method: str, url: str, *, token: str = "", **more: Any) -> str:
        return self.signed(self.claims(method, url, token=token, **more))

    def token(self, proof: str | None = None, /, **fields: Any) -> httpx2.Response:
        """Ask the token endpoint, with a proof: a good one if none is given."""
        at = self.rp.metadata["token_endpoint"]
        return self.rp.token({"dpop": proof or self.proof("POST", at)}, **fields)

    def redeem(self, code: str, sent: Any, proof: str | None = None) -> httpx2.Response:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": sent.parameters["redirect_uri"],
        }
        if sent.verifier:
            fields["code_verifier"] = sent.verifier
        return self.token(proof, **fields)

    def refresh(self, text: str, proof: str | None = None) -> httpx2.Response:
        return self.token(proof, grant_type="refresh_token", refresh_token=text)

    def userinfo(
        self, token: str, proof: str | None = None, *, scheme: str = "DPoP"
    ) -> httpx2.Response:
        """Ask userinfo, with a proof: a good one if none is given."""
        at = self.rp.metadata["userinfo_endpoint"]
        shown = proof or self.proof("GET", at, token=token)
        headers = {"authorization": f"{scheme} {token}", "dpop": shown}
        return self.rp.http.get(at, headers=headers)


def bound(response: httpx2.Response) -> dict[str, Any]:
    """The members of a token answer whose access token is bound to a key (RFC 9449 §5)."""
    assert response.status_code == 200, response.text
    members: dict[str, Any] = response.json()
    assert members["token_type"] == "DPoP"
    return members
