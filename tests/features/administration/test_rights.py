"""Who may do what: every area crossed with every way of not being allowed."""

from __future__ import annotations

import msgspec
import pytest

from sojourn.model.resource import ACCOUNT, ADMIN
from sojourn.server.endpoints import admin
from tests.features.administration.conftest import EVERYTHING

AREAS: list[tuple[str, dict[str, str] | None]] = [(path, None) for path in admin.GET_PATHS] + [
    (path, {}) for path in admin.POST_PATHS
]


def scope_of(path, body):
    area = path.removeprefix(admin.PREFIX)
    return (admin.READ if body is None else admin.WRITE)[area]


@pytest.mark.parametrize(("path", "body"), AREAS)
def test_without_a_token_nobody_is_told_anything(desk, path, body):
    answer = desk.call("", path, body)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("path", "body"), AREAS)
def test_a_token_without_the_scope_is_refused_and_told_which(desk, path, body):
    needed = scope_of(path, body)
    others = tuple(scope for scope in EVERYTHING if scope != needed)
    answer = desk.call(desk.token("alice", others), path, body)
    assert (answer.status, answer.members["error"]) == (403, "insufficient_scope")
    assert f'scope="{needed}"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(("path", "body"), AREAS)
def test_a_scope_that_no_role_carries_is_worth_nothing(desk, path, body):
    assert desk.call(desk.token("bob"), path, body).status == 403


@pytest.mark.parametrize(("path", "body"), AREAS)
def test_an_auditor_reads_and_changes_nothing(desk, path, body):
    answer = desk.call(desk.token("otto"), path, body)
    reads = scope_of(path, body).endswith(":read")
    assert (answer.status != 403) is reads


@pytest.mark.parametrize(("path", "body"), AREAS)
def test_a_token_for_another_resource_is_refused(desk, path, body):
    assert desk.call(desk.token("alice", resources=(ACCOUNT,)), path, body).status == 401
    assert desk.call(desk.token("alice", resources=(ADMIN,)), path, body).status not in {401, 403}


def test_a_withdrawn_role_counts_at_once(desk):
    token = desk.token("otto")
    assert desk.call(token, "/admin/users").status == 200

    def set_roles(roles):
        return desk.server.call(
            lambda site: site.users.change(
                desk.people["otto"].id,
                lambda user: msgspec.structs.replace(user, roles=roles),
                event="user.roles_changed",
            )
        )

    set_roles(())
    assert desk.call(token, "/admin/users").status == 403
    set_roles(("auditor",))
    assert desk.call(token, "/admin/users").status == 200


@pytest.mark.parametrize("path", ["/account/sessions", "/account/explain"])
def test_the_account_api_needs_its_scope(desk, path):
    body = None if path.endswith("sessions") else {"token": "x"}
    assert desk.call("", path, body).status == 401
    assert desk.call(desk.token("bob", ("openid",)), path, body).status == 403
    assert desk.call(desk.token("bob", ("account",), resources=(ADMIN,)), path, body).status == 401
    assert desk.call(desk.token("bob", ("account",)), path, body).status == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"action":"create","action":"delete"}', "application/json", 400),
        (b"action=create", "application/x-www-form-urlencoded", 400),
        (b'{"a":"' + b"x" * 70_000 + b'"}', "application/json", 413),
        (b"\xff", "application/json", 400),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(desk, body, kind, status):
    answer = desk.call(desk.token("alice"), "/admin/users", body, kind=kind)
    assert (answer.status, answer.members["error"]) == (status, "invalid_request")


def test_answers_are_kept_by_nobody(desk):
    answer = desk.call(desk.token("alice"), "/admin/users")
    assert answer.headers["cache-control"] == "no-store"
