"""What a service behind uvicorn answers to tokens of a real issuer, and to everything that only looks like one."""

from __future__ import annotations

import hmac
import json
import time
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sojourn.wire import base64url
from tests.features.resource_server.conftest import Service
from tests.features.resource_server.issuers import claims_of, fetch, signing_key

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("resource_server")]

AT_JWT = "at+jwt"


def hello(service: Service, *authorization: str, query: str = "", path: str = "/hello"):
    headers = [("Authorization", value) for value in authorization]
    return fetch(f"{service.url}{path}{query}", headers=headers)


def signed(service: Service, *, typ: str = AT_JWT, **changes: object) -> str:
    claims = claims_of(service.issuer.url, now=time.time_ns() // 1_000_000, aud=service.url)
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return signing_key("ES256", "peer").sign(claims, typ=typ)


def forged(header: dict[str, object], service: Service, sign) -> str:
    claims = claims_of(service.issuer.url, now=time.time_ns() // 1_000_000, aud=service.url)
    parts = [base64url.encode(json.dumps(part).encode()) for part in (header, claims)]
    text = ".".join(parts)
    return f"{text}.{base64url.encode(sign(text.encode()))}"


def assert_invalid(answer) -> None:
    status, headers, body = answer
    assert status == 401
    assert headers["www-authenticate"].startswith('Bearer realm="sojourn", error="invalid_token", ')
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    said = json.loads(body)
    assert set(said) == {"error", "error_description"}
    assert said["error"] == "invalid_token"


def test_a_jwt_of_the_issuer_is_greeted(sample):
    token = sample.issuer.token("jwt-app", scope="notes files")
    assert token.count(".") == 2
    status, _, body = hello(sample, f"Bearer {token}")
    assert status == 200
    assert json.loads(body) == {
        "greeting": "Hello, jwt-app.",
        "sub": "jwt-app",
        "client_id": "jwt-app",
        "scope": "notes files",
    }


def test_an_opaque_token_of_the_issuer_is_greeted(sample):
    token = sample.issuer.token("opaque-app", scope="notes")
    assert "." not in token
    status, _, body = hello(sample, f"Bearer {token}")
    assert status == 200
    assert json.loads(body)["scope"] == "notes"


def test_a_revoked_opaque_token_is_refused_at_once(sample):
    token = sample.issuer.token("opaque-app")
    assert hello(sample, f"Bearer {token}")[0] == 200
    sample.issuer.revoke(token, client_id="opaque-app")
    assert_invalid(hello(sample, f"Bearer {token}"))


def test_the_scheme_may_be_written_in_any_case(sample):
    token = sample.issuer.token("jwt-app")
    assert hello(sample, f"bearer {token}")[0] == 200
    assert hello(sample, f"BEARER {token}")[0] == 200


def test_a_person_signed_by_the_issuer_is_greeted_by_subject(sample):
    status, _, body = hello(sample, f"Bearer {signed(sample)}")
    assert (status, json.loads(body)["sub"]) == (200, "alice")


@pytest.mark.parametrize("authorization", [(), ("Basic YTpi",), ("Digest a=b, c=d",), ("",)])
def test_without_a_bearer_token_the_challenge_names_no_error(sample, authorization):
    status, headers, body = hello(sample, *authorization)
    metadata = f"{sample.url}/.well-known/oauth-protected-resource"
    assert status == 401
    offered = 'DPoP realm="sojourn", algs="ES256 EdDSA PS256"'
    more = f'resource_metadata="{metadata}"'
    assert headers["www-authenticate"] == f'Bearer realm="sojourn", {more}, {offered}, {more}'
    assert body == b""


def test_a_missing_scope_is_named(sample):
    token = sample.issuer.token("opaque-app", scope="files")
    status, headers, body = hello(sample, f"Bearer {token}", path="/notes")
    assert status == 403
    assert 'error="insufficient_scope"' in headers["www-authenticate"]
    assert 'scope="notes"' in headers["www-authenticate"]
    assert json.loads(body)["error"] == "insufficient_scope"


def test_the_needed_scope_opens_the_notes(sample):
    token = sample.issuer.token("opaque-app", scope="notes")
    status, _, body = hello(sample, f"Bearer {token}", path="/notes")
    assert status == 200
    assert json.loads(body)["notes"]


def assert_bad_request(answer) -> None:
    status, headers, body = answer
    assert status == 400
    assert 'error="invalid_request"' in headers["www-authenticate"]
    assert json.loads(body)["error"] == "invalid_request"


def test_two_authorization_headers_are_refused(sample):
    token = sample.issuer.token("jwt-app")
    assert_bad_request(hello(sample, f"Bearer {token}", f"Bearer {token}"))
    assert_bad_request(hello(sample, f"Bearer {token}", "Basic YTpi"))
    assert_bad_request(hello(sample, f"Bearer {token}, Bearer {token}"))


@pytest.mark.parametrize("name", ["access_token", "%61ccess_token"])
def test_a_token_in_the_query_is_refused(sample, name):
    token = sample.issuer.token("jwt-app")
    assert_bad_request(hello(sample, query=f"?a=1&{name}={token}"))
    assert_bad_request(hello(sample, f"Bearer {token}", query=f"?{name}={token}"))


def test_a_query_that_only_the_application_understands_is_let_through(sample):
    token = sample.issuer.token("jwt-app")
    assert hello(sample, f"Bearer {token}", query="?a=1&a=2&%zz&=")[0] == 200


@pytest.mark.parametrize("typ", ["JWT", "jwt", "id_token+jwt", "logout+jwt", "at+jwt2", "at"])
def test_a_signed_token_of_another_type_is_refused(sample, typ):
    assert_invalid(hello(sample, f"Bearer {signed(sample, typ=typ)}"))


def test_an_id_token_is_never_an_access_token(sample):
    id_token = signed(sample, typ="JWT", nonce="n", at_hash="x", azp="app", scope=None)
    assert_invalid(hello(sample, f"Bearer {id_token}"))


def test_the_type_may_carry_its_media_type_prefix(sample):
    assert hello(sample, f"Bearer {signed(sample, typ='application/AT+JWT')}")[0] == 200


def test_an_unsigned_token_is_refused(sample):
    token = forged({"alg": "none", "typ": AT_JWT}, sample, lambda _: b"")
    assert_invalid(hello(sample, f"Bearer {token}"))
    token = forged({"alg": "NONE", "typ": AT_JWT, "kid": "peer"}, sample, lambda _: b"x")
    assert_invalid(hello(sample, f"Bearer {token}"))


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_the_public_key_is_no_shared_secret(sample, encoding):
    public = signing_key("ES256", "peer").public_key()
    secret = public.public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    header: dict[str, object] = {"alg": "HS256", "typ": AT_JWT, "kid": "peer"}
    token = forged(header, sample, lambda text: hmac.digest(secret, text, sha256))
    assert_invalid(hello(sample, f"Bearer {token}"))


def test_a_key_that_the_token_brings_is_not_believed(sample):
    stranger = signing_key("ES256", "stranger")
    for more in (
        {"kid": "stranger"},
        {"kid": "peer"},
        {"kid": "peer", "jwk": stranger.public_jwk()},
        {"kid": "stranger", "jku": "https://stranger.example/jwks"},
        {"jwk": stranger.public_jwk()},
        {"kid": "../../peer"},
        {"kid": 7},
        {"kid": "peer", "x5c": ["MII"]},
        {"kid": "peer", "crit": ["exp"]},
    ):
        token = forged({"alg": "ES256", "typ": AT_JWT, **more}, sample, stranger._sign)
        assert_invalid(hello(sample, f"Bearer {token}"))


def test_the_forge_of_these_tests_makes_good_tokens_with_the_issuers_key(sample):
    peer = signing_key("ES256", "peer")
    token = forged({"alg": "ES256", "typ": AT_JWT, "kid": "peer"}, sample, peer._sign)
    assert hello(sample, f"Bearer {token}")[0] == 200


def test_a_changed_payload_is_refused(sample):
    head, _, signature = signed(sample).split(".")
    payload = signed(sample, sub="mallory").split(".")[1]
    assert_invalid(hello(sample, f"Bearer {head}.{payload}.{signature}"))


def test_another_algorithm_than_the_keys_is_refused(sample):
    token = signing_key("EdDSA", "peer").sign(
        claims_of(sample.issuer.url, now=time.time_ns() // 1_000_000, aud=sample.url), typ=AT_JWT
    )
    assert_invalid(hello(sample, f"Bearer {token}"))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"iss": ["x"]},
        {"aud": "https://other.example"},
        {"aud": ["https://other.example", "https://third.example"]},
        {"aud": []},
        {"aud": None},
        {"aud": {"x": 1}},
        {"aud": [1]},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"client_id": None},
        {"scope": 'a"b'},
        {"scope": ["notes"]},
        {"cnf": {"jkt": "x"}},
        {"acr": 1},
        {"auth_time": "x"},
    ],
    ids=str,
)
def test_wrong_claims_under_the_issuers_signature_are_refused(sample, changes):
    assert_invalid(hello(sample, f"Bearer {signed(sample, **changes)}"))


