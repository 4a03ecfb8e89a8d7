"""The faults that Keystone's users suffered from, one test each: races of re-login, tokens that
leak, redirects, versions in the wrong place."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sojourn import AsyncSession, Session, errors
from sojourn.client.dialects.keystone import v3
from tests.client.servers import ok
from tests.client.small_keystone import GO_ON, SmallKeystone
from tests.client.test_flight import THREADS, at_once


@pytest.fixture
def keystone(serve):
    small = SmallKeystone()
    return small.at(serve(small.answer))


def password(keystone):
    return v3.Password(keystone.url, username="ada", password="right")


def test_twelve_threads_on_one_revoked_token_make_one_login_and_twelve_successes(keystone):
    together = threading.Barrier(THREADS)

    def revoked(received):
        if received.headers["x-auth-token"] == "token-1" and "token-1" not in keystone.live:
            together.wait(10)  # all of them are refused, before any can sign in anew
        return GO_ON

    with Session(password(keystone), trust_env=False) as session:
        session.get(f"{keystone.url}/warm")
        keystone.live.clear()
        keystone.on_request = revoked
        answers = at_once(THREADS, lambda: session.get(f"{keystone.url}/x").status_code)
    assert answers == [200] * THREADS
    assert len(keystone.sign_ins) == 2


def test_twelve_tasks_on_one_revoked_token_make_one_login_and_twelve_successes(keystone):
    async def main():
        async with AsyncSession(password(keystone), trust_env=False) as session:
            await session.get(f"{keystone.url}/warm")
            keystone.live.clear()
            asked = (session.get(f"{keystone.url}/x") for _ in range(THREADS))
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert asyncio.run(main()) == [200] * THREADS
    assert len(keystone.sign_ins) == 2


def test_a_late_401_for_an_old_token_does_not_throw_away_the_new_one(keystone):
    slow_is_in, fast_is_done = threading.Event(), threading.Event()

    def hold(received):
        if received.path == "/slow" and received.headers["x-auth-token"] == "token-1":
            slow_is_in.set()
            fast_is_done.wait(10)
        return GO_ON

    keystone.on_request = hold
    with Session(password(keystone), trust_env=False) as session, ThreadPoolExecutor(1) as pool:
        session.get(f"{keystone.url}/warm")
        keystone.live.clear()
        slow = pool.submit(session.get, f"{keystone.url}/slow")
        assert slow_is_in.wait(10)
        assert session.get(f"{keystone.url}/fast").ok
        fast_is_done.set()
        assert slow.result().ok
        assert session.get(f"{keystone.url}/after").ok
    assert len(keystone.sign_ins) == 2
    assert keystone.seen[-1] == "token-2"


def test_a_slow_identity_server_does_not_stall_who_has_a_token(keystone):
    signing_in, go_on = threading.Event(), threading.Event()

    def slowly(_):
        signing_in.set()
        go_on.wait(10)
        return GO_ON

    with Session(password(keystone), trust_env=False) as session, ThreadPoolExecutor(1) as pool:
        session.get(f"{keystone.url}/warm")
        keystone.on_sign_in = slowly
        other = v3.Password(keystone.url, username="bob", password="right")
        waiting = pool.submit(session.get, f"{keystone.url}/x", auth=other)
        assert signing_in.wait(10)
        assert session.get(f"{keystone.url}/x").ok
        go_on.set()
        assert waiting.result().ok


def test_a_wrong_password_is_one_attempt_and_not_one_for_every_thread(keystone):
    keystone.password = "another"
    with Session(password(keystone), trust_env=False) as session:

        def refused():
            with pytest.raises(errors.AuthenticationError):
                session.get(f"{keystone.url}/x")

        at_once(THREADS, refused)
    assert len(keystone.sign_ins) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_does_not_cross_an_origin_on_a_redirect(face, keystone, serve, method):
    other = serve(lambda _: ok())
    keystone.on_request = lambda _: (307, {"Location": f"{other.url}/there"}, b"")
    session = face.session(password(keystone))
    fields = {"X-Subject-Token": "hush", "X-Service-Token": "hush"}
    body = b"hush" if method == "POST" else None
    assert session.request(f"{keystone.url}/x", method, headers=fields, data=body).ok
    (got,) = other.received
    assert "token" not in repr(got.headers)
    assert b"hush" not in got.body
    assert "hush" not in repr(got.headers)


def test_a_relative_location_is_followed_with_method_body_and_token(face, keystone):
    keystone.on_request = lambda received: (
        (302, {"Location": "../moved"}, b"") if received.path == "/a/b" else GO_ON
    )
    answer = face.session(password(keystone)).request(f"{keystone.url}/a/b", "PUT", data=b"body")
    assert answer.url == f"{keystone.url}/moved"
    assert answer.request.method == "PUT"
    assert answer.request.content == b"body"
    assert keystone.seen == ["token-1", "token-1"]


def test_a_redirect_without_a_location_is_handed_over(face, keystone):
    keystone.on_request = lambda _: (302, {}, b"")
    answer = face.session(password(keystone)).request(f"{keystone.url}/x")
    assert answer.status_code == 302
    assert answer.history == ()


def test_a_401_is_answered_once_and_only_where_that_is_wanted(face, keystone):
    keystone.on_request = lambda _: keystone.live.clear() or GO_ON
    session = face.session(password(keystone))
    with pytest.raises(errors.Unauthorized) as caught:
        session.request(f"{keystone.url}/x")
    assert caught.value.message == "requires authentication"
    assert len(keystone.sign_ins) == 2
    with pytest.raises(errors.Unauthorized):
        session.request(f"{keystone.url}/x", allow_reauth=False)
    assert len(keystone.sign_ins) == 2
    assert session.request(f"{keystone.url}/x", authenticated=False, raise_exc=False).status_code


def test_a_token_can_be_dropped_by_hand(face, keystone):
    session = face.session(password(keystone))
    assert session.session.invalidate() is False
    session.request(f"{keystone.url}/x")
    assert session.session.invalidate() is True
    session.request(f"{keystone.url}/x")
    assert keystone.seen == ["token-1", "token-2"]


def test_one_plugin_serves_several_sessions_and_a_call_may_have_its_own(face, keystone):
    auth = password(keystone)
    one, two = face.session(auth), face.session(auth)
    one.request(f"{keystone.url}/x")
    two.request(f"{keystone.url}/x")
    two.request(f"{keystone.url}/x", auth=password(keystone))
    assert keystone.seen == ["token-1", "token-1", "token-2"]


def test_a_stored_token_that_was_revoked_is_replaced_for_the_next_process_too(store, keystone):
    with Session(password(keystone), cache=store, trust_env=False) as session:
        session.get(f"{keystone.url}/x")
        keystone.live.clear()
        session.get(f"{keystone.url}/x")
    with Session(password(keystone), cache=store, trust_env=False) as session:
        session.get(f"{keystone.url}/x")
        session.invalidate()
        session.get(f"{keystone.url}/x")
    assert keystone.seen == ["token-1", "token-1", "token-2", "token-2", "token-3"]
    assert len(keystone.sign_ins) == 3


def test_no_secret_is_in_a_repr_a_log_or_an_error(face, keystone, caplog):
    caplog.set_level("DEBUG")
    auth = v3.Password(keystone.url, username="ada", password="hush-hush")
    keystone.password = "hush-hush"
    session = face.session(auth)
    session.request(f"{keystone.url}/x")
    shown = repr([auth, session.session, session.history, auth.scope, session.access()])
    ours = "".join(one.getMessage() for one in caplog.records if one.name.startswith("sojourn"))
    assert "hush-hush" not in shown + ours
    assert "token-1" not in shown + ours
