"""A service that wants a newer or stronger sign-in (RFC 9470), and many who ask it at once."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sojourn import Accounts, AsyncSession, Session, errors
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.client.interaction import NotAsked
from sojourn.client.transport.contract import Reply, Request
from sojourn.driver import drive
from tests.client.servers import ok
from tests.client.small_provider import signed_in
from tests.client.test_flight import at_once
from tests.client.vault import Ada, vault

__all__ = ["vault"]


def test_twelve_threads_ask_the_person_once(vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    with Session(auth, trust_env=False) as session:
        assert at_once(12, lambda: session.get(vault.door).status_code) == [200] * 12
    assert len(ada.asked) == 1


def test_twelve_tasks_ask_the_person_once(vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)

    async def tasks():
        async with AsyncSession(auth, trust_env=False) as session:
            answers = await asyncio.gather(*(session.get(vault.door) for _ in range(12)))
        return [answer.status_code for answer in answers]

    assert asyncio.run(tasks()) == [200] * 12
    assert len(ada.asked) == 1


def test_a_no_is_a_no_to_all_who_wait_and_the_next_call_may_ask_again(vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    ada.says, ada.hold = errors.AuthenticationCancelled(), threading.Event()

    def told(session):
        with pytest.raises(errors.AuthenticationCancelled):
            session.get(vault.door)
        return True

    with Session(auth, trust_env=False) as session, ThreadPoolExecutor(2) as pool:
        first = pool.submit(told, session)
        assert ada.is_asked.wait(60)
        second = pool.submit(told, session)
        ada.hold.set()
        assert first.result(60)
        assert second.result(60)
        assert auth.get_token(session) == "access-0", "what it was asked for still serves elsewhere"
        ada.says = None
        assert session.get(vault.door).ok


def test_a_no_does_not_keep_others_from_renewing(vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    ada.says, ada.hold = errors.AuthenticationCancelled(), threading.Event()
    with Session(auth, trust_env=False) as session, ThreadPoolExecutor(2) as pool:
        asking = pool.submit(session.get, vault.door)
        assert ada.is_asked.wait(60)
        auth.invalidate()
        elsewhere = pool.submit(session.get, f"{vault.issuer}/r")
        ada.hold.set()
        assert elsewhere.result(60).ok
        with pytest.raises(errors.AuthenticationCancelled):
            asking.result(60)


def test_who_waited_for_what_another_wanted_is_not_taken_to_have_been_asked(vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    ada.opens, ada.hold = False, threading.Event()
    with Session(auth, trust_env=False) as session, ThreadPoolExecutor(2) as pool:
        first = pool.submit(session.get, vault.door, raise_exc=False)
        assert ada.is_asked.wait(60)
        vault.challenge = 'Bearer error="insufficient_user_authentication", acr_values="urn:iron"'
        boarded = threading.Event()
        step_up = auth.step_up

        async def watched(env, refused, reason):
            boarded.set()
            return await step_up(env, refused, reason)

        auth.step_up = watched  # type: ignore[method-assign]
        second = pool.submit(session.get, vault.door, raise_exc=False)
        assert boarded.wait(60)
        ada.hold.set()
        assert (first.result(60).status_code, second.result(60).status_code) == (401, 401)
        asked = len(ada.asked)
        ada.opens = True
        assert session.get(vault.door).ok
    assert len(ada.asked) == asked + 1
    wanted = ada.asked[-1]
    assert isinstance(wanted, errors.StepUpRequired)
    assert wanted.acr_values == ("urn:iron",)


def test_who_wants_another_way_than_the_one_that_was_asked_for_meanwhile_is_asked_too(vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    ada.acr = lambda reason: getattr(reason, "acr_values", ("",))[0]
    with Session(auth, trust_env=False) as session:
        refused = drive(auth.authorize(session.env, Request("GET", vault.door)))
        for acr in ("urn:gold", "urn:iron"):
            said = f'Bearer error="insufficient_user_authentication", acr_values="{acr}"'
            reply = Reply(401, (("WWW-Authenticate", said),), b"")
            drive(auth.challenged(session.env, Request("GET", vault.door), reply, refused))
    assert [getattr(one, "acr_values", ()) for one in ada.asked] == [("urn:gold",), ("urn:iron",)]


def test_a_sign_in_that_the_provider_dates_back_is_not_new_enough(vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    with Session(auth, trust_env=False) as session:
        refused = drive(auth.authorize(session.env, Request("GET", vault.door)))
        now = session.env.now()
        old = {"sub": "ada", "auth_time": now // 1000 - 600}
        auth.adopt(
            Credential(now + 1, "x", now, expires_at=now + 9_000_000, claims=old, since=now + 1)
        )
        reply = Reply(401, (("WWW-Authenticate", vault.challenge),), b"")
        drive(auth.challenged(session.env, Request("GET", vault.door), reply, refused))
        assert len(ada.asked) == 1
        fresh = {"sub": "ada", "auth_time": now // 1000}
        auth.adopt(
            Credential(
                now + 9_000, "y", now, expires_at=now + 9_000_000, claims=fresh, since=now + 9_000
            )
        )
        drive(auth.challenged(session.env, Request("GET", vault.door), reply, refused))
    assert len(ada.asked) == 1


@pytest.mark.parametrize("stored", [False, True])
def test_who_waited_for_anothers_ordinary_sign_in_is_asked_for_the_stronger_one(
    vault, store, stored
):
    auth = signed_in(vault.issuer, store if stored else None, lasts=3600)
    ada = Ada(vault, auth)
    ada.hold = threading.Event()
    ada.acr = lambda reason: "urn:gold" if isinstance(reason, errors.StepUpRequired) else "urn:tin"
    vault.on_token = lambda _: ok({"error": "invalid_grant"}, 400)
    with Session(auth, trust_env=False) as session, ThreadPoolExecutor(2) as pool:
        refused = drive(auth.authorize(session.env, Request("GET", vault.door)))
        auth.invalidate(refused)
        ordinary = pool.submit(session.get_token)
        assert ada.is_asked.wait(60)
        reply = Reply(401, (("WWW-Authenticate", vault.challenge),), b"")
        boarded, fly = threading.Event(), session.env.flight

        async def flight(of, work):
            boarded.set()
            return await fly(of, work)

        session.env.flight = flight  # type: ignore[method-assign]
        wanting = pool.submit(
            lambda: drive(auth.challenged(session.env, Request("GET", vault.door), reply, refused))
        )
        assert boarded.wait(60)
        ada.hold.set()
        ordinary.result(60)
        wanting.result(60)
        assert session.get(vault.door).ok
    assert [isinstance(one, errors.StepUpRequired) for one in ada.asked] == [False, True]
    assert auth._current is not None
    assert auth._current.claims["acr"] == "urn:gold"


def test_two_programs_at_once_ask_the_person_once(vault, store):
    one = signed_in(vault.issuer, store, lasts=3600)
    other = Accounts(store).get().auth()
    assert isinstance(other, AuthorizationCode)
    ada, same = Ada(vault, one), Ada(vault, other)
    ada.hold = same.hold = threading.Event()
    with (
        Session(one, trust_env=False) as first,
        Session(other, trust_env=False) as second,
        ThreadPoolExecutor(2) as pool,
    ):
        asking = pool.submit(first.get, vault.door)
        assert ada.is_asked.wait(60)
        assert vault.knocked.acquire(timeout=60)
        waiting = pool.submit(second.get, vault.door)
        assert vault.knocked.acquire(timeout=60)
        ada.hold.set()
        assert asking.result(60).ok
        assert waiting.result(60).ok
    assert (len(ada.asked), len(same.asked)) == (1, 0)


def test_another_program_takes_the_new_sign_in_from_the_store_and_asks_nobody(vault, store):
    asking = signed_in(vault.issuer, store, lasts=3600)
    silent = Accounts(store).get().auth()
    ada = Ada(vault, asking)
    with Session(silent, trust_env=False) as session:
        assert session.get_token() == "access-0"
        with Session(asking, trust_env=False) as other:
            assert other.get(vault.door).ok
        assert session.get(vault.door).ok
    assert vault.knocks == ["access-0", "anew-1", "access-0", "anew-1"]
    assert len(ada.asked) == 1
    assert Accounts(store).get().token() == "anew-1"


def test_whoever_boards_the_flight_of_one_who_wanted_nobody_asked_flies_again(vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    with Session(auth, trust_env=False) as session:
        fly, flights = session.env.flight, []

        async def flight(of, work):
            flights.append(of)
            if len(flights) == 1:
                raise NotAsked("Only a person can help.")
            return await fly(of, work)

        session.env.flight = flight  # type: ignore[method-assign]
        assert session.get(vault.door).ok
    assert len(ada.asked) == 1
