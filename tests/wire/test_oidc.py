"""OpenID Connect shapes: parameters, ID tokens, metadata, logout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import InvalidRequest, Malformed
from sojourn.wire import jose, oidc
from sojourn.wire.oidc import ClaimDemand, ClaimsRequest, LogoutRequest, ProviderMetadata

GOLDEN = Path(__file__).with_name("golden") / "discovery.json"
ISSUER = "https://op.example"


def test_scopes_ask_for_the_claims_of_the_specification() -> None:
    assert oidc.claims_of(["openid", "email", "phone", "unknown"]) == (
        "email", "email_verified", "phone_number", "phone_number_verified",
    )  # fmt: skip
    assert len(oidc.claims_of(["profile"])) == 14
    assert oidc.claims_of(["address"]) == ("address",)


def test_the_claims_parameter_is_read() -> None:
    text = (
        '{"userinfo":{"name":{"essential":true},"email":null,"http://x/y":{"more":1}},'
        '"id_token":{"acr":{"values":["a","b"]},"sub":{"value":"248"},"auth_time":{"essential":true}},"x":5}'
    )
    found = ClaimsRequest.parse(text)
    assert found.userinfo == {
        "name": ClaimDemand(essential=True), "email": ClaimDemand(), "http://x/y": ClaimDemand(),
    }  # fmt: skip
    assert found.id_token["acr"].values == ("a", "b")
    assert found.id_token["sub"].allows("248")
    assert not found.id_token["sub"].allows("249")
    assert not found.id_token["acr"].allows("c")
    assert not ClaimDemand(value=1).allows(True)
    assert ClaimDemand().allows(None)
    assert ClaimsRequest.parse("{}") == ClaimsRequest(userinfo={}, id_token={})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        '{"userinfo":[]}',
        '{"userinfo":1}',
        '{"id_token":{"a":1}}',
        '{"id_token":{"a":[]}}',
        '{"id_token":{"a":{"essential":1}}}',
        '{"id_token":{"a":{"essential":null}}}',
        '{"id_token":{"a":{"value":{}}}}',
        '{"id_token":{"a":{"values":[]}}}',
        '{"id_token":{"a":{"values":"x"}}}',
        '{"id_token":{"a":{"values":[null]}}}',
        '{"id_token":{"a":{"value":1,"values":[1]}}}',
        '{"id_token":{"a":null,"a":null}}',
        '{"id_token":{},"id_token":{}}',
        '{"x":"' + "y" * 8192 + '"}',
        json.dumps({"userinfo": {f"c{n}": None for n in range(65)}}),
        "[" * 5000,
    ],
)
def test_a_nonsense_claims_parameter_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        ClaimsRequest.parse(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["essential", "value", "values", "a"]), inner)
    ),
    max_leaves=8,
)


@given(
    st.one_of(
        st.text(),
        st.dictionaries(st.sampled_from(["userinfo", "id_token", "x"]), JSON).map(json.dumps),
    )
)
def test_any_claims_parameter_is_read_or_refused(text: str) -> None:
    try:
        found = ClaimsRequest.parse(text)
    except InvalidRequest:
        return
    assert all(isinstance(one, ClaimDemand) for one in (found.userinfo | found.id_token).values())


def test_prompts_are_a_set_and_none_stands_alone() -> None:
    assert oidc.parse_prompt("") == frozenset()
    assert oidc.parse_prompt("none") == {"none"}
    assert oidc.parse_prompt("login consent login") == {"login", "consent"}
    for text in ("none login", "unknown", "LOGIN", "login  consent", " login", "login\tconsent"):
        with pytest.raises(InvalidRequest):
            oidc.parse_prompt(text)


def test_max_age_is_a_plain_number_of_seconds() -> None:
    assert oidc.parse_max_age("0") == 0
    assert oidc.parse_max_age("10000") == 10000
    for text in ("", "-1", "+1", "1.5", "1e3", " 1", "1_0", "٣", "9" * 10):
        with pytest.raises(InvalidRequest):
            oidc.parse_max_age(text)


NOW = 1_800_000_000_000
ACCESS_TOKEN = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
CLAIMS: dict[str, object] = {
    "iss": ISSUER,
    "sub": "248289761001",
    "aud": "client",
    "nonce": "n1",
    "iat": NOW // 1000,
    "exp": NOW // 1000 + 300,
    "auth_time": NOW // 1000 - 60,
    "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
}


def validated(changes: dict[str, object], **options: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not ...}
    rules: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": "client",
        "nonce": "n1",
        "now": NOW,
        "alg": "RS256",
        "max_age": 100,
        "access_token": ACCESS_TOKEN,
    }
    return oidc.validate_id_token(claims, **(rules | options))


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({}, {}),
        ({"aud": ["client"]}, {}),
        ({"azp": "client"}, {}),
        ({"at_hash": ...}, {}),
        ({"auth_time": ...}, {"max_age": None}),
        ({"nonce": ...}, {"nonce": None}),
        ({"at_hash": "x"}, {"access_token": None}),
        ({"auth_time": NOW // 1000 - 110}, {}),
        ({"aud": ["client", "other"], "azp": "client"}, {"trusted_audiences": ["other"]}),
        ({"exp": NOW // 1000 - 9}, {}),
    ],
)
def test_a_good_id_token_gives_its_subject(
    changes: dict[str, object], options: dict[str, Any]
) -> None:
    assert validated(changes, **options) == "248289761001"


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"iss": ISSUER + "/"}, {}),
        ({"iss": ...}, {}),
        ({"iss": [ISSUER]}, {}),
        ({"aud": "other"}, {}),
        ({"aud": ...}, {}),
        ({"aud": []}, {}),
        ({"aud": {"client": 1}}, {}),
        ({"aud": ["client", "other"]}, {}),
        ({"aud": ["client", 1]}, {}),
        ({"aud": ["client", "other"], "azp": "client"}, {}),
        ({"azp": "other"}, {}),
        ({"azp": 1}, {}),
        ({"aud": ["client", "other"]}, {"trusted_audiences": ["other"]}),
        ({"aud": ["client", "other"], "azp": "other"}, {"trusted_audiences": ["other"]}),
        ({"sub": ...}, {}),
        ({"sub": ""}, {}),
        ({"sub": 5}, {}),
        ({"sub": "s" * 256}, {}),
        ({"iat": ...}, {}),
        ({"iat": "now"}, {}),
        ({"iat": NOW // 1000 + 11}, {}),
        ({"exp": ...}, {}),
        ({"exp": NOW // 1000 - 10}, {}),
        ({"nonce": "n2"}, {}),
        ({"nonce": ...}, {}),
        ({"nonce": ["n1"]}, {}),
        ({"auth_time": ...}, {}),
        ({"auth_time": NOW // 1000 - 111}, {}),
        ({"auth_time": True}, {}),
        ({"at_hash": "77QmUPtjPfzWtF2AnpK9RR"}, {}),
        ({"at_hash": ""}, {}),
        ({"at_hash": 5}, {}),
        ({}, {"alg": "unknown"}),
    ],
)
def test_an_id_token_that_breaks_a_rule_is_refused(
    changes: dict[str, object], options: dict[str, Any]
) -> None:
    with pytest.raises(Malformed):
        validated(changes, **options)


def test_the_hash_in_the_good_id_token_is_the_real_one() -> None:
    assert jose.at_hash("RS256", ACCESS_TOKEN) == CLAIMS["at_hash"]


@given(
    st.dictionaries(
        st.sampled_from([*CLAIMS, "azp", "nbf"]),
        st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.lists(st.text())),
    )
)
def test_any_claims_are_valid_or_malformed(changes: dict[str, object]) -> None:
    try:
        assert validated(changes)
    except Malformed:
        return


def test_userinfo_about_another_person_is_refused() -> None:
    oidc.check_userinfo({"sub": "a"}, subject="a")
    for claims in ({"sub": "b"}, {}, {"sub": ""}, {"sub": ["a"]}):
        with pytest.raises(Malformed):
            oidc.check_userinfo(claims, subject="a")


METADATA = ProviderMetadata(
    issuer=ISSUER,
    authorization_endpoint=ISSUER + "/authorize",
    token_endpoint=ISSUER + "/token",
    jwks_uri=ISSUER + "/jwks",
    response_types_supported=("code",),
    subject_types_supported=("public", "pairwise"),
    id_token_signing_alg_values_supported=("RS256", "ES256", "EdDSA"),
    code_challenge_methods_supported=("S256",),
    authorization_response_iss_parameter_supported=True,
    request_parameter_supported=False,
)


def test_the_shape_of_metadata_never_changes() -> None:
    assert json.loads(METADATA.encode()) == json.loads(GOLDEN.read_bytes())
    assert ProviderMetadata.parse(GOLDEN.read_bytes(), issuer=ISSUER) == METADATA


@pytest.mark.parametrize(
    "issuer",
    [
        "https://op.example",
        "https://op.example:8443/a/b",
        "http://127.0.0.1:8000",
        "http://[::1]:8000/x",
        "http://localhost:8000",
    ],
)
def test_metadata_is_read_for_https_and_loopback_issuers(issuer: str) -> None:
    body = json.dumps(
        {"issuer": issuer, "token_endpoint": issuer + "/token", "unknown": {}}
    ).encode()
    assert ProviderMetadata.parse(body, issuer=issuer).token_endpoint == issuer + "/token"


@pytest.mark.parametrize(
    "issuer",
    [
        "http://op.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "https://u@op.example",
        "https://op.example?x",
        "https://op.example#x",
        "op.example",
        "",
        "https://",
        "https://op.example\n",
        "ftp://op.example",
        "https://op.example/\\x",
    ],
)
def test_an_issuer_elsewhere_is_refused(issuer: str) -> None:
    with pytest.raises(Malformed):
        ProviderMetadata.parse(json.dumps({"issuer": issuer}).encode(), issuer=issuer)


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": ISSUER + "/"},
        {"issuer": None},
        {"token_endpoint": "http://op.example/token"},
        {"token_endpoint": 5},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "https://u@op.example"},
        {"end_session_endpoint": "//op.example/x"},
        {"response_types_supported": [1]},
        {"response_types_supported": {}},
        {"claims_parameter_supported": "yes"},
    ],
)
def test_broken_metadata_is_refused(wrong: dict[str, object]) -> None:
    body = json.dumps({"issuer": ISSUER} | wrong).encode()
    with pytest.raises(Malformed):
        ProviderMetadata.parse(body, issuer=ISSUER)


@given(
    st.one_of(
        st.binary(),
        st.dictionaries(st.sampled_from(ProviderMetadata.__struct_fields__), JSON).map(
            lambda x: json.dumps({"issuer": ISSUER} | x).encode()
        ),
    )
)
def test_any_document_is_metadata_or_malformed(body: bytes) -> None:
    try:
        assert ProviderMetadata.parse(body, issuer=ISSUER).issuer == ISSUER
    except Malformed:
        return


def test_a_logout_request_goes_both_ways() -> None:
    params = {
        "id_token_hint": "x.y.z",
        "client_id": "c",
        "post_logout_redirect_uri": "https://a.example/",
        "state": "s",
    }
    found = LogoutRequest.parse(params | {"unknown": "1"})
    assert found.params() == params
    assert found.ui_locales is None
    assert "x.y.z" not in repr(found)
