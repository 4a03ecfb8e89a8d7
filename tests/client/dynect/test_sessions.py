"""Many accounts in one thread, and one thread's sessions apart from another's."""

from __future__ import annotations

import copy
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sojourn.client.dialects.dynect import (
    DynectAuthError,
    DynectMultiSession,
    DynectSession,
)
from sojourn.errors import ConfigurationError

current: Any = DynectSession.get_session
TWO = ("customer_two", "user_two", "password_two")


def test_the_same_user_gets_the_same_object_and_signs_in_once(opened, dynect):
    session = opened()
    assert opened() is session is current()
    assert len(dynect.made("POST", "/REST/Session/")) == 1


def test_another_user_gets_another_object_and_the_first_stays_open(opened, dynect):
    first, second = opened(), opened(*TWO)
    assert current() is second
    assert second is not first
    assert (first.username, second.username) == ("user", "user_two")
    assert [one["user_name"] for one in second.get_open_sessions] == ["user", "user_two"]
    assert first.execute("/Zone/", "GET")["data"] == ["/REST/Zone/one.example/"]
    assert second.execute("/Zone/", "GET")["data"] == ["/REST/Zone/two.example/"]
    assert opened() is first is current()


def test_a_session_that_was_switched_is_its_users_again_when_it_is_made_again(opened):
    session = opened()
    session.new_user_session(*TWO)
    assert opened() is session
    assert session.username == "user"


def test_a_wrong_password_for_an_open_session_is_refused_and_changes_nothing(opened, dynect):
    session = opened()
    (token,) = dynect.tokens
    with pytest.raises(DynectAuthError):
        opened(password="wrong")
    assert opened() is session
    assert [*dynect.tokens] == [token]


def test_another_password_signs_in_anew_and_ends_the_old_token(opened, dynect):
    session = opened()
    (old,) = dynect.tokens
    dynect.add_user("customer", "user", "changed", zones=["one.example"])
    assert opened(password="changed") is session
    assert old not in dynect.tokens
    assert session.execute("/Zone/", "GET")["status"] == "success"


def test_other_settings_for_an_open_session_are_refused_and_not_ignored(opened):
    opened(timeout=10)
    assert opened().username == "user"
    with pytest.raises(ConfigurationError, match="another timeout"):
        opened(timeout=20)


def test_a_session_may_sign_in_later(opened, dynect):
    session = opened(auto_auth=False)
    assert dynect.calls == []
    assert session.execute("/Zone/", "GET")["status"] == "success"
    opened(auto_auth=True)
    assert len(dynect.made("POST", "/REST/Session/")) == 1


def test_a_sign_in_that_fails_leaves_nothing_open(opened):
    with pytest.raises(DynectAuthError):
        opened(password="wrong")
    assert current() is None
    assert opened().username == "user"


def test_each_thread_has_its_own_session_and_many_may_begin_at_once(opened, dynect):
    barrier = threading.Barrier(8)

    def begin(_):
        barrier.wait()
        mine = opened()
        same = opened() is mine is current()
        names = mine.execute("/Zone/", "GET")["data"]
        DynectSession.close_session()
        return mine, same, names

    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(begin, range(8)))
    assert len({id(session) for session, *_ in begun}) == 8
    assert all(same and names == ["/REST/Zone/one.example/"] for _, same, names in begun)
    assert len(dynect.made("POST", "/REST/Session/")) == 8
    assert dynect.tokens == {}
    assert current() is None


def test_one_session_serves_many_threads_and_an_expired_token_is_renewed_once(opened, dynect):
    session = opened()
    dynect.expire()
    barrier = threading.Barrier(12)

    def ask(_):
        barrier.wait()
        return session.execute("/Zone/", "GET")["status"]

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(ask, range(12))) == {"success"}
    assert len(dynect.made("POST", "/REST/Session/")) == 2


def test_a_new_session_signs_the_old_one_out_at_the_server(opened, dynect, still):
    old = opened()
    new = DynectSession.new_session(*TWO, host=dynect.host, port=dynect.port, ssl=False, env=still)
    assert current() is new is not old
    assert [*dynect.tokens.values()] == [("customer_two", "user_two")]


def test_a_new_session_of_the_same_user_is_a_new_object_with_a_new_token(opened, dynect, still):
    old = opened()
    (token,) = dynect.tokens
    new = DynectSession.new_session(
        "customer", "user", "password", host=dynect.host, port=dynect.port, ssl=False, env=still
    )
    assert new is not old
    assert token not in dynect.tokens
    assert len(dynect.tokens) == 1


def test_closing_signs_out_and_a_server_that_fails_does_not_hold_it_up(opened, dynect, caplog):
    session = opened()
    assert DynectSession.close_session() is session
    assert dynect.tokens == {}
    assert DynectSession.close_session() is None
    opened()
    dynect.drop_next()
    with caplog.at_level(logging.WARNING, "sojourn"):
        DynectSession.close_session()
    assert "user at http" in caplog.text
    assert "was not signed out" in caplog.text


@pytest.mark.parametrize("block", [True, False])
def test_a_sign_out_that_nobody_waits_for_may_take_five_seconds(opened, dynect, still, block):
    if block:
        with opened():
            pass
    else:
        opened()
        DynectSession.close_session()
    assert (still.sent[-1].method, sum(still.sent[-1].timeout)) == ("DELETE", 5)
    assert dynect.tokens == {}


def test_a_with_block_binds_the_session_and_signs_out_what_was_opened_in_it(opened, dynect):
    outer = opened()
    with opened(*TWO) as session:
        assert session.permissions == ["ZoneGet"]
        assert current() is session
        session.new_user_session("customer_two", "user", "password_three")
    assert [*dynect.tokens.values()] == [("customer", "user")]
    assert outer.execute("/Zone/", "GET")["status"] == "success"


def test_a_with_block_signs_out_after_an_error_and_lets_it_pass(opened, dynect):
    with pytest.raises(KeyError), opened():
        raise KeyError
    assert dynect.tokens == {}


def test_blocks_may_be_nested_and_give_back_what_was_current(opened):
    with opened() as outer:
        with opened(*TWO) as inner:
            assert current() is inner
        assert current() is outer


def test_a_block_is_unseen_by_other_threads(opened):
    seen = []
    with opened():
        other = threading.Thread(target=lambda: seen.append(current()))
        other.start()
        other.join()
    assert seen == [None]


def test_authenticating_again_ends_the_old_token(opened, dynect):
    session = opened()
    (old,) = dynect.tokens
    session.authenticate()
    assert old not in dynect.tokens
    assert len(dynect.tokens) == 1


def test_a_new_password_is_used_from_then_on(opened, dynect):
    session = opened()
    session.update_password("fresh")
    dynect.expire()
    assert session.execute("/Zone/", "GET")["status"] == "success"
    assert opened(password="fresh") is session


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_is_never_pickled_or_copied(opened, copied):
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        copied(opened())


def test_no_secret_is_in_what_is_shown_or_logged(opened, dynect, caplog):
    with caplog.at_level(logging.DEBUG):
        session = opened(history=True)
        session.permissions  # noqa: B018
        (token,) = dynect.tokens
        shown = [session, session.http, session.http.history, session._login.auth, session.get_open_sessions,
                 session.current_open_session, vars(session._login)]  # fmt: skip
    for secret in ("'password'", token):
        assert secret not in repr(shown).replace("'password': '*****'", "")
        assert secret not in caplog.text
    assert "/REST/Session/" in repr(session.history)


def test_the_name_of_later_releases_is_known_too():
    assert DynectMultiSession is DynectSession
