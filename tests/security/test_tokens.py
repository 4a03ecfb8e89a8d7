"""Tokens that are not what they seem: changed in one place, spelled anew, signed by others, used for something else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from msgspec import Struct

from sojourn.model.resource import Resource
from sojourn.wire import tokens as opaque
from sojourn.wire.jose import SigningKey
from tests.security.browser import (
    PASSWORD,
    REDIRECT,
    VERIFIER,
    Tokens,
    app,
    basic,
    bearer,
    code_for,
    introspected,
    redeem,
    refresh,
    token,
    tokens_of,
    userinfo,
)
from tests.security.conftest import Place
from tests.security.wire import request

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
API = "https://api.example/"


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING):
        yield
    assert not [record for record in caplog.records if record.exc_info]


class Held(Struct):
    """What a person let an application have: opaque tokens, and a JWT for a resource."""

    place: Place
    opaque: Tokens
    jwt: str
    api: tuple[str, str]

    def introspected(self, text: str) -> bool:
        return introspected(self.place.server, self.place.client_id, self.place.secret, text)

    def refused(self, text: str) -> bool:
        """Whether no path takes a text for an access token."""
        answer = userinfo(self.place.server, text)
        other = request(self.place.issuer, "GET", "/account/sessions", headers=bearer(text))
        assert (answer.status, other.status) in ((401, 401), (200, 403), (403, 403), (401, 403))
        return answer.status == 401 and not self.introspected(text)


@pytest.fixture(scope="module")
def held(place: Place) -> Held:
    client_id, secret = place.client_id, place.secret
    browser, login = place.browser(), place.somebody()
    code = code_for(browser, client_id, login=login, scope="openid profile offline_access")
    server = place.server
    found = tokens_of(redeem(server, client_id, secret, code))
    api = app("api", redirect_uris=(), grant_types=("client_credentials",))
    api_secret = server.add_client(api)
    server.add_resource(Resource(identifier=API, client_id="api", token_format="jwt"))
    other = app("jwt-app", resources=(API,))
    other_secret = server.add_client(other)
    code = code_for(browser, "jwt-app", resource=API)
    jwt = tokens_of(redeem(server, "jwt-app", other_secret, code)).access
    assert introspected(server, "api", api_secret, jwt)
    return Held(place, found, jwt, ("api", api_secret))


def test_an_opaque_token_changed_in_any_place_is_none(held: Held):
    text = held.opaque.access
    assert held.introspected(text)
    for at in range(len(text)):
        for other in ("0", "z"):
            if text[at] != other:
                assert held.refused(text[:at] + other + text[at + 1 :]), at


def test_a_refresh_token_changed_in_any_place_is_refused_and_ends_nothing(held: Held):
    text, place = held.opaque.refresh, held.place
    for at in range(0, len(text), 2):
        other = "0" if text[at] != "0" else "z"
        changed = text[:at] + other + text[at + 1 :]
        answer = refresh(place.server, place.client_id, place.secret, changed)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    body = opaque.decode(text)[1]
    for at in range(len(body)):  # with a checksum that is right
        forged = opaque.encode("r", body[:at] + bytes((body[at] ^ 1,)) + body[at + 1 :])
        answer = refresh(place.server, place.client_id, place.secret, forged)
        assert (answer.status, answer.error) == (400, "invalid_grant"), at
        assert not held.introspected(forged)
    assert held.introspected(text)


def test_no_token_has_a_second_spelling(held: Held):
    for text in (held.opaque.access, held.opaque.refresh):
        for other in (
            text + " ",
            " " + text,
            text + "\n",
            text.upper(),
            text.swapcase(),
            text.replace("_", "-"),
            text + "=",
            "0" + text,
            text[:5] + "0" + text[5:],
            text[:-1],
            text + text,
            text.replace("sj_", "SJ_"),
        ):
            assert not held.introspected(other)


def parts(text: str) -> tuple[dict, dict, bytes]:
    head, payload, signature = text.split(".")
    return json.loads(decoded(head)), json.loads(decoded(payload)), decoded(signature)


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def joined(header: dict, claims: dict) -> str:
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


def signed_by(key: SigningKey, header: dict, claims: dict) -> str:
    text = joined(header, claims)
    return f"{text}.{encoded(key._sign(text.encode()))}"


def test_asvs_9_1_3_no_header_brings_its_own_key(held: Held):
    """CVE-2026-27962: kid, jku, x5u, x5c and jwk lead nowhere but to our own keys."""
    header, claims, _ = parts(held.jwt)
    key = own_key()
    jwk = key.public_jwk()
    for more in (
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
    ):
        assert not active(held, signed_by(key, header | more, claims)), more


def test_cve_2025_59420_an_unknown_crit_is_refused_though_the_signature_is_ours(held: Held):
    header, claims, _ = parts(held.jwt)
    ours = held.place.server.call(our_key)
    assert active(held, signed_by(ours, header, claims))
    for more in ({"crit": ["x"], "x": 1}, {"crit": []}, {"crit": ["exp"]}, {"b64": True}):
        assert not active(held, signed_by(ours, header | more, claims)), more


async def our_key(site) -> SigningKey:
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
        {"grant_id": opaque.encode("g", bytes(18))},
        {"aud": {"a": 1}},
        {"aud": [1]},
        {"based_on": "../../user/x"},
        {"scope": ["openid"]},
    ],
)
def test_claims_that_are_wrong_are_refused_even_under_our_signature(held: Held, changed: dict):
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
    assert decode_dss_signature  # the DER form is refused by its length
    second = f"{body}.{encoded(twin)}"
    assert active(held, text)
    answer = request(
        place.issuer, "POST", "/revoke", form={"token": second}, headers=basic("malleable", secret)
    )
    assert answer.status == 200
    assert not active(held, text)
    assert not active(held, second)


def test_no_token_is_taken_for_another_kind(held: Held):
    place = held.place
    code = code_for(place.browser(), place.client_id, login=place.somebody())
    for text in (held.opaque.access, held.opaque.id, held.jwt, code):
        answer = refresh(place.server, place.client_id, place.secret, text)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    for text in (held.opaque.access, held.opaque.refresh, held.opaque.id, held.jwt):
        answer = redeem(place.server, place.client_id, place.secret, text)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    for text in (held.opaque.refresh, held.opaque.id, code, "sj_s_x", "sj_u_x"):
        assert userinfo(place.server, text).status == 401
    assert held.introspected(held.opaque.access)


def test_cve_2026_16089_a_code_or_refresh_token_is_only_for_its_own_client(held: Held):
    place = held.place
    other = place.server.add_client(app("other"))
    code = code_for(place.browser(), place.client_id, login=place.somebody())
    for answer in (
        redeem(place.server, "other", other, code),
        refresh(place.server, "other", other, held.opaque.refresh),
    ):
        assert (answer.status, answer.error) == (400, "invalid_grant")
    answer = request(
        place.issuer,
        "POST",
        "/revoke",
        form={"token": held.opaque.refresh},
        headers=basic("other", other),
    )
    assert answer.status == 400
    assert not introspected(place.server, "other", other, held.opaque.access)
    assert held.introspected(held.opaque.refresh)
    assert redeem(place.server, place.client_id, place.secret, code).status == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": ""},
        {"code_verifier": VERIFIER[:-1] + "w"},
        {"code_verifier": VERIFIER + "v"},
        {"code_verifier": "é" * 43},
        {"code_verifier": "v" * 50_000},
        {"redirect_uri": ""},
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": REDIRECT.upper()},
        {"redirect_uri": "https://evil.example/"},
        {"code": ""},
        {"code": "sj_c_"},
        {"code": "\x01"},
    ],
)
def test_a_code_with_anything_wrong_beside_it_is_refused_and_not_spent(
    place: Place, changed: dict[str, str]
):
    """CVE-2024-23647, RFC 9700 §2.1.1."""
    browser, login = place.browser(), place.somebody()
    code = code_for(browser, place.client_id, login=login)
    good = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    form = {name: value for name, value in (good | changed).items() if value}
    answer = token(
        place.server, place.client_id, place.secret, grant_type="authorization_code", **form
    )
    assert answer.status == 400
    assert answer.error in ("invalid_grant", "invalid_request")
    assert redeem(place.server, place.client_id, place.secret, code).status == 200


def test_a_verifier_for_a_code_without_a_challenge_is_a_downgrade(place: Place):
    secret = place.server.add_client(app("no-pkce", require_pkce=False))
    browser, login = place.browser(), place.somebody()
    none = {"code_challenge": "", "code_challenge_method": ""}
    code = code_for(browser, "no-pkce", login=login, **none)
    answer = redeem(place.server, "no-pkce", secret, code)
    assert answer.error == "invalid_grant"


def test_asvs_10_4_2_a_code_used_twice_ends_its_grant(place: Place):
    browser, login = place.browser(), place.somebody()
    code = code_for(browser, place.client_id, login=login)
    found = tokens_of(redeem(place.server, place.client_id, place.secret, code))
    assert redeem(place.server, place.client_id, place.secret, code).error == "invalid_grant"
    assert userinfo(place.server, found.access).status == 401
    answer = refresh(place.server, place.client_id, place.secret, found.refresh)
    assert answer.error == "invalid_grant"


def test_asvs_10_4_5_an_old_refresh_token_ends_its_family(place: Place):
    browser, login = place.browser(), place.somebody()
    code = code_for(browser, place.client_id, login=login)
    client = (place.server, place.client_id, place.secret)
    first = tokens_of(redeem(*client, code))
    second = tokens_of(refresh(*client, first.refresh))
    third = tokens_of(refresh(*client, second.refresh))
    assert refresh(*client, first.refresh).error == "invalid_grant"
    assert refresh(*client, third.refresh).error == "invalid_grant"
    assert userinfo(place.server, third.access).status == 401
    assert PASSWORD
