"""Key sets of others: what is taken, passed over and refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire import base64url, jwk
from sojourn.wire.jose import KeySet, thumbprint
from tests.wire.keys import signing_key

RFC_7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
    "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2"
    "QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6W"
    "eZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
}
ED = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}


def test_thumbprints_are_those_of_the_specifications() -> None:
    assert thumbprint(RFC_7638) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert thumbprint(ED) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert thumbprint(RFC_7638 | {"kid": "x", "alg": "RS256"}) == thumbprint(RFC_7638)


@pytest.mark.parametrize(
    "members", [{}, {"kty": "oct", "k": "AA"}, {"kty": "EC"}, EC | {"x": '"'}, EC | {"x": 1}]
)
def test_what_is_no_key_has_no_thumbprint(members: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        thumbprint(members)


def test_a_key_without_algorithm_serves_the_usual_one_of_its_type() -> None:
    found = [jwk.load(members) for members in (RFC_7638, EC, ED)]
    assert [key and key.alg for key in found] == ["RS256", "ES256", "EdDSA"]


@pytest.mark.parametrize(
    "members",
    [
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        EC | {"use": "enc"},
        EC | {"key_ops": ["deriveKey"]},
        EC | {"crv": "P-384"},
        EC | {"crv": "secp256k1"},
        ED | {"crv": "X25519"},
        RFC_7638 | {"alg": "RSA-OAEP"},
        RFC_7638 | {"alg": "RS512"},
        EC | {"alg": "RS256"},
    ],
)
def test_a_key_for_another_purpose_is_passed_over(members: dict[str, Any]) -> None:
    assert len(KeySet.load({"keys": [members, EC | {"kid": "good"}]})) == 1


def rsa_jwk(n: int, e: int) -> dict[str, str]:
    return {"kty": "RSA", "n": jwk._from_number(n), "e": jwk._from_number(e)}


MODULUS = int.from_bytes(base64url.decode(RFC_7638["n"]), "big")
SMALL = MODULUS >> 1024 | 1


@pytest.mark.parametrize(
    "members",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        EC | {"d": "AA"},
        ED | {"d": "AA"},
        RFC_7638 | {"d": "AQAB"},
        RFC_7638 | {"p": "AQAB"},
        EC | {"use": "enc", "d": "AA"},
        EC | {"crv": "P-999"},
        EC | {"crv": "p-256"},
        ED | {"crv": "Ed25520"},
        {"kty": "EC"},
        rsa_jwk(SMALL, 65537),
        rsa_jwk(MODULUS, 1),
        rsa_jwk(MODULUS, 2),
        rsa_jwk(MODULUS + 1, 65537),
        rsa_jwk(MODULUS, 2**65 + 1),
        rsa_jwk(2**9000 + 1, 65537),
        RFC_7638 | {"n": RFC_7638["n"] + "="},
        RFC_7638 | {"n": 5},
        RFC_7638 | {"e": "AAEAAQ"},
        EC | {"x": EC["y"]},
        EC | {"x": "AA"},
        EC | {"y": EC["y"][:-1]},
        ED | {"x": "AA"},
        EC | {"kid": 5},
        EC | {"kid": "k" * 257},
        EC | {"alg": 5},
        {},
        {"kty": 1},
        EC | {"key_ops": 5},
    ],
)
def test_a_dangerous_or_broken_key_refuses_the_whole_set(members: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        KeySet.load({"keys": [EC | {"kid": "good"}, members]})


@pytest.mark.parametrize(
    "document", [{}, {"keys": None}, {"keys": {}}, {"keys": [1]}, {"keys": [EC] * 101}]
)
def test_a_broken_set_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        KeySet.load(document)


def test_a_key_id_used_twice_is_refused() -> None:
    with pytest.raises(Malformed):
        KeySet.load({"keys": [EC | {"kid": "a"}, ED | {"kid": "a"}]})
    with pytest.raises(Malformed):
        KeySet.of([signing_key("ES256", "a"), signing_key("EdDSA", "a")])


MEMBER = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=8),
    st.sampled_from([*RFC_7638.values(), *EC.values(), *ED.values(), "sig", "ES256"]),
    st.lists(st.text()),
)


@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "key_ops"]), MEMBER
    )
)
def test_any_object_is_a_key_or_passed_over_or_malformed(members: dict[str, Any]) -> None:
    try:
        key = jwk.load(members)
    except Malformed:
        return
    assert key is None or jwk.dump(key.key).items() <= members.items()
