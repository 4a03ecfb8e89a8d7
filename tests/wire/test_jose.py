"""Signed tokens: what verifies, and everything that must not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk as their_jwk
from joserfc import jwt as their_jwt

from sojourn.errors import Malformed, SojournError, UnknownKey
from sojourn.wire import base64url, jose
from sojourn.wire.jose import ALGORITHMS, SIGNING_ALGORITHMS, KeySet, SigningKey
from tests.wire.keys import signing_key

CLAIMS: dict[str, object] = {"iss": "https://op.example", "sub": "248289761001", "n": 1}
NOW = 1_800_000_000_000

# RFC 7515 appendix A.3.
RFC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC_TOKEN = (
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5dj"
    "xLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)


def key_set() -> KeySet:
    return KeySet.of(signing_key(alg) for alg in SIGNING_ALGORITHMS)


def with_header(header: object, *, key: SigningKey | None = None, payload: bytes = b"{}") -> str:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    signed = f"{base64url.encode(raw)}.{base64url.encode(payload)}"
    signature = (key or signing_key("ES256"))._sign(signed.encode())
    return f"{signed}.{base64url.encode(signature)}"


def verified(text: str, keys: KeySet | None = None) -> jose.Jwt:
    return (key_set() if keys is None else keys).verify(text, algs=ALGORITHMS, typ=None)


@pytest.mark.parametrize("alg", SIGNING_ALGORITHMS)
def test_what_a_key_signs_its_public_half_verifies(alg: str) -> None:
    key = signing_key(alg)
    text = key.sign(CLAIMS, typ="at+jwt")
    for keys in (key_set(), KeySet.load({"keys": [key.public_jwk()]})):
        token = keys.verify(text, algs=[alg], typ="at+jwt")
        assert token.claims == CLAIMS
        assert token.header == {"alg": alg, "kid": key.kid, "typ": "at+jwt"}


THEIR_KEYS: dict[str, type[their_jwk.ECKey | their_jwk.RSAKey | their_jwk.OKPKey]] = {
    "ES256": their_jwk.ECKey,
    "RS256": their_jwk.RSAKey,
    "EdDSA": their_jwk.OKPKey,
}


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("alg", SIGNING_ALGORITHMS)
def test_another_library_reads_ours_and_we_read_theirs(alg: str) -> None:
    key = signing_key(alg)
    theirs = their_jwk.import_key(dict(key.public_jwk()))
    assert their_jwt.decode(key.sign(CLAIMS, typ="JWT"), theirs, algorithms=[alg]).claims == CLAIMS
    private = THEIR_KEYS[alg].import_key(key.dump())
    header = {"alg": alg, "kid": key.kid}
    text = their_jwt.encode(header, dict(CLAIMS), private, algorithms=[alg])
    assert verified(text).claims == CLAIMS


def test_ps256_of_another_library_is_read_where_the_key_says_ps256() -> None:
    key = signing_key("RS256")
    private = their_jwk.import_key(key.dump(), "RSA")
    text = their_jwt.encode(
        {"alg": "PS256", "kid": "p"}, dict(CLAIMS), private, algorithms=["PS256"]
    )
    public = key.public_jwk() | {"kid": "p", "alg": "PS256"}
    assert verified(text, KeySet.load({"keys": [public]})).claims == CLAIMS
    with pytest.raises(Malformed):
        verified(text, KeySet.load({"keys": [public | {"alg": "RS256"}]}))


def test_the_example_of_rfc_7515_verifies() -> None:
    keys = KeySet.load({"keys": [RFC_KEY]})
    assert verified(RFC_TOKEN, keys).claims["iss"] == "joe"


def test_es256_signatures_always_have_64_bytes() -> None:
    key = signing_key("ES256")
    for n in range(600):
        text = key.sign({"n": n}, typ="JWT")
        assert len(base64url.decode(text.rpartition(".")[2])) == 64
        assert n % 50 or verified(text).claims == {"n": n}


@pytest.mark.parametrize("lengths", [(31, 32), (32, 31), (30, 33), (33, 33), (32, 32), (1, 1)])
def test_short_and_long_der_integers_become_32_bytes_each(lengths: tuple[int, int]) -> None:
    r, s = (256 ** (n - 1) * (1 if n < 33 else 0) or 2**255 for n in lengths)
    parts = b"".join(
        b"\x02" + bytes([len(raw)]) + raw
        for raw in (v.to_bytes(v.bit_length() // 8 + 1, "big") for v in (r, s))
    )
    der = b"\x30" + bytes([len(parts)]) + parts
    assert jose._raw(der) == r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize("alg", SIGNING_ALGORITHMS)
@settings(max_examples=60)
@given(st.data())
def test_changing_any_letter_of_a_token_is_refused(alg: str, data: st.DataObject) -> None:
    text = signing_key(alg).sign(CLAIMS, typ="JWT")
    at = data.draw(st.integers(0, len(text) - 1))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ "
    other = data.draw(st.sampled_from(letters.replace(text[at], "")))
    with pytest.raises(Malformed):
        verified(text[:at] + other + text[at + 1 :])


KID = "key-ES256"
GOOD = {"alg": "ES256", "kid": KID}
BAD_HEADERS: list[object] = [
    {"alg": "none"},
    {"alg": "none", "kid": KID},
    {"alg": "None", "kid": KID},
    {"alg": "es256", "kid": KID},
    {"alg": "HS256", "kid": KID},
    {"alg": "RS256", "kid": KID},
    {"alg": "EdDSA", "kid": KID},
    {"alg": None, "kid": KID},
    {"alg": ["ES256"], "kid": KID},
    {"kid": KID},
    {},
    {**GOOD, "crit": ["exp"]},
    {**GOOD, "crit": []},
    {**GOOD, "b64": False, "crit": ["b64"]},
    {**GOOD, "b64": True},
    {**GOOD, "kid": 1},
    {**GOOD, "kid": "other"},
    {**GOOD, "kid": ""},
    {**GOOD, "kid": "../../dev/null"},
    {**GOOD, "typ": "at+jwt"},
    {**GOOD, "typ": "logout+jwt"},
    {**GOOD, "typ": 1},
    {**GOOD, "typ": ""},
    b'{"alg":"ES256","alg":"ES256","kid":"key-ES256"}',
    b'{"alg":"none","kid":"key-ES256","alg":"ES256"}',
    b'["ES256"]',
    b"null",
    b"",
    b"{",
    b'{"alg":"ES256","kid":"key-ES256","x":NaN}',
    b"\xff\xfe{\0}\0",
    b'{"alg":"ES256","kid":"key-ES256","x":"\\ud800"}',
    b"[" * 6000,
    b'{"alg":"ES256","kid":"key-ES256","x":' + b"9" * 5000 + b"}",
    b'{"alg":"ES256","kid":"key-ES256","x":1e999}',
]


@pytest.mark.parametrize("header", BAD_HEADERS)
def test_a_bad_header_is_refused_though_the_signature_is_good(header: object) -> None:
    assert verified(with_header(GOOD)).claims == {}
    with pytest.raises(Malformed):
        verified(with_header(header))


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"null", b'"x"', b'{"a":1,"a":2}', b'{"a":{"b":1,"b":2}}', b"\xff", b"{}{}"],
)
def test_a_bad_payload_is_refused_though_the_signature_is_good(payload: bytes) -> None:
    with pytest.raises(Malformed):
        verified(with_header(GOOD, payload=payload))


def test_keys_offered_by_the_header_are_never_used() -> None:
    attacker = signing_key("ES256", "attacker")
    for extra in (
        {"jwk": attacker.public_jwk()},
        {"jku": "https://evil.example"},
        {"x5c": ["AA=="]},
    ):
        with pytest.raises(Malformed):
            verified(with_header(GOOD | extra, key=attacker))
        with pytest.raises(UnknownKey):
            verified(with_header({"alg": "ES256", "kid": "attacker"} | extra, key=attacker))
        assert verified(with_header(GOOD | extra)).claims == {}


def test_a_public_key_is_no_hmac_secret() -> None:
    key = signing_key("RS256")
    forged = with_header({"alg": "HS256", "kid": key.kid})
    with pytest.raises(Malformed):
        key_set().verify(forged, algs=[*ALGORITHMS, "HS256"], typ=None)


def test_an_algorithm_outside_the_callers_list_is_refused() -> None:
    with pytest.raises(Malformed):
        key_set().verify(signing_key("RS256").sign({}, typ="JWT"), algs=["ES256"], typ=None)


def test_a_token_without_kid_needs_exactly_one_fitting_key() -> None:
    text = with_header({"alg": "ES256"})
    assert verified(text).claims == {}
    two = KeySet.of([signing_key("ES256"), signing_key("ES256", "second")])
    with pytest.raises(UnknownKey):
        verified(text, two)
    with pytest.raises(UnknownKey):
        verified(text, KeySet([]))


@pytest.mark.parametrize(
    ("found", "wanted", "good"),
    [
        ("at+jwt", "at+jwt", True),
        ("AT+JWT", "at+jwt", True),
        ("application/at+jwt", "at+jwt", True),
        ("JWT", "at+jwt", False),
        (None, "at+jwt", False),
        ("at+jwt", None, False),
        (None, None, True),
        ("jwt", None, True),
        ("JOSE", None, False),
        ("at+jwt", "logout+jwt", False),
    ],
)
def test_one_type_of_token_never_passes_for_another(
    found: str | None, wanted: str | None, *, good: bool
) -> None:
    text = with_header(GOOD if found is None else {**GOOD, "typ": found})
    if good:
        assert key_set().verify(text, algs=ALGORITHMS, typ=wanted).claims == {}
        return
    with pytest.raises(Malformed):
        key_set().verify(text, algs=ALGORITHMS, typ=wanted)


def test_second_spellings_of_a_token_are_refused() -> None:
    text = signing_key("ES256").sign(CLAIMS, typ="JWT")
    head, payload, signature = text.split(".")
    spare = signature[:-1] + chr(ord(signature[-1]) + 1)
    others = [
        text + "=",
        text + "\n",
        " " + text,
        f"{head}.{payload}.{spare}",
        text + ".",
        f"{head}.{payload}",
        f"{head}.{payload}.",
        json.dumps({"payload": payload, "protected": head, "signature": signature}),
    ]
    for other in others:
        with pytest.raises(Malformed):
            verified(other)


def test_a_zero_signature_is_refused() -> None:
    head, payload, _ = signing_key("ES256").sign(CLAIMS, typ="JWT").split(".")
    for raw in (bytes(64), bytes(63), bytes(65), b"\xff" * 64, b""):
        with pytest.raises(Malformed):
            verified(f"{head}.{payload}.{base64url.encode(raw)}")


def test_a_signature_with_a_needless_zero_is_refused() -> None:
    head, payload, signature = signing_key("ES256").sign(CLAIMS, typ="JWT").split(".")
    raw = base64url.decode(signature)
    with pytest.raises(Malformed):
        verified(f"{head}.{payload}.{base64url.encode(raw[:32] + bytes(1) + raw[32:])}")


def test_a_token_over_16_kib_is_refused() -> None:
    key = signing_key("ES256")
    assert "x" in verified(key.sign({"x": "y" * 12000}, typ="JWT")).claims
    with pytest.raises(Malformed):
        verified(key.sign({"x": "y" * 12300}, typ="JWT"))


@given(st.text(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_any_text_is_verified_or_malformed(text: str, header: bytes, payload: bytes) -> None:
    for candidate in (text, f"{base64url.encode(header)}.{base64url.encode(payload)}.AA"):
        with pytest.raises(SojournError):
            verified(candidate)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "x"]), JSON))
def test_any_header_is_verified_or_malformed(header: dict[str, Any]) -> None:
    try:
        verified(with_header(header))
    except Malformed:
        return
    assert header["alg"] == "ES256"


def test_a_private_key_comes_back_and_never_shows() -> None:
    for alg in SIGNING_ALGORITHMS:
        key = signing_key(alg)
        again = SigningKey.load(key.kid, alg, pkcs8_der=key.dump())
        assert again.public_jwk() == key.public_jwk()
        assert repr(again) == f"SigningKey(kid='{key.kid}', alg='{alg}')"
        assert not {"d", "p", "q"} & set(key.public_jwk())


def test_a_private_key_of_the_wrong_kind_is_refused() -> None:
    der = signing_key("ES256").dump()
    for alg in ("RS256", "EdDSA", "PS256", "none", "HS256"):
        with pytest.raises(Malformed):
            SigningKey.load("k", alg, pkcs8_der=der)
    for broken in (b"", b"x", der[:-1], der + b"x" * 40):
        with pytest.raises(Malformed) as caught:
            SigningKey.load("k", "ES256", pkcs8_der=broken)
        assert caught.value.__context__ is None
    with pytest.raises(Malformed):
        SigningKey.load("", "ES256", pkcs8_der=der)


def test_at_hash_is_that_of_the_specification() -> None:
    token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    assert jose.at_hash("RS256", token) == "77QmUPtjPfzWtF2AnpK9RQ"
    assert jose.at_hash("ES256", token) == jose.at_hash("PS256", token) == "77QmUPtjPfzWtF2AnpK9RQ"
    assert len(jose.at_hash("EdDSA", token)) == 43
    for alg, text in (("none", token), ("HS256", token), ("", token), ("ES256", "\u00e9")):
        with pytest.raises(Malformed):
            jose.at_hash(alg, text)


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"exp": 1_800_000_001}, True),
        ({"exp": 1_799_999_991}, True),
        ({"exp": 1_799_999_990}, False),
        ({"exp": 1_800_000_000.5}, True),
        ({}, False),
        ({"exp": "1800000001"}, False),
        ({"exp": True}, False),
        ({"exp": float("inf")}, False),
        ({"exp": float("nan")}, False),
        ({"exp": -1}, False),
        ({"exp": 10**400}, False),
        ({"exp": None}, False),
        ({"exp": 1_900_000_000, "nbf": 1_800_000_010}, True),
        ({"exp": 1_900_000_000, "nbf": 1_800_000_011}, False),
        ({"exp": 1_900_000_000, "iat": 1_800_000_011}, False),
        ({"exp": 1_900_000_000, "iat": "x"}, False),
        ({"exp": 1_900_000_000, "iat": 1}, True),
    ],
)
def test_times_are_judged_with_ten_seconds_of_skew(
    claims: dict[str, object], *, good: bool
) -> None:
    if good:
        jose.check_times(claims, now=NOW)
        return
    with pytest.raises(Malformed):
        jose.check_times(claims, now=NOW)
