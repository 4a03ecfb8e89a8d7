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
    AmbiguousAccount,
    DynectAuthError,
    DynectMultiSession,
    DynectSession,
    NoSuchAccount,
)
from sojourn.errors import ConfigurationError, IncompleteCredentials

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


def test_switching_uses_the_token_again_and_forgets_the_permissions(opened, dynect):
    session = opened()
    assert "ZoneDelete" in session.permissions
    session.new_user_session(*TWO)
    assert session.permissions == ["ZoneGet"]
    signed_in = len(dynect.made("POST", "/REST/Session/"))
    session.set_active_session("user", "customer")
    assert "ZoneDelete" in session.permissions
    assert len(dynect.made("POST", "/REST/Session/")) == signed_in
    assert len(dynect.made("POST", "/REST/UserPermissionReport/")) == 3


def test_permissions_are_asked_for_anew_after_going_there_and_back(opened, dynect):
    session = opened()
    session.new_user_session(*TWO)
    session.set_active_session("user", "customer")
    assert "ZoneDelete" in session.permissions
    dynect.add_user("customer", "user", "password", permissions=["ZoneGet"])
    assert "ZoneDelete" in session.permissions
    session.set_active_session("user_two")
    session.set_active_session("user", "customer")
    assert session.permissions == ["ZoneGet"]


def test_permissions_are_those_of_the_user_who_was_active_when_they_were_asked_for(
    opened, dynect, still
):
    session = opened()
    dynect.limit(1)
    still.meanwhile = lambda: session.new_user_session(*TWO)
    assert "ZoneDelete" in session.permissions
    still.meanwhile = list
    assert session.username == "user_two"
    assert session.permissions == ["ZoneGet"]


def test_permissions_that_a_caller_changes_stay_what_they_are(opened):
    session = opened()
    session.permissions.clear()
    assert "ZoneGet" in session.permissions


def test_a_new_user_who_is_refused_changes_nothing(opened, dynect):
    session = opened()
    with pytest.raises(DynectAuthError):
        session.new_user_session("customer_two", "user_two", "wrong")
    assert session.username == "user"
    assert len(session.get_open_sessions) == 1
    assert session.execute("/Zone/", "GET")["status"] == "success"


def test_open_sessions_are_a_list_and_called_a_mapping_by_user_name(opened):
    session = opened()
    session.new_user_session(*TWO)
    known = session.get_open_sessions
    assert [(one["customer_name"], one["user_name"]) for one in known] == [
        ("customer", "user"),
        ("customer_two", "user_two"),
    ]
    named = session.get_open_sessions()
    assert list(named) == ["user", "user_two"]
    assert named["user_two"]["customer_name"] == "customer_two"
    assert [name.customer for name in named] == ["customer", "customer_two"]
    assert "nobody" not in named
    assert "password" not in repr(named).replace("'password': '*****'", "")


def test_one_user_name_of_two_customers_is_told_apart_by_the_customer(opened):
    session = opened()
    session.new_user_session("customer_two", "user", "password_three")
    named = session.get_open_sessions()
    assert len({name.id for name in named}) == len(named) == 2
    for name in named:
        session.set_active_session(name)
        assert (session.username, session.customer) == (name, name.customer)
        assert named[name]["customer_name"] == name.customer
    with pytest.raises(AmbiguousAccount, match="customer, customer_two"):
        named["user"]
    with pytest.raises(AmbiguousAccount, match="Say which customer"):
        session.set_active_session("user")
    session.set_active_session("user", customer="customer")
    assert session.customer == "customer"


def test_a_name_that_is_not_open_is_refused(opened):
    with pytest.raises(NoSuchAccount, match="No open sessions for user nobody"):
        opened().set_active_session("nobody")
    with pytest.raises(ValueError, match="of customer other"):
        opened().set_active_session("user", "other")


def test_after_signing_out_the_active_account_the_last_one_left_becomes_active(opened, dynect):
    session = opened()
    session.new_user_session(*TWO)
    session.log_out_active_session()
    assert session.username == "user"
    assert [*dynect.tokens.values()] == [("customer", "user")]


def test_after_signing_out_one_of_three_none_is_active_until_one_is_chosen(opened):
    session = opened()
    session.new_user_session(*TWO)
    session.new_user_session("customer_two", "user", "password_three")
    session.log_out_active_session()
    assert session.username is None
    with pytest.raises(IncompleteCredentials, match="set_active_session"):
        session.execute("/Zone/", "GET")
    session.set_active_session("user_two")
    assert session.execute("/Zone/", "GET")["data"] == ["/REST/Zone/two.example/"]


def test_signing_out_ends_every_account(opened, dynect):
    session = opened()
    other = opened(*TWO)
    session.log_out()
    assert dynect.tokens == {}
    assert current() is None
    for one in (session, other):
        with pytest.raises(IncompleteCredentials):
            one.execute("/Zone/", "GET")
    assert opened() is not session


def test_signing_out_tries_all_before_it_fails(opened, dynect):
    session = opened()
    session.new_user_session(*TWO)
    dynect.answer_next(500, b"broken")
    with pytest.raises(ValueError, match="not one JSON object"):
        session.log_out()
    assert [*dynect.tokens.values()] == [("customer", "user")]
    assert len(session.get_open_sessions) == 0


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


def test_a_history_of_an_open_session_begins_with_its_sign_in(opened):
    session = opened()
    session.execute("/Zone/", "GET")
    before = session.history
    assert before is None
    assert opened(history=True) is session
    session.execute("/Zone/one.example/", "GET")
    assert [entry[1:3] for entry in session.history] == [
        ("/REST/Session/", "POST"),
        ("/REST/Zone/one.example/", "GET"),
    ]


def test_a_history_keeps_a_thousand_calls_and_no_secret(opened, dynect):
    session = opened(history=True)
    session.update_password("fresh-password")
    session.new_user_session(*TWO)
    session.execute("/Zone/two.example/", "PUT", {"tsig": {"secret": "hush"}, "token": "hush"})
    shown = repr(session.history)
    for secret in ("fresh-password", "password_two", "hush", *dynect.tokens):
        assert secret not in shown
    for _ in range(1000):
        session._login.note("/REST/Zone/", "GET", {}, "success")
    assert len(session.history) == 1000
    session.history.clear()
    assert len(session.history) == 1000


def test_a_history_tells_failed_calls_and_repeated_ones_each(opened, dynect):
    session = opened(history=True)
    dynect.limit(1)
    session.execute("/Zone/", "GET")
    assert [entry.status for entry in session.history] == ["success", "failure", "success"]


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
