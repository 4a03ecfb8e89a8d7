"""OAuth 2.0 shapes: headers, scopes, errors and the answers a client reads."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn import errors
from sojourn.errors import (
    AccessDenied,
    InsufficientScope,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    InvalidToken,
    Malformed,
    ProtocolError,
    SojournError,
)
from sojourn.wire import oauth
from sojourn.wire.oauth import AuthorizationResponse, TokenResponse

VSCHARS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1)


def basic(raw: bytes, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(raw).decode()}"


@pytest.mark.parametrize(
    ("header", "pair"),
    [
        (basic(b"s6BhdRkqt3:7Fjfp0ZBr1KtDRbnfVdmIw"), ("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw")),
        (basic(b"a:b:c", "bAsIc"), ("a", "b:c")),
        (basic(b"a%3Ab:c%2Bd+e"), ("a:b", "c+d e")),
        ("Basic  YTpi ", ("a", "b")),
    ],
)
def test_basic_credentials_are_read(header: str, pair: tuple[str, str]) -> None:
    assert oauth.basic_credentials(header) == pair


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Bearer YTpi",
        "YTpi",
        basic(b""),
        basic(b"a"),
        basic(b":"),
        basic(b"a:"),
        basic(b":b"),
        basic(b"a:%zz"),
        basic(b"a:%"),
        basic(b"a\0:b"),
        basic(b"a:b\n"),
        basic(b"\xff:b"),
        basic(b"a%C3%A9:b"),
        "Basic YTpi=",
        "Basic YT pi",
        "Basic YTpi\n",
        "Basic YTp",
        "Basic YTo_",
        "Basic YQ==:Yg==",
        "Basic YTpi, x",
        basic(b"a:" + b"x" * 17000),
    ],
)
def test_broken_basic_credentials_are_an_invalid_client(header: str) -> None:
    with pytest.raises(InvalidClient):
        oauth.basic_credentials(header)


@given(VSCHARS, VSCHARS)
def test_basic_credentials_come_back_as_they_went(client_id: str, secret: str) -> None:
    assert oauth.basic_credentials(oauth.basic_header(client_id, secret)) == (client_id, secret)


@given(st.one_of(st.text(), st.binary().map(basic)))
def test_any_header_is_credentials_or_refused(header: str) -> None:
    for read in (oauth.basic_credentials, oauth.bearer_token):
        try:
            read(header)
        except (InvalidClient, InvalidToken):
            continue


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER   abc", "Bearer abc "])
def test_a_bearer_token_is_read(header: str) -> None:
    assert oauth.bearer_token(header) == "abc"
    assert oauth.bearer_token("Bearer a-._~+/0==") == "a-._~+/0=="


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer=abc",
        "Basic abc",
        "abc",
        "Bearer a b",
        "Bearer a,b",
        "Bearer =a",
        "Bearer a=b",
        "Bearer abc\n",
        "Bearer é",
        "Bearer\tabc",
        " Bearer abc",
        "Bearer " + "a" * 17000,
    ],
)
def test_a_broken_bearer_header_is_an_invalid_token(header: str) -> None:
    with pytest.raises(InvalidToken):
        oauth.bearer_token(header)


def test_the_challenge_tells_an_error_only_when_a_token_came() -> None:
    assert oauth.www_authenticate(None, realm="default") == 'Bearer realm="default"'
    assert oauth.www_authenticate(InvalidToken("Expired."), realm="default") == (
        'Bearer realm="default", error="invalid_token", error_description="Expired."'
    )
    error = InsufficientScope('Needs "more"\r\nX: y', scope="read write")
    assert oauth.www_authenticate(error, realm='a"b\\') == (
        'Bearer realm="a?b?", error="insufficient_scope", '
        'error_description="Needs ?more???X: y", scope="read write"'
    )


def test_scopes_keep_their_order_and_lose_their_doubles() -> None:
    assert oauth.scope_list("openid profile openid urn:x:y") == ("openid", "profile", "urn:x:y")
    assert oauth.scope_list("") == ()
    assert oauth.scope_text(("openid", "profile")) == "openid profile"


@pytest.mark.parametrize("text", [" ", " a", "a ", "a  b", "a\tb", 'a"', "a\\", "é", "a\n", "a\0"])
def test_a_broken_scope_is_refused(text: str) -> None:
    with pytest.raises(InvalidScope):
        oauth.scope_list(text)


@given(st.text())
def test_any_text_is_scopes_or_refused(text: str) -> None:
    try:
        scopes = oauth.scope_list(text)
    except InvalidScope:
        return
    assert oauth.scope_list(oauth.scope_text(scopes)) == scopes


def test_an_error_answer_holds_code_and_public_text_only() -> None:
    error = InvalidGrant('Gone "now"\n', detail="token 17 of bob")
    assert json.loads(oauth.error_body(error)) == {
        "error": "invalid_grant",
        "error_description": "Gone ?now??",
    }


def leaves(base: type[ProtocolError]) -> set[type[ProtocolError]]:
    below = base.__subclasses__()
    return {base} if not below else set().union(*map(leaves, below))


def test_every_error_code_of_the_specifications_is_found() -> None:
    ours = [leaf for leaf in leaves(ProtocolError) if leaf.__module__ == "sojourn.errors.protocol"]
    assert {leaf.code for leaf in ours} - {errors.UnknownObject.code} == set(oauth.BY_CODE)
    for code, leaf in oauth.BY_CODE.items():
        assert type(oauth.error_for(code)) is leaf
    strange = oauth.error_for('strange\n"code"', "what\r\never" + "x" * 500)
    assert type(strange) is ProtocolError
    assert str(strange).startswith("what??ever")
    assert len(str(strange)) == 300
    assert str(oauth.error_for('strange"')) == "The server answered strange?."


TOKENS = {"access_token": "at", "token_type": "Bearer"}


@pytest.mark.parametrize(
    ("expires_in", "life"), [(3600, 3600), ("3600", 3600), (3600.0, 3600), (0, 0), (None, None)]
)
def test_a_token_response_is_read(expires_in: object, life: int | None) -> None:
    members = TOKENS | {
        "expires_in": expires_in,
        "refresh_token": "rt",
        "scope": "a b",
        "id_token": "x.y.z",
        "more": 1,
    }
    found = TokenResponse.parse(json.dumps(members).encode(), status=200)
    assert (found.access_token, found.token_type, found.expires_in) == ("at", "Bearer", life)
    assert (found.refresh_token, found.scope, found.id_token) == ("rt", "a b", "x.y.z")
    assert "rt" not in repr(found)
    assert "x.y.z" not in repr(found)


@pytest.mark.parametrize(
    "wrong",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 1},
        {"token_type": None},
        {"expires_in": -1},
        {"expires_in": True},
        {"expires_in": "soon"},
        {"expires_in": "٣"},
        {"expires_in": 1e300},
        {"expires_in": []},
        {"refresh_token": 1},
        {"scope": ["a"]},
        {"id_token": {}},
    ],
)
def test_a_broken_token_response_is_malformed(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        TokenResponse.parse(json.dumps(TOKENS | wrong).encode(), status=200)


def test_an_error_answer_becomes_the_error_of_its_code() -> None:
    body = b'{"error":"invalid_grant","error_description":"used before"}'
    for status in (200, 400, 401, 500):
        with pytest.raises(InvalidGrant, match="used before"):
            TokenResponse.parse(body, status=status)
    for other in (
        b"",
        b"<html>",
        b"{}",
        b'{"error":1}',
        b'{"error":"a","error":"b"}',
        json.dumps(TOKENS).encode(),
    ):
        with pytest.raises(Malformed):
            TokenResponse.parse(other, status=502)


@given(
    st.one_of(
        st.binary(),
        st.dictionaries(
            st.sampled_from([*TOKENS, "expires_in", "error", "scope"]),
            st.one_of(st.text(), st.integers(), st.floats(), st.none()),
        ).map(lambda x: json.dumps(x).encode()),
    ),
    st.sampled_from([200, 400]),
)
def test_any_answer_is_tokens_or_an_error_of_ours(body: bytes, status: int) -> None:
    try:
        found = TokenResponse.parse(body, status=status)
    except SojournError:
        return
    assert found.access_token


ISSUER = "https://op.example"


def response(params: dict[str, str], *, iss_required: bool = True) -> AuthorizationResponse:
    return AuthorizationResponse.parse(params, state="s1", issuer=ISSUER, iss_required=iss_required)


def test_an_authorization_response_is_read() -> None:
    found = response({"code": "c1", "state": "s1", "iss": ISSUER, "more": "x"})
    assert (found.code, found.state, found.iss) == ("c1", "s1", ISSUER)
    assert "c1" not in repr(found)
    assert response({"code": "c1", "state": "s1"}, iss_required=False).iss is None


@pytest.mark.parametrize(
    "params",
    [
        {"code": "c1", "iss": ISSUER},
        {"code": "c1", "state": "s2", "iss": ISSUER},
        {"code": "c1", "state": "s1"},
        {"code": "c1", "state": "s1", "iss": ISSUER + "/"},
        {"state": "s1", "iss": ISSUER},
        {"code": "", "state": "s1", "iss": ISSUER},
        {"error": "access_denied", "state": "s2", "iss": ISSUER},
        {"error": "access_denied", "state": "s1"},
        {"error": "access_denied", "state": "s1", "iss": "https://evil.example"},
        {"code": "c1", "state": "\ud800", "iss": ISSUER},
    ],
)
def test_a_response_of_another_request_or_issuer_is_not_believed(params: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        response(params)


def test_a_foreign_issuer_is_refused_even_where_none_is_required() -> None:
    with pytest.raises(Malformed):
        response({"code": "c1", "state": "s1", "iss": "https://evil.example"}, iss_required=False)


def test_a_request_without_state_accepts_no_response() -> None:
    with pytest.raises(Malformed):
        AuthorizationResponse.parse({"code": "c"}, state="", issuer=ISSUER, iss_required=False)


def test_a_refusal_becomes_the_error_of_its_code() -> None:
    with pytest.raises(AccessDenied, match="The person said no"):
        response(
            {
                "error": "access_denied",
                "error_description": "The person said no",
                "state": "s1",
                "iss": ISSUER,
            }
        )


@pytest.mark.parametrize(
    ("text", "resources"),
    [("", ()), ("urn:a", ("urn:a",)), ("urn:a urn:b urn:a", ("urn:a", "urn:b"))],
)
def test_resources_come_in_order_each_once(text: str, resources: tuple[str, ...]) -> None:
    assert oauth.resource_list(text) == resources
