"""Clients, resources and signing keys: registered, changed, turned over."""

from __future__ import annotations

import pytest

SECRET = "chosen-by-the-caller-and-long-enough"


@pytest.fixture(scope="module")
def admin(desk):
    token = desk.token("alice")
    return lambda area, body=None, **query: desk.call(
        token, f"/admin/{area}", body, query=query or None
    )


def test_a_client_gets_its_secret_once_and_it_is_shown_never_again(admin):
    made = admin("clients", {"action": "create", "client_id": "job"}).members
    assert made["client_secret"].startswith("sj_k_")
    assert made["grant_types"] == ["client_credentials"]
    shown = admin("clients", client_id="job").members["items"][0]
    assert "client_secret" not in shown
    assert "secret_hash" not in shown
    assert made["client_secret"] not in str(shown)


def test_a_new_secret_is_another_one(admin):
    first = admin("clients", {"action": "create", "client_id": "job2"}).members["client_secret"]
    second = admin("clients", {"action": "new_secret", "client_id": "job2"}).members[
        "client_secret"
    ]
    assert first != second


def test_a_chosen_secret_is_taken_when_it_is_long(admin):
    body = {"action": "create", "client_id": "job3", "client_secret": SECRET}
    assert admin("clients", body).members["client_secret"] == SECRET
    short = {"action": "create", "client_id": "job4", "client_secret": "short"}
    assert admin("clients", short).status == 400


def test_a_client_with_redirect_uris_signs_people_in(admin):
    uris = ["https://app.example.org/cb"]
    made = admin("clients", {"action": "create", "client_id": "app", "redirect_uris": uris}).members
    assert made["grant_types"] == ["authorization_code", "refresh_token"]
    assert made["id_token_signed_response_alg"] == "ES256"
    assert made["redirect_uris"] == uris


def test_what_is_changed_is_checked_as_when_it_was_made(admin):
    admin(
        "clients",
        {"action": "create", "client_id": "app2", "redirect_uris": ["https://a.example/cb"]},
    )
    body = {"action": "change", "client_id": "app2", "redirect_uris": ["https://a.example/cb#x"]}
    assert admin("clients", body).status == 400
    body["redirect_uris"] = ["https://b.example/cb"]
    assert admin("clients", body).members["redirect_uris"] == ["https://b.example/cb"]


def test_a_disabled_client_is_shown_as_such(admin):
    admin("clients", {"action": "create", "client_id": "job5"})
    body = {"action": "set_status", "client_id": "job5", "status": "disabled"}
    assert admin("clients", body).members["status"] == "disabled"


@pytest.mark.parametrize(
    "body",
    [
        {"action": "create", "client_id": ""},
        {"action": "create", "client_id": "sojourn-cli"},
        {"action": "create", "client_id": "x", "token_endpoint_auth_method": "none"},
        {"action": "create", "client_id": "x", "secret_hash": "x"},
        {"action": "create", "client_id": "x", "grant_types": ["implicit"]},
        {"action": "create", "client_id": "x", "redirect_uris": ["http://app.example.org/cb"]},
        {"action": "create", "client_id": "x", "scope": "a  b"},
        {"action": "create", "client_id": "x", "token_endpoint_auth_method": "private_key_jwt"},
        {"action": "new_secret", "client_id": "sojourn-cli"},
        {"action": "set_status", "client_id": "sojourn-cli", "status": "great"},
    ],
)
def test_a_client_that_cannot_be_is_refused(admin, body):
    answer = admin("clients", body)
    assert answer.status == 400, answer
    assert answer.members["error_description"]


def test_a_client_that_is_not_there_is_not_found(admin):
    assert admin("clients", client_id="nothing").status == 404
    assert admin("clients", {"action": "change", "client_id": "nothing"}).status == 404


def test_a_resource_is_registered_and_listed(admin):
    body = {"action": "create", "identifier": "urn:test:api", "scope": "a b", "token_format": "jwt"}
    assert admin("resources", body).members["scope"] == "a b"
    listed = {row["identifier"]: row for row in admin("resources").members["items"]}
    assert listed["urn:test:api"]["token_format"] == "jwt"
    assert admin("resources", {**body, "identifier": "no-uri"}).status == 400
    assert admin("resources", {**body, "token_format": "xml"}).status == 400


def test_keys_are_turned_over_in_three_steps(admin, desk):
    def statuses():
        return {key["kid"]: key["status"] for key in admin("keys").members["items"]}

    old = next(k["kid"] for k in admin("keys").members["items"] if k["alg"] == "ES256")
    listed = admin("keys", {"action": "publish", "alg": "ES256"}).members["items"]
    new = next(key["kid"] for key in listed if key["status"] == "published")
    assert statuses()[old] == "active"
    admin("keys", {"action": "activate", "kid": new})
    assert (statuses()[old], statuses()[new]) == ("retiring", "active")
    published = {key["kid"] for key in desk.call("", "/jwks").members["keys"]}
    assert {old, new} <= published
    admin("keys", {"action": "retire", "kid": old})
    assert statuses()[old] == "retired"
    assert old not in {key["kid"] for key in desk.call("", "/jwks").members["keys"]}


@pytest.mark.parametrize(
    "body",
    [
        {"action": "publish", "alg": "none"},
        {"action": "activate", "kid": "nothing"},
        {"action": "retire", "kid": "nothing"},
    ],
)
def test_a_key_that_cannot_be_is_refused(admin, body):
    assert admin("keys", body).status == 400


def test_the_last_active_key_cannot_be_retired(admin):
    active = next(k["kid"] for k in admin("keys").members["items"] if k["status"] == "active")
    assert admin("keys", {"action": "retire", "kid": active}).status == 400
