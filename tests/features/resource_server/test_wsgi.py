"""A WSGI application behind `ProtectWsgi`, served by wsgiref on loopback."""

from __future__ import annotations

import json

import pytest

from sojourn.resource_server import ProtectWsgi, Verifier
from tests.features.resource_server.issuers import SECRET, claims_of, fetch, signing_key
from tests.features.resource_server.services import wsgi_service

AUDIENCE = "https://files.example/api"
METADATA = "/.well-known/oauth-protected-resource/api"


def application(environ, start_response):
    token = environ.get("sojourn.token")
    if environ["PATH_INFO"] == "/admin":
        token.require("admin", "files")
    body = json.dumps({"sub": token.subject if token else None}).encode()
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    return [body]


@pytest.fixture
def service(issuer, clock):
    verifier = Verifier(
        issuer.url,
        audience=AUDIENCE,
        client_id="service",
        client_secret=SECRET,
        realm="files",
        now=clock,
    )
    protected = ProtectWsgi(application, verifier, scopes=("files",), exempt=("/health",))
    with wsgi_service(protected) as url:
        yield url
    verifier.close()


def bearer(issuer, clock, **changes):
    claims = claims_of(issuer.url, now=clock(), **{"aud": AUDIENCE, "scope": "files", **changes})
    return "Bearer " + signing_key("ES256", "one").sign(claims, typ="at+jwt")


def get(url, *authorization, method="GET"):
    return fetch(url, method, headers=[("Authorization", value) for value in authorization])


def test_the_application_finds_the_token(service, issuer, clock):
    status, _, body = get(f"{service}/x", bearer(issuer, clock))
    assert (status, json.loads(body)) == (200, {"sub": "alice"})


def test_an_opaque_token_is_asked_about(service, issuer, clock):
    said = {"active": True, "token_type": "Bearer", "aud": AUDIENCE, "sub": "bob", "scope": "files"}
    issuer.introspection = said
    status, _, body = get(f"{service}/x", "Bearer opaque")
    assert (status, json.loads(body)) == (200, {"sub": "bob"})


def test_an_exempt_path_needs_no_token_and_gets_none(service, issuer, clock):
    status, _, body = get(f"{service}/health")
    assert (status, json.loads(body)) == (200, {"sub": None})
    assert get(f"{service}/health/")[0] == 401
    assert get(f"{service}/Health")[0] == 401


def test_the_challenge_names_realm_and_metadata_alone(service):
    status, headers, body = get(f"{service}/x")
    metadata = f"https://files.example{METADATA}"
    assert (status, body) == (401, b"")
    offered = 'DPoP realm="files", algs="ES256 EdDSA PS256"'
    more = f'resource_metadata="{metadata}"'
    assert headers["www-authenticate"] == f'Bearer realm="files", {more}, {offered}, {more}'


def test_each_refusal_has_its_status(service, issuer, clock):
    token = bearer(issuer, clock)
    assert get(f"{service}/x", "Bearer x.y.z")[0] == 401
    assert get(f"{service}/x", bearer(issuer, clock, scope="notes"))[0] == 403
    assert get(f"{service}/x", token, token)[0] == 400
    assert get(f"{service}/x?access_token=x", token)[0] == 400


def test_a_scope_that_the_application_requires_is_answered(service, issuer, clock):
    status, headers, _ = get(f"{service}/admin", bearer(issuer, clock))
    assert status == 403
    assert 'scope="admin files"' in headers["www-authenticate"]


def test_an_issuer_that_is_away_closes_the_door(service, issuer, clock):
    issuer.status["/introspect"] = 500
    status, headers, body = get(f"{service}/x", "Bearer opaque")
    assert (status, headers["retry-after"]) == (503, "5")
    assert "www-authenticate" not in headers
    assert json.loads(body)["error"] == "temporarily_unavailable"


def test_head_gets_the_same_answer_without_its_body(service, issuer, clock):
    status, headers, body = get(f"{service}/x", "Bearer x.y.z", method="HEAD")
    assert (status, body) == (401, b"")
    assert "invalid_token" in headers["www-authenticate"]


def test_the_metadata_lies_between_host_and_path(service, issuer):
    status, _, body = get(service + METADATA)
    assert status == 200
    assert json.loads(body) == {
        "resource": AUDIENCE,
        "authorization_servers": [issuer.url],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "PS256"],
    }
    assert get(service + METADATA, method="POST")[0] == 401
