"""Keystone's wire: what is written, what is read, and what is refused."""

from __future__ import annotations

import json
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire import api_version
from sojourn.wire import keystone as wire
from sojourn.wire.keystone import ApiVersion, Endpoint, Named, Receipt, Scope, Token

TOKEN: dict[str, Any] = {
    "methods": ["password"],
    "user": {"id": "u", "name": "ada", "domain": {"id": "default"}},
    "issued_at": "2026-11-25T23:01:30.000000Z",
    "expires_at": "2026-11-26T00:01:30.500000Z",
    "roles": [{"id": "r", "name": "member"}],
    "catalog": [],
}


def read(**changes: Any) -> Token:
    body = {name: value for name, value in {**TOKEN, **changes}.items() if value != "absent"}
    return Token.parse("gAAA_b-c", json.dumps({"token": body}).encode())


def test_several_methods_and_a_scope_make_one_request() -> None:
    user = Named(name="ada", domain_name="D")
    methods = [wire.password(user, "p"), wire.totp(user, "123")]
    someone = {"name": "ada", "domain": {"name": "D"}}
    assert wire.auth_body(methods, Scope(project=Named(id="p-1"))) == {
        "auth": {
            "identity": {
                "methods": ["password", "totp"],
                "password": {"user": {**someone, "password": "p"}},
                "totp": {"user": {**someone, "passcode": "123"}},
            },
            "scope": {"project": {"id": "p-1"}},
        }
    }
    assert "p" not in repr(methods).replace("password", "").replace("totp", "")


def test_a_scope_is_one_thing() -> None:
    assert Scope().body() is None
    assert Scope(unscoped=True).body() == "unscoped"
    assert Scope(domain=Named(name="D")).body() == {"domain": {"name": "D"}}
    with pytest.raises(ValueError, match="one of"):
        Scope(system="all", unscoped=True).body()


def test_a_token_is_read_with_its_times_in_milliseconds() -> None:
    token = read()
    assert token.secret == "gAAA_b-c"
    assert token.expires_at - token.issued_at == 3_600_500
    assert read(issued_at="2026-11-25T23:01:30").issued_at == token.issued_at
    assert "gAAA" not in repr(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"user": "absent"},
        {"user": {}},
        {"user": {"id": 7}},
        {"methods": [1]},
        {"methods": {"a": 1}},
        {"issued_at": "absent"},
        {"expires_at": "soon"},
        {"expires_at": 7},
        {"project": {"name": "no id"}},
        {"project": "p"},
        {"domain": []},
        {"roles": {"id": "r"}},
        {"roles": [{"id": "r"}]},
        {"catalog": {"a": 1}},
        {"catalog": ["a"]},
        {"catalog": [{"endpoints": []}]},
        {"catalog": [{"type": "x", "endpoints": [{"url": "u"}]}]},
        {"catalog": [{"type": "x", "endpoints": [{"url": 7, "interface": "public"}]}]},
        {"catalog": [{"type": "x", "name": 7, "endpoints": []}]},
    ],
)
def test_a_body_that_is_no_token_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read(**changes)


@pytest.mark.parametrize("secret", [None, "", "a b", "a\r\nX-Evil: b", "ä", "a\tb"])
def test_a_token_that_cannot_be_a_header_is_refused(secret: str | None) -> None:
    with pytest.raises(Malformed, match="X-Subject-Token"):
        Token.parse(secret, json.dumps({"token": TOKEN}).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"token": 1}', b"\xff", b"{" * 100_000])
def test_what_is_no_json_object_of_a_token_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        Token.parse("t", content)


def test_both_shapes_of_a_catalog_are_read_alike() -> None:
    v3 = [
        {
            "type": "compute",
            "name": "nova",
            "id": "s",
            "endpoints": [
                {"id": "e", "interface": "public", "region": "r", "url": "https://a"},
                {"id": "e2", "interface": "admin", "region_id": "r", "url": ""},
                {"id": "e3", "interface": "admin", "url": None},
            ],
        }
    ]
    v2 = [
        {
            "type": "compute",
            "name": "nova",
            "endpoints": [
                {"id": "e", "region": "r", "publicURL": "https://a", "adminURL": "", "internalURL": "https://b"},
            ],
        }
    ]  # fmt: skip
    assert wire.endpoints_v3(v3) == (
        Endpoint("https://a", "public", "compute", "nova", "s", "e", "r"),
    )
    assert wire.endpoints_v2(v2) == (
        Endpoint("https://a", "public", "compute", "nova", None, "e", "r"),
        Endpoint("https://b", "internal", "compute", "nova", None, "e", "r"),
    )
    with pytest.raises(Malformed, match="serviceCatalog"):
        wire.endpoints_v2({"a": 1})


