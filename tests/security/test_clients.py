"""Clients that are not who they say: assertions replayed and forged, methods swapped, metadata abused."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sojourn.errors import InvalidRequest
from sojourn.server.services.clients import ASSERTION_TYPE
from sojourn.wire.jose import SigningKey
from tests.security.browser import app, basic, token
from tests.security.place import Place
from tests.security.wire import Answer, request


def key(kid: str) -> SigningKey:
    made = ec.generate_private_key(ec.SECP256R1())
    der = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey.load(kid, "ES256", pkcs8_der=der)


OURS, OTHERS = key("ours"), key("others")


@pytest.fixture(scope="module")
def keyed(place: Place) -> str:
    jwks: Mapping[str, object] = {"keys": [OURS.public_jwk()]}
    method = "private_key_jwt"
    place.server.add_client(app("keyed", token_endpoint_auth_method=method, jwks=jwks))
    jwks = {"keys": [OTHERS.public_jwk()]}
    place.server.add_client(app("other-keyed", token_endpoint_auth_method=method, jwks=jwks))
    return "keyed"


def claims(place: Place, **changed: object) -> dict[str, object]:
    now = int(time.time())
    told: dict[str, object] = {
        "iss": "keyed",
        "sub": "keyed",
        "aud": place.issuer,
        "iat": now,
        "exp": now + 60,
        "jti": f"{time.time_ns()}",
    }
    return {name: value for name, value in (told | changed).items() if value is not None}


def shown(place: Place, assertion: str, **more: str) -> Answer:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return request(place.issuer, "POST", "/token", form=form | more)


def require_refused(answer: Answer) -> None:
    assert answer.status in (400, 401), answer.body
    assert answer.error in ("invalid_client", "invalid_request")


def test_ghsa_3p3g_vpw6_4w66_an_assertion_is_good_once(place: Place, keyed: str):
    text = OURS.sign(claims(place), typ="JWT")
    assert shown(place, text).status == 200
    require_refused(shown(place, text))
    head, payload, signature = text.split(".")
    require_refused(shown(place, f"{head}.{payload}.{signature}="))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://evil.example"},
        {"aud": None},
        {"aud": []},
        {"iss": "other-keyed"},
        {"sub": "other-keyed"},
        {"iss": "other-keyed", "sub": "other-keyed"},
        {"sub": ["keyed"]},
        {"exp": 1},
        {"exp": None},
        {"exp": 99_999_999_999},
        {"nbf": 99_999_999_999},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
    ],
)
def test_an_assertion_with_wrong_claims_is_refused(
    place: Place, keyed: str, changed: dict[str, object]
):
    require_refused(shown(place, OURS.sign(claims(place, **changed), typ="JWT")))


def test_an_assertion_meant_for_others_too_is_refused(place: Place, keyed: str):
    both = [place.issuer, "https://evil.example"]
    require_refused(shown(place, OURS.sign(claims(place, aud=both), typ="JWT")))


def test_an_assertion_by_another_clients_key_is_refused(place: Place, keyed: str):
    require_refused(shown(place, OTHERS.sign(claims(place), typ="JWT")))
    renamed = SigningKey("ours", "ES256", private=OTHERS._private)
    require_refused(shown(place, renamed.sign(claims(place), typ="JWT")))
    require_refused(shown(place, OURS.sign(claims(place), typ="at+jwt")))


@pytest.mark.parametrize(
    "text", ["", "x", "a.b.c", "..", "é.é.é", "e30.e30.", "a" * 20_000, "e30.W10.x"]
)
def test_what_is_no_assertion_is_refused(place: Place, keyed: str, text: str):
    require_refused(shown(place, text))


def test_an_assertion_for_one_client_named_as_another_is_refused(place: Place, keyed: str):
    require_refused(shown(place, OURS.sign(claims(place), typ="JWT"), client_id="app"))


@pytest.mark.parametrize("method", ["client_secret_post", "none"])
def test_a_client_authenticates_by_its_own_method_alone(place: Place, method: str):
    form = {"grant_type": "client_credentials", "client_id": place.client_id}
    if method == "client_secret_post":
        form["client_secret"] = place.secret
    answer = request(place.issuer, "POST", "/token", form=form)
    assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.parametrize("secret", ["", " ", "wrong", "\x00", "%00", "a" * 10_000])
def test_an_unknown_client_and_a_wrong_secret_are_told_the_same(place: Place, secret: str):
    wrong = token(place.server, place.client_id, secret, grant_type="client_credentials")
    unknown = token(place.server, "nobody", secret, grant_type="client_credentials")
    assert (wrong.status, wrong.body) == (unknown.status, unknown.body)
    assert wrong.error == "invalid_client"
    assert wrong.header("www-authenticate").startswith("Basic ")


def test_a_public_client_gets_nothing_for_itself_and_introspects_nothing(place: Place):
    for path, form in (
        ("/token", {"grant_type": "client_credentials"}),
        ("/introspect", {"token": "x"}),
    ):
        answer = request(place.issuer, "POST", path, form=form | {"client_id": "sojourn-cli"})
        assert answer.status in (400, 401)
        assert answer.error in ("unauthorized_client", "invalid_client")


@pytest.mark.parametrize("name", ["password", "implicit", "", "refresh_token", "urn:x", "é"])
def test_asvs_10_4_4_a_client_uses_its_own_grant_types_alone(place: Place, name: str):
    client_id = f"narrow{name.encode().hex()}"
    narrow = app(client_id, grant_types=("client_credentials",), redirect_uris=())
    secret = place.server.add_client(narrow)
    form = {"grant_type": name, "username": "root", "password": "x", "refresh_token": "x"}
    answer = request(place.issuer, "POST", "/token", form=form, headers=basic(client_id, secret))
    assert answer.status == 400
    assert answer.error in ("unsupported_grant_type", "unauthorized_client", "invalid_request")


def test_a_client_gets_no_scope_that_is_not_its_own(place: Place):
    for scope in ("users:write", "profile users:write", "openid", "PROFILE", 'a"b', "a  b"):
        answer = token(
            place.server,
            place.client_id,
            place.secret,
            grant_type="client_credentials",
            scope=scope,
        )
        assert (answer.status, answer.error) == (400, "invalid_scope")
    for resource in ("urn:sojourn:admin", "https://x.example", "é"):
        answer = token(
            place.server,
            place.client_id,
            place.secret,
            grant_type="client_credentials",
            resource=resource,
        )
        assert (answer.status, answer.error) == (400, "invalid_target")


@pytest.mark.parametrize("alg", ["none", "HS256", "EdDSA", "ES512", "", "es256"])
def test_a_client_cannot_ask_for_an_algorithm_that_nothing_signs_with(place: Place, alg: str):
    with pytest.raises(InvalidRequest):
        place.server.add_client(app(f"alg-{alg}", id_token_signed_response_alg=alg))


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/callback",
        "http://localhost/callback",
        "https://*.example/callback",
        "https://app.example/../x",
        "https://app.example/#x",
        "https://user@app.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "app:/x",
        "https://app.example/\n",
        "https://é.example/",
    ],
)
def test_a_redirect_uri_that_could_mislead_is_not_registered(place: Place, uri: str):
    for field in ("redirect_uris", "post_logout_redirect_uris"):
        with pytest.raises(InvalidRequest):
            place.server.add_client(app("misleading", **{field: (uri,)}))
