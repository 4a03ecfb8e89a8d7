"""What the manager keeps in memory is nobody else's, and a text that a caller chose is a token like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sojourn.errors import MintingNotAllowed
from sojourn.model.policy import UsageRules
from sojourn.testing.clock import Clock
from tests.features.sessions.test_manager import begin


@pytest.fixture
def sid(manager: Any, clock: Clock) -> str:
    return begin(manager, clock)


@pytest.fixture
def grant(manager: Any, sid: str) -> Any:
    return manager.get_grant(sid)


def test_who_changes_what_a_session_info_holds_changes_nothing_else(
    manager: Any, sid: str, grant: Any
):
    token = grant.mint_token("access_token").value
    for ask, what in ((manager.get_session_info, sid), (manager.get_session_info_by_token, token)):
        ask(what)["authorization_request"]["state"] = "changed"
        assert ask(what)["authorization_request"]["state"] == "abc"


def test_who_changes_an_empty_mapping_changes_nothing_else(manager: Any, sid: str, clock: Clock):
    manager.get_session_info(sid)["user_session_info"].claims["email"] = "evil@example.com"
    assert not manager.get_user_session_info("diana").claims
    assert not manager.get_session_info(sid)["user_session_info"].claims
    added = manager.add_grant("diana", "shop", scope=["openid"])
    added.value.usage_rules["access_token"] = UsageRules(expires_in=1000)
    fresh = manager.get_grant(added.session_id)
    assert fresh.mint_token("access_token").expires_at == clock.now() + 3_600_000


def test_who_changes_a_list_of_classes_changes_no_token(manager: Any, grant: Any):
    classes: Any = ["access_token"]
    code = grant.mint_token("authorization_code", usage_rules=UsageRules(supports_minting=classes))
    classes.append("refresh_token")
    with pytest.raises(MintingNotAllowed):
        grant.mint_token("refresh_token", based_on=code)


@pytest.mark.parametrize("value", ["007", "a.b.c", "sj_r_ABCD", "sj_a_", "sj_"])
def test_a_chosen_token_is_found_and_revoked(
    open_manager: Callable[..., Any], clock: Clock, value: str
):
    manager = open_manager("memory:", allow_chosen_values=True)
    sid = begin(manager, clock)
    manager.get_grant(sid).mint_token("access_token", value=value)
    assert manager.find_token(sid, value).is_active(clock.now())
    manager.revoke_token(sid, value)
    assert not manager.find_token(sid, value).is_active(clock.now())


def test_chosen_values_need_leave_and_are_taken_once(
    open_manager: Callable[..., Any], grant: Any, url: str, clock: Clock
):
    with pytest.raises(ValueError, match="allow_chosen_values"):
        grant.mint_token("access_token", value="007")
    manager = open_manager("memory:", allow_chosen_values=True)
    mine = manager.get_grant(begin(manager, clock))
    mine.mint_token("access_token", value="007")
    with pytest.raises(ValueError, match="choose another"):
        mine.mint_token("access_token", value="007")