def test_an_issuer_that_differs_by_one_slash_is_another(sample):
    assert_invalid(hello(sample, f"Bearer {signed(sample, iss=sample.issuer.url + '/')}"))


def test_an_audience_that_differs_by_one_slash_is_another(sample):
    assert_invalid(hello(sample, f"Bearer {signed(sample, aud=sample.url + '/')}"))


def test_the_service_may_be_one_of_several_audiences(sample):
    token = signed(sample, aud=["https://other.example", sample.url])
    assert hello(sample, f"Bearer {token}")[0] == 200


def test_an_opaque_token_for_another_audience_is_refused(sample):
    token = sample.issuer.token("opaque-app", resource="https://other.example")
    assert_invalid(hello(sample, f"Bearer {token}"))


@pytest.mark.parametrize(
    "token",
    [
        "a.b.c",
        "..",
        "=.=.=",
        "e30.e30.e30",
        "eyJhbGciOiJFUzI1NiJ9.e30",
        "x" * 43,
        "a.b.c.d.e",
        "~",
        "a b",
        "a\tb",
        "",
        "é",
        "sj_a_0000",
        "a" * 20_000,
        "a." * 9_000 + "a",
        "x" * 9_000 + ".y.z",
    ],
    ids=lambda token: f"{token[:12]}-{len(token)}",
)
def test_malformed_tokens_are_refused(sample, token):
    assert_invalid(hello(sample, f"Bearer {token}".encode().decode("latin-1")))


@pytest.mark.parametrize("change", ["pad", "space", "plus"])
def test_a_second_spelling_of_a_good_token_is_refused(sample, change):
    token = signed(sample)
    second = {
        "pad": token + "=",
        "space": token + " x",
        "plus": token.replace("-", "+").replace("_", "/") + "+",
    }
    assert_invalid(hello(sample, f"Bearer {second[change]}"))


def test_what_is_refused_is_never_echoed(sample):
    for token in ("secret-opaque-token", "secret.jwt.token"):
        _, headers, body = hello(sample, f"Bearer {token}")
        assert b"secret" not in body
        assert "secret" not in str(headers)
