"""Many accounts in one session: which is active, what each may do, and how they are signed out."""

from __future__ import annotations

from typing import Any

import pytest

from sojourn.client.dialects.dynect import (
    AmbiguousAccount,
    DynectAuthError,
    DynectSession,
    NoSuchAccount,
)
from sojourn.errors import IncompleteCredentials

current: Any = DynectSession.get_session
TWO = ("customer_two", "user_two", "password_two")


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
