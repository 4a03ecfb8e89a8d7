"""Issuers for the resource server's tests: one that others wrote, and one over HTTP that says whatever a test wants."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from sojourn.wire import base64url, oauth
from sojourn.wire.jose import SigningKey

HERE = Path(__file__).resolve().parent
RESOURCE = "urn:example:service"
SECRET = "a-secret-of-forty-characters-for-testing"


@cache
def signing_key(alg: str, kid: str) -> SigningKey:
    """Return a fresh key, the same one for the same arguments."""
    if alg == "ES256":
        return SigningKey(kid, alg, private=ec.generate_private_key(ec.SECP256R1()))
    if alg == "EdDSA":
        return SigningKey(kid, alg, private=ed25519.Ed25519PrivateKey.generate())
    return SigningKey(kid, alg, private=rsa.generate_private_key(65537, 2048))


def private_jwk(kid: str) -> dict[str, str]:
    """Return the private JWK of the ES256 key `kid`, whose public half `signing_key` gives."""
    key = signing_key("ES256", kid)
    private = load_der_private_key(key.dump(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    secret = private.private_numbers().private_value.to_bytes(32, "big")
    return key.public_jwk() | {"d": base64url.encode(secret)}


class PeerIssuer:
    """npm oidc-provider. Its signing key is `signing_key("ES256", "peer")`, so a test can sign in its name."""

    def __init__(self, url: str) -> None:
        self.url = url

    def token(self, client_id: str, **params: str) -> str:
        """Return an access token by client credentials."""
        form = {"grant_type": "client_credentials", **params}
        answer = self._post("/token", form, client_id=client_id)
        return str(answer["access_token"])

    def revoke(self, token: str, *, client_id: str) -> None:
        self._post("/token/revocation", {"token": token}, client_id=client_id)

    def _post(self, path: str, form: Mapping[str, str], *, client_id: str) -> dict[str, Any]:
        headers = {
            "Authorization": oauth.basic_header(client_id, SECRET),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        status, _, body = fetch(self.url + path, "POST", headers=headers, body=urlencode(form))
        assert status == 200, body
        return dict(json.loads(body)) if body else {}


@contextmanager
def peer_issuer(resource: str) -> Iterator[PeerIssuer]:
    """Run npm oidc-provider with the clients of these tests."""

    def client(client_id: str, **more: object) -> dict[str, object]:
        return {
            "client_id": client_id,
            "client_secret": SECRET,
            "grant_types": ["client_credentials"],
            "response_types": [],
            "redirect_uris": [],
            "scope": "notes files",
            **more,
        }

    by_key = client("service-with-key", token_endpoint_auth_method="private_key_jwt")
    del by_key["client_secret"]
    by_key["jwks"] = {"keys": [signing_key("ES256", "service").public_jwk()]}
    by_key["token_endpoint_auth_signing_alg"] = "ES256"
    settings = {
        "jwks": {"keys": [{**private_jwk("peer"), "use": "sig"}]},
        "clients": [
            client("jwt-app", id_token_signed_response_alg="ES256"),
            client("opaque-app", id_token_signed_response_alg="ES256"),
            client("service", id_token_signed_response_alg="ES256"),
            {**by_key, "id_token_signed_response_alg": "ES256"},
        ],
        "resource": resource,
    }
    process = subprocess.Popen(
        ["node", HERE / "issuer.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        url = ""
        while url[:4] != "http":
            url = process.stdout.readline().strip()
            assert process.poll() is None, "oidc-provider did not start"
        try:
            yield PeerIssuer(url)
        finally:
            process.terminate()


class OwnIssuer(ThreadingHTTPServer):
    """An issuer that publishes `metadata` and `keys`, answers introspection with `introspection`, and counts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.metadata: dict[str, object] = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "introspection_endpoint": f"{self.url}/introspect",
        }
        self.keys = [signing_key("ES256", "one")]
        self.introspection: object = {"active": False}
        self.status = dict.fromkeys(
            ("/jwks", "/introspect", "/.well-known/openid-configuration"), 200
        )
        self.counts: Counter[str] = Counter()
        self.forms: list[dict[str, str]] = []
        self.hold: threading.Event | None = None
        self.held = threading.Event()

    def body(self, path: str) -> bytes:
        """Return what `path` answers."""
        if path == "/jwks":
            return json.dumps({"keys": [key.public_jwk() for key in self.keys]}).encode()
        if path == "/introspect":
            said = self.introspection
            return said if isinstance(said, bytes) else json.dumps(said).encode()
        return json.dumps(self.metadata).encode()


class _Handler(BaseHTTPRequestHandler):
    server: OwnIssuer
    protocol_version = "HTTP/1.0"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test says what matters."""

    def do_GET(self) -> None:
        issuer = self.server
        issuer.counts[self.path] += 1
        if issuer.hold is not None and self.path == "/jwks":
            issuer.held.set()
            issuer.hold.wait(60)
        status = issuer.status.get(self.path, 404)
        body = issuer.body(self.path)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        self.server.forms.append(form | {"authorization": self.headers.get("Authorization", "")})
        self.do_GET()


@contextmanager
def own_issuer() -> Iterator[OwnIssuer]:
    """Run an issuer that a test can tell what to say."""
    with OwnIssuer() as issuer:
        thread = threading.Thread(target=issuer.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield issuer
        finally:
            if issuer.hold is not None:
                issuer.hold.set()
            issuer.shutdown()
            thread.join()


def claims_of(issuer: str, *, now: int, **changes: object) -> dict[str, object]:
    """Return the claims of a good access token for RESOURCE; a change to None leaves the claim out."""
    seconds = now // 1000
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": RESOURCE,
        "sub": "alice",
        "client_id": "app",
        "scope": "notes",
        "jti": "1",
        "iat": seconds,
        "exp": seconds + 300,
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def fetch(
    url: str,
    method: str = "GET",
    *,
    headers: Mapping[str, str] | list[tuple[str, str]] = (),  # type: ignore[assignment]
    body: str = "",
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers with lower-case names, and body; repeated headers are sent as they are given."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.putrequest(method, url[url.index("/", 8) :] if "/" in url[8:] else "/")
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode() or None)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return response.status, found, response.read()
    finally:
        connection.close()