KEYSTONE = {
    "id": "v3.14",
    "status": "stable",
    "links": [{"rel": "help", "href": "x"}, {"rel": "self", "href": "http://a/v3/"}],
}


@pytest.mark.parametrize(
    "document",
    [
        {"versions": {"values": [KEYSTONE]}},
        {"versions": [KEYSTONE]},
        {"version": KEYSTONE},
    ],
)
def test_every_shape_of_a_discovery_document_is_read(document: dict[str, Any]) -> None:
    assert wire.api_versions(json.dumps(document).encode()) == (
        ApiVersion((3, 14), "http://a/v3/", "STABLE"),
    )


def test_versions_come_lowest_first_with_their_microversions() -> None:
    compute = {"id": "v2.1", "status": "CURRENT", "min_version": "2.1", "version": "2.96"}
    placement = {
        "id": "v1.0", "max_version": "1.39", "min_version": "1.0", "next_min_version": "1.1",
        "not_before": "2030-01-01",
    }  # fmt: skip
    none = {"id": "v2.0", "status": "DEPRECATED", "min_version": "", "version": ""}
    found = wire.api_versions(json.dumps({"versions": [compute, none, placement]}).encode())
    assert [one.version for one in found] == [(1, 0), (2, 0), (2, 1)]
    assert [one.max_microversion for one in found] == [(1, 39), None, (2, 96)]
    assert [one.usable for one in found] == [True, False, True]
    assert (found[0].next_min_version, found[0].not_before) == ((1, 1), "2030-01-01")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"versions": None},
        {"versions": [1]},
        {"versions": {"a": 1}},
        {"versions": [{"status": "CURRENT"}]},
        {"versions": [{"id": "newest"}]},
        {"versions": [{"id": "v1", "links": [{"rel": "self"}]}]},
        {"versions": [{"id": "v1", "links": 1}]},
        {"versions": [{"id": "v1", "min_version": "x", "version": "1.2"}]},
        {"versions": [{"id": "v1", "status": 1}]},
    ],
)
def test_a_document_of_another_shape_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        wire.api_versions(json.dumps(document).encode())


def test_a_receipt_tells_what_is_needed() -> None:
    rules = {"receipt": {"methods": ["password"]}, "required_auth_methods": [["totp", "password"]]}
    assert Receipt.parse(json.dumps(rules).encode()) == Receipt(
        ("password",), (("totp", "password"),)
    )
    for broken in ({}, {**rules, "required_auth_methods": {}}, {**rules, "receipt": 1}):
        with pytest.raises(Malformed):
            Receipt.parse(json.dumps(broken).encode())


@pytest.mark.parametrize(
    ("text", "number"),
    [("v3", (3,)), (" V3.14 ", (3, 14)), ("latest", (inf,)), ("2.latest", (2, inf))],
)
def test_a_version_is_read(text: str, number: tuple[float, ...]) -> None:
    assert api_version.parse(text) == number


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
MEMBERS = st.sampled_from(
    ["token", "user", "id", "catalog", "type", "endpoints", "url", "versions", "values", "links"]
)
SHAPED = st.recursive(
    JSON, lambda inner: st.lists(inner) | st.dictionaries(MEMBERS, inner), max_leaves=20
)


@given(SHAPED)
def test_no_json_does_anything_but_be_read_or_be_refused(value: Any) -> None:
    content = json.dumps(value).encode()
    for parse in (lambda text: Token.parse("t", text), wire.api_versions, Receipt.parse):
        try:
            parse(content)
        except Malformed:
            continue


@given(st.text())
def test_no_text_does_anything_but_be_a_version_or_be_refused(text: str) -> None:
    try:
        number = api_version.parse(text)
    except Malformed:
        return
    assert api_version.parse(api_version.written(number)) == number
