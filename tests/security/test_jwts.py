"""JWTs that are not ours, not what they say, or not for this: RFC 8725 as attacks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sojourn.server.pages.site import Site
from sojourn.wire import tokens as opaque
from sojourn.wire.jose import SigningKey
from tests.security.browser import (
    app,
    basic,
    bearer,
    code_for,
    introspected,
    redeem,
    tokens_of,
    userinfo,
)
from tests.security.held import API, Held
from tests.security.wire import request

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def parts(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    head, payload, signature = text.split(".")
    return json.loads(decoded(head)), json.loads(decoded(payload)), decoded(signature)


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def joined(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"


def active(held: Held, text: str) -> bool:
    return introspected(held.place.server, *held.api, text)


def test_asvs_9_1_1_a_jwt_changed_in_any_place_is_none(held: Held):
    text = held.jwt
    assert active(held, text)
    for at in range(0, len(text), 3):
        other = "A" if text[at] != "A" else "B"
        assert not active(held, text[:at] + other + text[at + 1 :]), at
    head, payload, signature = text.split(".")
    for other in (
        f"{head}.{payload}.",
        f"{head}.{payload}",
        f"{head}.{payload}.{signature}=",
        f"{head}.{payload}.{signature}.",
        f"{head}=.{payload}.{signature}",
        f"{head}..{signature}",
        f".{payload}.{signature}",
        f"{head}.{payload}.{signature}.{payload}.{signature}",
        json.dumps({"protected": head, "payload": payload, "signature": signature}),
    ):
        assert not active(held, other)


def test_asvs_9_1_2_alg_none_and_the_public_key_as_a_secret_are_refused(held: Held):
    """CVE-2026-28802, CVE-2024-37568."""
    header, claims, _ = parts(held.jwt)
    jwks = request(held.place.issuer, "GET", "/jwks")
    public = next(key for key in jwks.json["keys"] if key["kid"] == header["kid"])
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(decoded(public["x"])), int.from_bytes(decoded(public["y"])), ec.SECP256R1()
    )
    key = numbers.public_key()
    secrets = [
        key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        json.dumps(public).encode(),
        jwks.body,
        b"",
    ]
    for alg in ("none", "None", "NONE", "nOnE", "", "ES384", "RS256", "PS256", "EdDSA"):
        signed = joined(header | {"alg": alg}, claims)
        assert not active(held, f"{signed}.")
        assert not active(held, f"{signed}.{held.jwt.rsplit('.', 1)[1]}")
    for alg in ("HS256", "hs256", "ES256"):
        for secret in secrets:
            signed = joined(header | {"alg": alg}, claims)
            mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
            assert not active(held, f"{signed}.{encoded(mac)}")


def own_key(alg: str = "ES256", kid: str = "mine") -> SigningKey:
    made = (
        ec.generate_private_key(ec.SECP256R1())
        if alg == "ES256"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    der = made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey.load(kid, alg, pkcs8_der=der)


def signed_by(key: SigningKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    text = joined(header, claims)
    return f"{text}.{encoded(key._sign(text.encode()))}"


def test_asvs_9_1_3_no_header_brings_its_own_key(held: Held):
    """CVE-2026-27962: kid, jku, x5u, x5c and jwk lead nowhere but to our own keys."""
    header, claims, _ = parts(held.jwt)
    key = own_key()
    jwk = key.public_jwk()
    headers: tuple[dict[str, Any], ...] = (
        {},
        {"kid": "mine"},
        {"kid": "../../../../dev/null"},
        {"kid": "' OR 1=1 --"},
        {"kid": "http://127.0.0.1:1/"},
        {"kid": None},
        {"kid": ["a"]},
        {"jwk": jwk},
        {"kid": "mine", "jwk": jwk},
        {"jku": "http://127.0.0.1:1/keys"},
        {"x5u": "http://127.0.0.1:1/cert"},
        {"x5c": ["AAAA"]},
        {"crit": ["exp"], "exp": 1},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
    )
    for more in headers:
        assert not active(held, signed_by(key, header | more, claims)), more


def test_cve_2025_59420_an_unknown_crit_is_refused_though_the_signature_is_ours(held: Held):
    header, claims, _ = parts(held.jwt)
    ours = held.place.server.call(our_key)
    assert active(held, signed_by(ours, header, claims))
    headers: tuple[dict[str, Any], ...] = (
        {"crit": ["x"], "x": 1},
        {"crit": []},
        {"crit": ["exp"]},
        {"b64": True},
    )
    for more in headers:
        assert not active(held, signed_by(ours, header | more, claims)), more


async def our_key(site: Site) -> SigningKey:
    return site.context.signing.active("ES256")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": 0},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": 1e300},
        {"iat": -1},
        {"jti": None},
        {"jti": "../x"},
        {"jti": "é"},
        {"client_id": "nobody"},
        {"client_id": None},
        {"client_id": ["api"]},
        {"grant_id": "sj_g_x"},
        {"grant_id": 7},
        {"grant_id": opaque.encode("g", "0" * 24)},
        {"aud": {"a": 1}},
        {"aud": [1]},
        {"based_on": "../../user/x"},
        {"scope": ["openid"]},
    ],
)
def test_claims_that_are_wrong_are_refused_even_under_our_signature(
    held: Held, changed: dict[str, Any]
):
    header, claims, _ = parts(held.jwt)
    told = {name: value for name, value in (claims | changed).items() if value is not None}
    assert not active(held, signed_by(held.place.server.call(our_key), header, told))


@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", "", None, "at+jws", "dpop+jwt"])
def test_asvs_9_2_2_a_jwt_of_another_type_is_no_access_token(held: Held, typ: str | None):
    header, claims, _ = parts(held.jwt)
    told = {name: value for name, value in (header | {"typ": typ}).items() if value is not None}
    assert not active(held, signed_by(held.place.server.call(our_key), told, claims))


def test_asvs_9_2_2_an_id_token_is_no_access_token_and_an_access_token_is_no_hint(held: Held):
    place = held.place
    assert held.refused(held.opaque.id)
    browser = place.browser()
    for text in (held.jwt, held.opaque.access, held.opaque.refresh, "x.y.z", "é", "a" * 9_000):
        from urllib.parse import quote

        answer = browser.get(
            f"{place.issuer}/end-session?id_token_hint={quote(text)}"
            "&post_logout_redirect_uri=https://app.example/bye"
        )
        assert answer.status == 400
        assert not answer.location


def test_asvs_9_2_3_a_token_for_a_resource_is_refused_by_every_other(held: Held):
    assert userinfo(held.place.server, held.jwt).status == 401
    answer = request(held.place.issuer, "GET", "/admin/users", headers=bearer(held.jwt))
    assert answer.status == 401
    assert not held.introspected(held.jwt)  # another client's, and not for a resource of ours


def test_a_malleable_signature_gives_no_way_round_revocation(held: Held):
    """OSSN-0062: (r, n - s) verifies as well as (r, s)."""
    place = held.place
    browser, login = place.browser(), place.somebody()
    client = app("malleable", resources=(API,))
    secret = place.server.add_client(client)
    code = code_for(browser, "malleable", login=login, resource=API)
    text = tokens_of(redeem(place.server, "malleable", secret, code)).access
    body, _, signature = text.rpartition(".")
    raw = decoded(signature)
    twin = raw[:32] + (ORDER - int.from_bytes(raw[32:])).to_bytes(32)
    second = f"{body}.{encoded(twin)}"
    assert active(held, text)
    answer = request(
        place.issuer, "POST", "/revoke", form={"token": second}, headers=basic("malleable", secret)
    )
    assert answer.status == 200
    assert not active(held, text)
    assert not active(held, second)
