"""The methods of the Session Manager, on both faces and both stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sojourn.errors import (
    BadSessionId,
    MintingNotAllowed,
    NoSuchClientSession,
    NoSuchGrant,
    NoSuchUser,
    NotLive,
    UnknownToken,
    WrongTokenClass,
)
from sojourn.model.authentication_event import create_authn_event
from sojourn.model.policy import UsageRules
from sojourn.server import session_key
from sojourn.testing.clock import Clock

REQUEST = {"client_id": "shop", "scope": "openid profile", "state": "abc"}


def begin(manager: Any, clock: Clock, user: str = "diana", client: str = "shop") -> str:
    event = create_authn_event(user, now=clock.now(), acr="urn:a", amr=("pwd",))
    sid = manager.create_session(event, REQUEST, user, client)
    assert isinstance(sid, str)
    return sid


@pytest.fixture
def sid(manager: Any, clock: Clock) -> str:
    return begin(manager, clock)


@pytest.fixture
def grant(manager: Any, sid: str) -> Any:
    return manager.get_grant(sid)


def test_a_session_id_is_short_and_opaque_and_says_nothing_of_the_user(sid: str):
    assert len(sid) < 50
    assert "diana" not in sid
    assert "shop" not in sid


def test_a_session_begins_with_a_grant_of_what_was_asked(manager: Any, sid: str, clock: Clock):
    info = manager.get_session_info(sid)
    assert (info["session_id"], info["user_id"], info["client_id"]) == (sid, "diana", "shop")
    assert info["grant"].scope == ("openid", "profile")
    assert info["authorization_request"] == REQUEST
    assert info["authentication_event"].authn_time == clock.now()
    assert info["user_session_info"].id == "diana"
    assert info["client_session_info"].client_id == "shop"


def test_every_session_is_a_new_grant_in_one_client_session(manager: Any, clock: Clock):
    ids = {begin(manager, clock) for _ in range(3)}
    assert len(ids) == 3
    assert {g.session_id for g in manager.grants("diana", "shop")} == ids


def test_create_grant_returns_the_bound_grant(manager: Any, clock: Clock):
    event = create_authn_event("diana", now=clock.now())
    grant = manager.create_grant(event, REQUEST, "diana", "shop", scopes=["openid"])
    assert grant.scope == ["openid"]
    assert grant.mint_token("access_token").scope == ("openid",)


def test_the_client_is_that_of_the_request_when_none_is_named(manager: Any, clock: Clock):
    sid = manager.create_session(create_authn_event("d", now=clock.now()), REQUEST, "d")
    assert manager.get_session_info(sid)["client_id"] == "shop"


@pytest.mark.parametrize(("user", "request_"), [("", REQUEST), ("diana", {})])
def test_a_session_without_user_or_client_is_refused(
    manager: Any, clock: Clock, user: str, request_: dict[str, object]
):
    with pytest.raises(ValueError, match="needs a user id and a client id"):
        manager.create_session(create_authn_event("x", now=clock.now()), request_, user)


def test_a_grant_is_added_only_where_user_and_client_have_met(manager: Any, sid: str):
    added = manager.add_grant("diana", "shop", scope=["a"], claims={"userinfo": {"name": None}})
    assert manager.get(["diana", "shop", added.id]).claims == {"userinfo": {"name": None}}
    with pytest.raises(NoSuchUser):
        manager.add_grant("nobody", "shop")
    with pytest.raises(NoSuchClientSession):
        manager.add_grant("diana", "bank")


def test_a_path_leads_to_user_client_session_and_grant(manager: Any, grant: Any):
    assert manager.get(["diana"]).id == "diana"
    assert manager.get(["diana", "shop"]).client_id == "shop"
    assert manager.get(["diana", "shop", grant.id]).session_id == grant.session_id


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (["eve"], NoSuchUser),
        (["diana", "bank"], NoSuchClientSession),
        (["diana", "shop", "nothing"], NoSuchGrant),
        ([], ValueError),
        (["a", "b", "c", "d"], ValueError),
    ],
)
def test_a_path_that_leads_nowhere_says_which_part(
    manager: Any, sid: str, path: list[str], error: type[Exception]
):
    with pytest.raises(error):
        manager.get(path)


def test_a_grant_is_found_only_under_its_own_user_and_client(manager: Any, grant: Any):
    for path in (["diana", "bank", grant.id], ["eve", "shop", grant.id]):
        with pytest.raises(NoSuchGrant):
            manager.get(path)


def test_every_method_takes_the_session_key_or_the_opaque_id(manager: Any, grant: Any):
    key = session_key("diana", "shop", grant.id)
    token = grant.mint_token("access_token").value
    for name in ("get_session_info", "get_authentication_event", "get_client_session_info"):
        assert getattr(manager, name)(key) == getattr(manager, name)(grant.session_id)
    assert manager.find_token(key, token).id == manager.find_token(grant.session_id, token).id
    manager.revoke_token(key, token)
    assert not manager.explain(token).live


def test_a_session_key_that_spells_another_client_or_user_leads_nowhere(manager: Any, grant: Any):
    token = grant.mint_token("access_token").value
    for key in (session_key("diana", "bank", grant.id), session_key("eve", "shop", grant.id)):
        for call in (manager.get_session_info, manager.revoke_grant, manager.what_if_revoked):
            with pytest.raises(NoSuchGrant):
                call(key)
        with pytest.raises(UnknownToken):
            manager.revoke_token(key, token)
        assert manager.find_token(key, token) is None
    assert manager.explain(token).live


@pytest.mark.parametrize(
    "bad", ["", "x", "sj_g_zzz", ";;", "a;;b", "a;;b;;c;;d", "a;;;;c", "\ud800"]
)
def test_what_is_no_session_id_is_said_to_be_none(manager: Any, bad: str):
    with pytest.raises(BadSessionId):
        manager.get_session_info(bad)


def test_an_access_token_is_no_session_id(manager: Any, grant: Any):
    with pytest.raises(BadSessionId):
        manager.get_session_info(grant.mint_token("access_token").value)


def test_find_token_finds_only_what_belongs_to_the_grant(manager: Any, grant: Any, clock: Clock):
    token = grant.mint_token("refresh_token")
    found = manager.find_token(grant.session_id, token.value)
    assert (found.id, found.type, found.is_active(clock.now())) == (token.id, "refresh_token", True)
    other = begin(manager, clock)
    assert manager.find_token(other, token.value) is None
    assert manager.find_token(grant.session_id, "é") is None
    assert manager.find_token(begin(manager, clock, "eve"), token.value) is None


def test_a_token_leads_to_its_session(manager: Any, grant: Any):
    for kind in ("authorization_code", "access_token", "refresh_token"):
        token = grant.mint_token(kind)
        assert manager.get_session_info_by_token(token.value)["grant_id"] == grant.id
    jwt = grant.mint_token("access_token", jwt=True)
    assert manager.get_session_info_by_token(jwt.value)["grant_id"] == grant.id


def test_an_id_token_leads_to_no_session_and_says_so(
    open_manager: Callable[..., Any], clock: Clock
):
    manager = open_manager("memory:")
    sid = begin(manager, clock)
    inner = getattr(manager, "_manager", None) or manager.target
    signing = inner.context.signing
    id_token = signing.active("ES256").sign({"iss": "https://op.example"}, typ="JWT")
    with pytest.raises(WrongTokenClass):
        manager.get_session_info_by_token(id_token)
    assert manager.find_token(sid, id_token) is None


@pytest.mark.parametrize("text", ["", "nonsense", "a.b.c.d", "sj_a_x", "é"])
def test_a_text_that_is_no_token_is_unknown(manager: Any, sid: str, text: str):
    with pytest.raises(UnknownToken):
        manager.get_session_info_by_token(text)
    with pytest.raises(UnknownToken):
        manager.revoke(text)
    with pytest.raises(UnknownToken):
        manager.revoke_token(sid, text)
    assert not manager.explain(text).known


def test_revoking_a_token_alone_spares_what_is_based_on_it(manager: Any, grant: Any):
    code = grant.mint_token("authorization_code")
    access = grant.mint_token("access_token", based_on=code)
    manager.revoke_token(grant.session_id, code.value)
    assert not manager.explain(code.value).live
    assert manager.explain(access.value).live
    manager.revoke_token(grant.session_id, code.value, recursive=True)
    assert not manager.explain(access.value).live


@pytest.mark.parametrize("jwt", [False, True])
def test_revoking_recursively_ends_children_and_their_children(manager: Any, grant: Any, jwt: bool):
    code = grant.mint_token("authorization_code")
    refresh = grant.mint_token("refresh_token", based_on=code)
    access = grant.mint_token("access_token", based_on=refresh.value, jwt=jwt)
    sibling = grant.mint_token("access_token", jwt=jwt)
    manager.revoke_token(grant.session_id, code.value, True)
    assert not manager.explain(access.value).live
    assert manager.explain(sibling.value).live


def test_revoking_a_token_of_another_grant_is_refused(manager: Any, grant: Any, clock: Clock):
    other = begin(manager, clock)
    for jwt in (False, True):
        token = grant.mint_token("access_token", jwt=jwt)
        with pytest.raises(UnknownToken):
            manager.revoke_token(other, token.value)
        assert manager.explain(token.value).live


def test_revoking_a_grant_ends_its_tokens_and_no_others(manager: Any, grant: Any, clock: Clock):
    token = grant.mint_token("access_token")
    other = manager.get_grant(begin(manager, clock)).mint_token("access_token")
    manager.revoke_grant(grant.session_id)
    assert not manager.explain(token.value).live
    assert manager.explain(other.value).live
    with pytest.raises(NotLive):
        grant.mint_token("access_token")


def test_revoking_a_client_session_ends_its_grants_until_it_is_begun_anew(
    manager: Any, grant: Any, clock: Clock
):
    token = grant.mint_token("refresh_token")
    elsewhere = manager.get_grant(begin(manager, clock, client="bank")).mint_token("access_token")
    manager.revoke_client_session(grant.session_id)
    assert manager.client_session_is_revoked(grant.session_id)
    with pytest.raises(NotLive):
        manager.add_grant("diana", "shop")
    fresh = manager.get_grant(begin(manager, clock)).mint_token("access_token")
    assert [manager.explain(t.value).live for t in (token, fresh, elsewhere)] == [False, True, True]
    with pytest.raises(NotLive):
        grant.mint_token("access_token")


def test_a_token_mints_only_what_its_rules_allow(manager: Any, grant: Any):
    access = grant.mint_token("access_token")
    with pytest.raises(MintingNotAllowed):
        grant.mint_token("access_token", based_on=access)
    rules = UsageRules(expires_in=1000, supports_minting=("access_token",))
    wide = grant.mint_token("access_token", usage_rules=rules)
    assert grant.mint_token("access_token", based_on=wide).based_on == wide.id


def test_a_token_is_based_only_on_a_token_of_its_own_grant(manager: Any, grant: Any, clock: Clock):
    other = manager.get_grant(begin(manager, clock))
    foreign = manager.get_grant(begin(manager, clock, "eve"))
    for parent in (other.mint_token("refresh_token"), foreign.mint_token("refresh_token")):
        with pytest.raises(UnknownToken):
            grant.mint_token("access_token", based_on=parent)
        with pytest.raises(UnknownToken):
            grant.register_usage(parent)
    with pytest.raises(UnknownToken):
        grant.mint_token("access_token", based_on=grant.mint_token("access_token", jwt=True))


def test_a_used_up_token_mints_nothing_more(manager: Any, grant: Any):
    code = grant.mint_token("authorization_code")
    assert grant.register_usage(code).has_been_used()
    with pytest.raises(MintingNotAllowed):
        grant.mint_token("access_token", based_on=code)
    assert not manager.explain(code.value).live


def test_the_grants_rules_come_before_the_managers(open_manager: Callable[..., Any], clock: Clock):
    manager = open_manager("memory:", usage_rules={"access_token": UsageRules(expires_in=2000)})
    event = create_authn_event("d", now=clock.now())
    rules = {"access_token": UsageRules(expires_in=1000)}
    with_rules = manager.create_grant(event, REQUEST, "d", token_usage_rules=rules)
    without = manager.create_grant(event, REQUEST, "d")
    ends = [g.mint_token("access_token").expires_at - clock.now() for g in (with_rules, without)]
    assert ends == [1000, 2000]


def test_a_scope_is_inherited_narrowed_and_never_widened(manager: Any, grant: Any):
    code = grant.mint_token("authorization_code", scope=["openid"])
    assert grant.mint_token("access_token", based_on=code).scope == ("openid",)
    assert grant.mint_token("access_token").scope == ("openid", "profile")
    for parent in (None, code):
        with pytest.raises(MintingNotAllowed):
            grant.mint_token("access_token", based_on=parent, scope=["openid", "admin"])
    with pytest.raises(MintingNotAllowed):
        grant.mint_token("access_token", based_on=code, scope=["profile"])


def test_an_unknown_class_is_refused(grant: Any):
    with pytest.raises(ValueError, match="unknown token class"):
        grant.mint_token("magic_token")


def test_what_would_end_with_a_grant_is_told_beforehand(manager: Any, grant: Any):
    code = grant.mint_token("authorization_code")
    access = grant.mint_token("access_token", based_on=code)
    assert {s.id for s in manager.what_if_revoked(grant.session_id)} == {code.id, access.id}
    manager.revoke_grant(grant.session_id)
    assert manager.what_if_revoked(grant.session_id) == ()


def test_a_story_names_every_node_up_to_the_user(manager: Any, grant: Any):
    code = grant.mint_token("authorization_code")
    token = grant.mint_token("access_token", based_on=code)
    story = manager.explain(token.value)
    nodes = [step.node for step in story.steps]
    assert nodes == [
        "access token",
        "authorization code",
        "grant",
        "client session",
        "user",
        "client",
    ]
    manager.revoke_client_session(grant.session_id)
    dead = [step for step in manager.explain(token.value).steps if not step.live]
    assert [(step.node, step.why) for step in dead] == [("client session", "revoked")]
    assert dead[0].ended


def test_the_story_of_a_jwt_has_its_parent_and_its_own_end(manager: Any, grant: Any):
    refresh = grant.mint_token("refresh_token")
    jwt = grant.mint_token("access_token", based_on=refresh, jwt=True)
    assert [s.node for s in manager.explain(jwt.value).steps][:3] == [
        "access token (JWT)",
        "refresh token",
        "grant",
    ]
    manager.revoke(jwt.value)
    first = manager.explain(jwt.value).steps[0]
    assert (first.id, first.why, first.live) == (jwt.id, "revoked", False)
    assert manager.explain(refresh.value).live


def test_an_unlimited_grant_and_a_limited_one_bound_their_tokens(manager: Any, clock: Clock):
    begin(manager, clock)
    short = manager.add_grant("diana", "shop", expires_in=5000)
    token = short.mint_token("refresh_token")
    assert token.expires_at == clock.now() + 5000
    clock.advance(4999)
    assert manager.explain(token.value).live
    clock.advance(1)
    assert not manager.explain(token.value).live
    with pytest.raises(NotLive):
        short.mint_token("access_token")


@pytest.mark.parametrize("kind", ["pairwise", "nonsense"])
def test_a_subject_that_lacks_its_part_is_refused(manager: Any, clock: Clock, kind: str):
    with pytest.raises(ValueError, match="subject"):
        manager.create_session(
            create_authn_event("d", now=clock.now()), REQUEST, "d", sub_type=kind
        )


def test_neither_a_grant_nor_a_token_shows_its_secret(grant: Any):
    token = grant.mint_token("access_token")
    assert token.value not in repr(token)
    found = grant.target if hasattr(grant, "target") else grant
    assert repr(found).endswith("user_id='diana')")
