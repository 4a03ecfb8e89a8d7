"""Connections of the real `shotgun_api3` that renew themselves, on every path."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import shotgun_api3

from sojourn import errors
from sojourn.client.dialects.shotgrid import (
    Password,
    Script,
    SessionToken,
    create_sg_connection,
)
from sojourn.client.user_dialect import proxy_url
from sojourn.driver import drive
from sojourn.testing.loopback import LoopbackAnswer
from sojourn.wire import shotgrid

pytestmark = pytest.mark.peer


@pytest.fixture
def bob(site):
    return Password(site.url, "bob", "sesame", keep_password=True)


def methods(site):
    return [json.loads(call.body)["method_name"] for call in site.made("POST", shotgrid.RPC)]


def sign_ins(site):
    return methods(site).count("get_session_token")


def find(connection, login="bob"):
    return connection.find_one("HumanUser", [["login", "is", login]], ["login"])


def test_nothing_is_asked_before_the_first_call(site, bob, connect):
    connection = connect(bob)
    assert isinstance(connection, shotgun_api3.Shotgun)
    assert site.calls == []
    assert find(connection) == {"type": "HumanUser", "id": 1, "login": "bob"}
    assert connect(bob, connect=True).server_caps.version == (8, 50, 1)


def test_a_call_that_meets_the_end_of_the_session_renews_it_and_is_sent_once_more(
    site, bob, connect
):
    connection = connect(bob)
    find(connection)
    site.expire()
    assert find(connection)["id"] == 1
    assert connection.config.session_token in site.tokens
    assert methods(site) == [
        "info",
        "get_session_token",
        "read",
        "read",
        "get_session_token",
        "read",
    ]


def test_a_redirect_to_single_sign_on_is_the_end_of_a_session_too(site, still, connect):
    token = drive(Password(site.url, "bob", "sesame").credential(still)).access_token
    connection = connect(SessionToken(site.url, "bob", token))
    find(connection)
    site.leave_sign_ins_to("saml2")
    site.expire()
    with pytest.raises(errors.InteractionRequired):
        find(connection)


def test_any_other_redirect_is_none_and_is_never_followed_with_the_token(site, bob, connect, serve):
    other = serve(lambda _: (200, (), b"{}"))
    connection = connect(bob)
    find(connection)
    for status in (301, 302, 303, 307, 308):
        site.answer_next(LoopbackAnswer(status, b"", (("Location", f"{other.url}/api3/json"),)))
        with pytest.raises(shotgun_api3.ProtocolError):
            find(connection)
    assert other.received == []
    assert sign_ins(site) == 1


def test_a_second_refusal_is_told_and_not_repeated_for_ever(site, bob, connect):
    connection = connect(bob)
    find(connection)
    refusal = LoopbackAnswer(200, b'{"exception":true,"error_code":102,"message":"No."}')
    site.answer_next(refusal)
    calls = len(site.calls)
    with pytest.raises(shotgun_api3.AuthenticationFault):
        for_ever_refused(site, connection, refusal)
    assert len(site.calls) == calls + 3, "the call, a sign-in, and the call once more"


def for_ever_refused(site, connection, refusal):
    original = site._called

    def refusing(call, path, url):
        asked = json.loads(call.body)["method_name"]
        return refusal if asked == "read" else original(call, path, url)

    site._called = refusing
    try:
        find(connection)
    finally:
        site._called = original


def test_twelve_threads_on_one_expired_token_make_one_sign_in(site, bob, connect):
    connection = connect(bob)
    find(connection)
    site.expire()
    together = threading.Barrier(12)

    def read(_):
        together.wait()
        return find(connection)["id"]

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(read, range(12))) == [1] * 12
    assert (sign_ins(site), len(site.tokens)) == (2, 1)


def test_twelve_connections_of_one_user_make_one_sign_in(site, bob, connect):
    connections = [connect(bob) for _ in range(12)]
    for connection in connections:
        find(connection)
    site.expire()
    with ThreadPoolExecutor(12) as pool:
        assert [one["id"] for one in pool.map(find, connections)] == [1] * 12
    assert (sign_ins(site), len(site.tokens)) == (2, 1)


def test_two_users_who_expire_together_get_two_sign_ins_and_each_their_own_token(
    site, bob, connect
):
    """Fault 1 of the Toolkit: the state of a renewal was shared by all users."""
    site.add_user("eve", "apple")
    eve = Password(site.url, "eve", "apple", keep_password=True)
    pairs = [(connect(bob), "bob"), (connect(eve), "eve")] * 4
    for connection, login in pairs:
        find(connection, login)
    site.expire()

    def read(pair):
        return find(*pair)["login"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, pairs)) == ["bob", "eve"] * 4
    assert sign_ins(site) == 4
    assert sorted(name for _, name in site.tokens.values()) == ["bob", "eve"]
    for connection, login in pairs:
        assert site.tokens[connection.config.session_token] == ("HumanUser", login)


def test_a_late_refusal_of_an_old_token_does_not_throw_away_the_new_one(site, bob, still, connect):
    connection = connect(bob)
    find(connection)
    old = drive(bob.caller(still))
    site.expire()
    find(connection)
    bob.invalidate(type("Old", (), {"headers": (), "generation": old[1]})())
    find(connection)
    assert sign_ins(site) == 2


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # it leaves files open
def test_a_form_after_a_long_pause_is_sent_once_with_a_session_that_lives(
    site, bob, still, connect, tmp_path
):
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(b"picture")
    connection = connect(bob)
    upload(connection, picture)
    site.expire()
    still.clock.advance(seconds=301)
    upload(connection, picture)
    forms = site.made("POST", "/upload/upload_file")
    assert len(forms) == 2
    assert next(iter(site.tokens)).encode() in forms[1].body
    assert sign_ins(site) == 2


def upload(connection, picture):
    return connection.upload("Shot", 1, str(picture))


def test_a_form_that_is_refused_is_never_sent_again(site, bob, connect, tmp_path):
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(b"picture")
    connection = connect(bob)
    find(connection)
    site.expire()
    with picture.open("rb") as opened:
        sent = connection._send_form(f"{site.url}/upload/upload_file", {"file": opened})
    assert sent.startswith("0")
    assert len(site.made("POST", "/upload/upload_file")) == 1
    assert sign_ins(site) == 1


def test_the_cookie_of_a_download_is_a_session_that_lives(site, bob, still, connect):
    connection = connect(bob)
    first = connection.get_session_token()
    assert first in site.tokens
    assert connection.get_session_token() == first
    site.expire()
    still.clock.advance(seconds=301)
    handler = connection.get_auth_cookie_handler()
    (cookie,) = handler.cookiejar
    assert (cookie.name, cookie.value) == ("_session_id", next(iter(site.tokens)))


def test_a_script_calls_with_its_key_and_has_a_live_session_for_downloads(site, still, connect):
    connection = connect(Script(site.url, "publisher", "key of publisher"))
    assert find(connection)["id"] == 1
    assert site.tokens == {}
    token = connection.get_session_token()
    assert site.tokens == {token: ("ApiUser", "publisher")}
    site.expire()
    still.clock.advance(seconds=301)
    assert connection.get_session_token() in site.tokens


def test_a_wrong_key_is_told_as_the_package_tells_it_and_not_repeated(site, connect):
    connection = connect(Script(site.url, "publisher", "wrong"))
    with pytest.raises(shotgun_api3.AuthenticationFault, match="publisher"):
        find(connection)
    assert methods(site) == ["read"] or methods(site) == ["info", "read"]


def test_somebody_elses_password_is_judged_and_renews_nothing(site, bob, connect):
    connection = connect(bob)
    site.add_user("eve", "apple")
    assert connection.authenticate_human_user("eve", "apple")["id"] == 3
    with pytest.raises(shotgun_api3.AuthenticationFault):
        connection.authenticate_human_user("eve", "wrong")
    assert find(connection)["login"] == "bob"
    assert sign_ins(site) == 1


def test_a_session_that_nobody_can_renew_is_told_as_such(site, connect):
    connection = connect(Password(site.url, "bob", "sesame"))
    find(connection)
    site.expire()
    with pytest.raises(errors.CredentialError) as told:
        find(connection)
    assert isinstance(told.value, errors.InteractionRequired)


def test_a_forked_process_does_not_use_its_parents_socket(site, bob, connect, monkeypatch):
    connection = connect(bob)
    find(connection)
    mine = connection._connection
    parent = os.getpid()
    monkeypatch.setattr("sojourn.client.dialects.shotgrid.connection.os.getpid", lambda: parent + 1)
    assert connection._connection is None
    find(connection)
    assert connection._connection not in (None, mine)


def test_closing_closes_the_sockets_of_all_threads_and_the_next_call_opens_one(site, bob):
    connection = create_sg_connection(bob)
    with ThreadPoolExecutor(3) as pool:
        together = threading.Barrier(3)

        def read(_):
            together.wait()
            return find(connection) and connection._connection

        opened = list(pool.map(read, range(3)))
        assert len(set(map(id, opened))) == 3
        connection.close()
        assert [one.connections for one in opened] == [{}] * 3
    assert find(connection)["id"] == 1
    connection.close()


@pytest.mark.parametrize("loud", [False, True])
def test_the_packages_debug_log_holds_no_secret(site, connect, caplog, loud):
    """Fault 4 of the Toolkit: whole requests, with passwords and keys, were in the log."""
    caplog.set_level(logging.DEBUG, logger="shotgun_api3" if loud else "")
    secret = 'key "with" quotes \\ and ends'
    site.add_script("renderer", secret)
    connection = connect(Script(site.url, "renderer", secret))
    find(connection)
    token = connection.get_session_token()
    connection.authenticate_human_user("bob", "sesame")
    person = connect(Password(site.url, "bob", "sesame"))
    find(person)
    assert ("Request body is" in caplog.text) is loud
    for one in ("quotes", "sesame", token, person.config.session_token):
        assert one not in caplog.text


def test_a_connection_refuses_to_be_pickled_or_copied_and_waits_not_for_ever(bob, connect):
    connection = connect(bob)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="pickled or copied"):
            attempt(connection)
    assert connection.config.timeout_secs == 60


def test_a_proxys_password_stays_as_it_was_typed(bob, connect):
    """Fault 6 of the Toolkit: passwords of proxies were turned into lower case."""
    typed = "Bob:Se/s@me@Proxy.example:3128"
    assert proxy_url(typed) == "http://Bob:Se%2Fs%40me@Proxy.example:3128"
    for written in (typed, proxy_url(typed)):
        config = connect(bob, http_proxy=written).config
        assert (config.proxy_user, config.proxy_pass) == ("Bob", "Se/s@me")
        assert (config.proxy_server, config.proxy_port) == ("Proxy.example", 3128)
    assert proxy_url(None) is None


def test_without_the_package_the_error_says_what_to_install(bob, monkeypatch):
    monkeypatch.delitem(sys.modules, "sojourn.client.dialects.shotgrid.connection", raising=False)
    monkeypatch.setitem(sys.modules, "shotgun_api3", None)
    monkeypatch.setitem(sys.modules, "shotgun_api3.shotgun", None)
    with pytest.raises(errors.ConfigurationError, match=r"sojourn\[shotgrid\]"):
        create_sg_connection(bob)
