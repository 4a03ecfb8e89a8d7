"""People at a real CubicWeb: they type a password once, it is not kept, and they are asked when their session ends."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from keystoneauth1 import session as ksa

from sojourn import (
    Accounts,
    Authenticator,
    DefaultsManager,
    deserialize_user,
    errors,
    serialize_user,
)
from sojourn.client.prompt.contract import Way
from tests.client.cubicweb.conftest import LOGINS, is_nobody
from tests.client.users.people import Asked, Nobody

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("cubicweb")]

QUERY = {"rql": LOGINS, "vid": "jsonexport"}
ALL = [["admin"], ["jane"]]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def at(cubicweb, prompt=None):
    return Authenticator(DefaultsManager(cubicweb.http), kind="cubicweb", prompt=prompt or Nobody())


def rows(user, cubicweb):
    with user.create_session(trust_env=False) as session:
        return sorted(session.get(cubicweb.view, params=QUERY).json())


def test_a_person_signs_in_and_stays_without_a_kept_password(store, cubicweb):
    asked = Asked(cubicweb.password, login="jane")
    user = at(cubicweb, asked).get_user()
    form = asked.forms[0]
    assert (form.host_label, form.ways) == ("Base URL", (Way.PASSWORD,))
    assert (user.login, user.host) == ("jane", cubicweb.http)
    assert cubicweb.password not in json.dumps([store.read(one) for one in store.ids()])
    again = at(cubicweb).get_user()
    assert rows(again, cubicweb) == ALL
    assert again.are_credentials_expired() is False
    assert again.resolve_entity()["type"] == "CWUser"
    assert isinstance(again.resolve_entity()["id"], int)
    assert cubicweb.asked("POST /login") == 1


@pytest.mark.parametrize("pages", [True, False])
def test_a_session_goes_on_from_use_to_use(store, cubicweb, pages):
    user = at(cubicweb).create_session_user("jane", password=cubicweb.password)
    first = user.current_credential()
    if not pages:
        cubicweb.order("hide_pages")
    try:
        for _ in range(3):
            cubicweb.order("later")
            assert user.keep_good().access_token != first.access_token
        assert user.are_credentials_expired() is False
        copy = at(cubicweb).create_session_user("jane")
        assert copy.current_credential() == user.current_credential()
        cubicweb.order("later")
        cubicweb.order("later")
        with pytest.raises(errors.InteractionRequired, match=r"has ended|Sign in again"):
            user.keep_good()
    finally:
        cubicweb.order("show_pages")
    assert is_nobody(cubicweb, first.access_token)


def test_when_the_session_has_ended_the_person_is_asked_once_for_all_who_wait(store, cubicweb):
    asked = Asked("wrong", cubicweb.password)
    user = at(cubicweb, asked).create_session_user("jane", password=cubicweb.password)
    cubicweb.order("end_sessions")
    assert user.are_credentials_expired() is True
    with user.create_session(trust_env=False) as session, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: session.get(cubicweb.view, params=QUERY), range(8)))
    assert [sorted(answer.json()) for answer in answers] == [ALL] * 8
    assert (len(asked.forms), len(asked.problems)) == (1, 1)
    assert (asked.forms[0].login, asked.forms[0].login_fixed) == ("jane", True)
    assert user.are_credentials_expired() is False


def test_signing_out_ends_the_session_at_the_server(store, cubicweb):
    authenticator = at(cubicweb, Asked(cubicweb.password, login="jane"))
    user = authenticator.get_user()
    cookie = user.current_credential().access_token
    assert not is_nobody(cubicweb, cookie)
    authenticator.clear_default_user()
    assert is_nobody(cubicweb, cookie)
    assert authenticator.get_default_user() is None


def test_a_session_from_elsewhere_becomes_a_user_and_travels(store, cubicweb):
    made = Accounts(store).login(cubicweb.cookie())
    cookie = made.token()
    user = at(cubicweb).create_session_user("jane", session_token=cookie)
    copy = deserialize_user(serialize_user(user), audience=cubicweb.http)
    assert rows(copy, cubicweb) == ALL
    with pytest.raises(errors.AuthenticationError, match="does not take the session"):
        at(cubicweb).create_session_user("jane", session_token="auth_tkt=made-up")
    with pytest.raises(errors.IncompleteCredentials, match="Cookie header"):
        at(cubicweb).create_session_user("jane", session_token="no cookie")


@pytest.mark.parametrize("way", ["cookie", "basic", "signed"])
def test_an_account_that_keeps_its_secret_is_a_user_who_renews_alone(store, cubicweb, way):
    Accounts(store).login(getattr(cubicweb, way)())
    user = at(cubicweb).get_user()
    assert user.are_credentials_expired() is False
    cubicweb.order("end_sessions")
    assert rows(user, cubicweb) == ALL
    assert user.are_credentials_expired() is False
    assert user.resolve_entity()["type"] == "CWUser"


def test_a_script_signs_its_requests(store, cubicweb):
    script = at(cubicweb).create_script_user(cubicweb.token["id"], cubicweb.token["secret"])
    assert rows(script, cubicweb) == ALL
    assert rows(deserialize_user(serialize_user(script)), cubicweb) == ALL
    with pytest.raises(errors.DelegationNotSupported, match="CubicWeb"):
        serialize_user(script, for_job="night", recipient=b"s" * 32)


def test_the_cookie_works_in_a_plain_session_of_keystoneauth1(cubicweb):
    session = ksa.Session(auth=cubicweb.cookie())
    session.get_auth_headers()
    assert (
        not session.session.cookies
    )  # it would send them with every request, unauthenticated ones too
    assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL
    posted = session.post(cubicweb.view, data=urlencode(QUERY), headers=FORM)
    assert sorted(posted.json()) == ALL
    cubicweb.order("end_sessions")
    answer = session.get(cubicweb.view, params=QUERY, redirect=False, raise_exc=False)
    assert answer.status_code == 303  # that Session takes no more than a 401 for a refusal
    assert session.invalidate()
    assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL
