"""Users: listed a page at a time, made, changed, ended."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from sojourn.errors import InvalidRequest
from sojourn.testing.server import ServerInTest
from tests.features.administration.conftest import PASSWORD


@pytest.fixture(scope="module")
def admin(desk):
    token = desk.token("alice")
    return lambda body=None, **query: desk.call(token, "/admin/users", body, query=query or None)


@pytest.fixture
def carl(admin, desk):
    made = admin(
        {"action": "create", "login": "Carl", "password": PASSWORD, "claims": {"name": "C"}}
    )
    assert made.status == 200, made
    yield made.members
    if desk.user("carl") is not None:
        admin({"action": "delete", "user": "carl"})


def test_a_user_is_shown_with_claims_and_without_anything_secret(carl):
    assert carl["login"] == "carl"
    assert carl["claims"] == {"name": "C"}
    assert set(carl) == {"id", "login", "status", "roles", "claims", "created"}


def test_pages_give_everybody_once(admin, carl):
    seen, after = [], None
    while True:
        query = {"limit": "1"} | ({"after": after} if after else {})
        page = admin(**query).members
        assert len(page["items"]) <= 1
        seen += [user["login"] for user in page["items"]]
        after = page["after"]
        if after is None:
            break
    assert sorted(seen) == ["alice", "bob", "carl", "otto"]


def test_lists_are_filtered_by_text_and_status(admin, carl):
    admin({"action": "set_status", "user": "carl", "status": "locked"})
    assert [user["login"] for user in admin(q="CAR").members["items"]] == ["carl"]
    assert [user["login"] for user in admin(status="locked").members["items"]] == ["carl"]
    assert admin(q="carl", status="active").members["items"] == []


@pytest.mark.parametrize("login", ["carl", "CARL"])
def test_one_user_is_found_by_login_or_id(admin, carl, login):
    for name in (login, carl["id"]):
        assert admin(user=name).members["items"][0]["id"] == carl["id"]


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"after": "x"}, {"sort": "login"}]
)
def test_a_query_that_means_nothing_is_refused(admin, query):
    answer = admin(**query)
    assert (answer.status, answer.members["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "explode"},
        {"action": "create"},
        {"action": "create", "login": 5},
        {"action": "create", "login": "carl2", "is_admin": True},
        {"action": "create", "login": ""},
        {"action": "create", "login": "a b"},
        {"action": "create", "login": "ALICE", "password": PASSWORD},
        {"action": "create", "login": "carl2", "password": "short"},
        {"action": "create", "login": "sojourn1", "password": "sojourn1"},
        {"action": "create", "login": "carl2", "roles": ["emperor"]},
        {"action": "create", "login": "carl2", "claims": {"sub": "x"}},
        {"action": "set_status", "user": "bob", "status": "gone"},
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(admin, desk, body):
    answer = admin(body)
    assert (answer.status, answer.members["error"]) == (400, "invalid_request")
    assert answer.members["error_description"]
    assert desk.user("carl2") is None
    assert desk.user("bob").status == "active"


@pytest.mark.parametrize("action", ["set_password", "delete", "end_sessions"])
def test_somebody_who_is_not_there_is_not_found(admin, action):
    body = {"action": action, "user": "nobody"}
    answer = admin(body | ({"password": PASSWORD} if action == "set_password" else {}))
    assert (answer.status, answer.members["error"]) == (404, "not_found")


def test_claims_are_set_one_by_one_and_removed_by_null(admin, carl):
    body = {
        "action": "set_claims",
        "user": "carl",
        "claims": {"name": None, "email": "c@example.com"},
    }
    assert admin(body).members["claims"] == {"email": "c@example.com"}


@pytest.mark.parametrize(
    "body",
    [
        {"action": "set_password", "password": "another good password"},
        {"action": "end_sessions"},
        {"action": "set_status", "status": "disabled"},
        {"action": "delete"},
    ],
)
def test_what_ends_a_persons_sessions_ends_them_at_once(admin, desk, body):
    desk.people["dora"] = desk.server.add_user("dora", PASSWORD)
    token = desk.token("dora")
    assert desk.call(token, "/account/sessions").status == 200
    assert admin({**body, "user": "dora"}).status == 200
    assert desk.call(token, "/account/sessions").status == 401
    if body["action"] != "delete":
        admin({"action": "delete", "user": "dora"})


def test_a_name_that_is_claimed_while_its_owner_is_deleted_stays_with_the_new_owner(tmp_path):
    async def story(site):
        old = await site.users.create("carl")

        async def claim():
            while True:
                with suppress(InvalidRequest):
                    return await site.users.create("carl")
                await asyncio.sleep(0)

        new, _ = await asyncio.gather(claim(), site.users.delete(old.id))
        return new, await site.users.by_login("carl")

    with ServerInTest(tmp_path, options={"log_level": "error"}) as server:
        new, found = server.call(story)
    assert found == new


def test_a_deleted_name_is_free_and_the_id_is_new(admin, carl):
    admin({"action": "delete", "user": "carl"})
    again = admin({"action": "create", "login": "carl"}).members
    assert again["id"] != carl["id"]
