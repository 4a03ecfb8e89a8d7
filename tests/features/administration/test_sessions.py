"""Sessions and stories: one's own, and another's as an administrator."""

from __future__ import annotations

import pytest

from sojourn.errors import InvalidRequest
from sojourn.server.endpoints import caller
from sojourn.server.services.builtin import CLI
from tests.features.administration.conftest import PASSWORD


@pytest.fixture
def eve(desk):
    """A person of this test alone."""
    desk.people["eve"] = desk.server.add_user("eve", PASSWORD)
    yield desk.people["eve"]
    admin = desk.token("alice")
    desk.call(admin, "/admin/users", {"action": "delete", "user": "eve"})


def tree_of(desk, token):
    answer = desk.call(token, "/account/sessions")
    assert answer.status == 200, answer
    return answer.members


def test_a_person_sees_their_sign_ins_and_an_administrator_sees_the_same(desk, eve):
    own = tree_of(desk, desk.token("eve"))
    assert own["user"]["login"] == "eve"
    assert [one["live"] for one in own["sign_ins"]] == [True]
    assert own["sign_ins"][0]["amr"] == ["pwd"]
    seen = desk.call(desk.token("alice"), "/admin/sessions", query={"user": "eve"}).members
    assert [one["id"] for one in seen["sign_ins"]] == [one["id"] for one in own["sign_ins"]]


def test_a_person_ends_a_sign_in_by_its_id(desk, eve):
    token = desk.token("eve")
    sid = tree_of(desk, token)["sign_ins"][0]["id"]
    body = {"action": "end_sign_in", "id": sid}
    assert desk.call(token, "/account/sessions", body).members == {"ended": True}
    assert desk.call(token, "/account/sessions", body).members == {"ended": False}
    ended = tree_of(desk, token)["sign_ins"][0]
    assert (ended["live"], ended["why"]) == (False, "revoked")


@pytest.mark.parametrize("action", ["end_sign_in", "end_grant", "end_client"])
def test_nobody_ends_what_is_anothers(desk, eve, action):
    desk.token("bob")
    bobs = desk.call(desk.token("alice"), "/admin/sessions", query={"user": "bob"}).members
    ids = {
        "end_sign_in": bobs["sign_ins"][0]["id"],
        "end_grant": "AAAAAAAAAAAAAAAAAAAAAA",
        "end_client": "another-client",
    }
    body = {"action": action, "id": ids[action]}
    answer = desk.call(desk.token("eve"), "/account/sessions", body)
    assert (answer.status, answer.members["error"]) == (404, "not_found")
    after = desk.call(desk.token("alice"), "/admin/sessions", query={"user": "bob"}).members
    assert after["sign_ins"][0]["live"]


@pytest.mark.parametrize("name", ["", "../../user/x", "a/b", "x" * 65, "ü"])
def test_an_id_that_can_be_none_is_not_found(desk, eve, name):
    body = {"action": "end_sign_in", "id": name}
    assert desk.call(desk.token("eve"), "/account/sessions", body).status == 404


def test_ending_an_application_ends_its_tokens(desk, eve):
    token = desk.token("eve")
    body = {"action": "end_client", "id": CLI}
    assert desk.call(token, "/account/sessions", body).members == {"ended": True}
    assert desk.call(token, "/account/sessions").status == 401


def test_an_administrator_ends_for_another(desk, eve):
    token = desk.token("eve")
    body = {"action": "end_client", "id": CLI, "user": "eve"}
    assert desk.call(desk.token("alice"), "/admin/sessions", body).members == {"ended": True}
    assert desk.call(token, "/account/sessions").status == 401


def test_ending_all_others_from_a_sign_in_that_has_ended_is_refused(desk, eve):
    desk.token("eve")
    overview = desk.server.call(lambda site: site.sessions.overviews.of(eve.id))
    sid = overview.sign_ins[0].signin.id
    desk.server.call(lambda site: site.sessions.signins.end(eve.id, sid, "revoked"))

    async def end(site):
        body = {"action": "end_others"}
        return await caller.desk(site).sessions.end(eve, body, current=sid, actor=eve.id)

    with pytest.raises(InvalidRequest, match="Sign in again"):
        desk.server.call(end)


@pytest.mark.parametrize("body", [{}, {"action": "end_everything"}, {"action": "end_grant"}])
def test_an_action_that_is_none_is_refused(desk, eve, body):
    answer = desk.call(desk.token("eve"), "/account/sessions", body)
    assert (answer.status, answer.members["error"]) == (400, "invalid_request")


def test_a_story_tells_each_node_from_the_token_up(desk, eve):
    token = desk.token("eve")
    story = desk.call(token, "/account/explain", {"token": token}).members
    assert story["live"]
    nodes = [step["node"] for step in story["steps"]]
    assert nodes == ["access token", "grant", "client session", "user", "client"]


def test_a_story_says_why_a_token_is_dead(desk, eve):
    token, other = desk.token("eve"), desk.token("eve")
    desk.server.call(lambda site: site.sessions.revoke(token))
    story = desk.call(other, "/account/explain", {"token": token}).members
    assert not story["live"]
    assert [(s["node"], s["why"]) for s in story["steps"] if not s["live"]] == [
        ("access token", "revoked")
    ]


def test_the_story_of_anothers_token_is_that_of_none(desk, eve):
    unknown = desk.call(desk.token("eve"), "/account/explain", {"token": "sj_a_x"}).members
    foreign = desk.call(desk.token("eve"), "/account/explain", {"token": desk.token("bob")}).members
    assert foreign == unknown == {"known": False, "live": False, "steps": []}


def test_an_administrator_hears_the_story_of_anybodys_token(desk, eve):
    body = {"token": desk.token("eve")}
    assert desk.call(desk.token("alice"), "/admin/explain", body).members["live"]
