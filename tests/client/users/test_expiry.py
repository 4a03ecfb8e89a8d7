"""A credential that ends in the middle of a call: renewed silently, else one question to the person of it, however many
threads, tasks and processes wait; then every call is repeated."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sojourn import AsyncAuthenticator, Authenticator, DefaultsManager, errors
from sojourn.client.asking import LIMIT, PENDING, Turn
from tests.client.users.people import Asked, Nobody

ROOT = Path(__file__).parents[3]
SIGN_IN = ("POST", "/REST/Session/")


def user_of(dynect, login, prompt):
    authenticator = Authenticator(DefaultsManager(dynect.url), kind="dynect", prompt=prompt)
    try:
        return authenticator.create_session_user(login)
    except errors.IncompleteCredentials:
        password = f"{login.partition('/')[2]}'s"
        return authenticator.create_session_user(login, password=password)


def zones(user, dynect):
    with user.create_session(trust_env=False) as session:
        return session.get(f"{dynect.url}/REST/Zone/").json()["data"]


def all_at_once(calls):
    """Return what each call returned or raised, all begun together."""
    together = threading.Barrier(len(calls))

    def run(call):
        together.wait(30)
        try:
            return call()
        except errors.CredentialError as error:
            return type(error).__name__  # one loaded beside keystoneauth has its bases too

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def when_waiting(user, count, then):
    """Call `then` as soon as `count` calls wait for the user's credential."""
    flight = user.auth._flight
    board: Any = flight.board
    waiting: list[None] = []

    def boarded(work):
        future = board(work)
        waiting.append(None)
        if len(waiting) == count:
            then()
        return future

    flight.board = boarded


def test_sixteen_threads_ask_once_and_all_calls_succeed(store, dynect):
    asked = Asked("ada's")
    user = user_of(dynect, "acme/ada", asked)
    dynect.expire()
    told = all_at_once([lambda: zones(user, dynect)] * 16)
    assert told == [["/REST/Zone/ada.example/"]] * 16
    assert len(asked.forms) == 1
    assert len(dynect.made(*SIGN_IN)) == 2


def test_two_users_that_expire_together_are_asked_each_and_each_gets_their_own_token(store, dynect):
    """The Toolkit shares the state of its renewal: one prompt appears, and the second user keeps a dead token."""
    both = threading.Barrier(2)
    answers = {"acme/ada": "ada's", "acme/grace": "grace's"}

    class Together(Asked):
        def _answer(self, form):
            both.wait(30)  # passes only while both are being asked
            return super()._answer(form)

    asked = {login: Together(password) for login, password in answers.items()}
    users = {login: user_of(dynect, login, prompt) for login, prompt in asked.items()}
    dynect.expire()
    calls = [lambda one=one: zones(one, dynect) for one in users.values() for _ in range(4)]
    told = all_at_once(calls)
    assert told == [["/REST/Zone/ada.example/"]] * 4 + [["/REST/Zone/grace.example/"]] * 4
    assert [len(prompt.forms) for prompt in asked.values()] == [1, 1]
    held = {one.auth.record()["secrets"]["token"]["access_token"] for one in users.values()}
    assert held == set(dynect.tokens)


def test_two_objects_of_one_user_ask_once(store, dynect):
    asked = Asked("ada's")
    users = [user_of(dynect, "acme/ada", asked) for _ in range(4)]
    dynect.expire()
    told = all_at_once([lambda one=one: zones(one, dynect) for one in users for _ in range(2)])
    assert told == [["/REST/Zone/ada.example/"]] * 8
    assert len(asked.forms) == 1


def test_a_cancel_is_one_for_all_who_wait_and_leaves_the_user_able_to_try_again(store, dynect):
    begin = threading.Event()
    asked = Asked(begin=begin)
    user = user_of(dynect, "acme/ada", asked)
    dynect.expire()
    when_waiting(user, 8, begin.set)
    told = all_at_once([lambda: zones(user, dynect)] * 8)
    assert told == ["AuthenticationCancelled"] * 8
    assert len(asked.forms) == 1
    asked._passwords.append("ada's")
    assert zones(user, dynect) == ["/REST/Zone/ada.example/"]


def test_tasks_of_a_loop_ask_once(store, dynect):
    asked = Asked("ada's")

    async def work():
        authenticator = AsyncAuthenticator(DefaultsManager(dynect.url), kind="dynect", prompt=asked)
        user = await authenticator.create_session_user("acme/ada", password="ada's")
        dynect.expire()
        async with await user.create_session(trust_env=False) as session:
            answers = await asyncio.gather(
                *[session.get(f"{dynect.url}/REST/Zone/") for _ in range(16)]
            )
        return {answer.status_code for answer in answers}

    assert asyncio.run(work()) == {200}
    assert len(asked.forms) == 1


@contextmanager
def workers(dynect, count: int, threads: int) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "tests.client.users.worker", dynect.url, "acme/ada"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with ExitStack() as stack:
        crew = [
            stack.enter_context(subprocess.Popen([*command, str(threads)], cwd=ROOT, **pipes))  # type: ignore[call-overload]
            for _ in range(count)
        ]
        try:
            assert [one.stdout.readline() for one in crew] == ["ready\n"] * count
            yield crew
        except BaseException:
            for one in crew:
                one.terminate()
            raise


def answered(crew, typed: str):
    """Let all begin, answer whichever asks, and return who asked how often and what all say at the end."""
    for one in crew:
        one.stdin.write("\n")
        one.stdin.flush()

    def followed(one):
        questions, said = 0, one.stdout.readline().strip()
        while said == "asked":
            questions += 1
            one.stdin.write(f"{typed}\n")
            one.stdin.flush()
            said = one.stdout.readline().strip()
        return questions, said

    with ThreadPoolExecutor(len(crew)) as pool:
        told = list(pool.map(followed, crew))
    return sum(questions for questions, _ in told), {said for _, said in told}


def test_four_processes_of_four_threads_ask_once(store, dynect):
    user_of(dynect, "acme/ada", Nobody())
    dynect.expire()
    with workers(dynect, 4, 4) as crew:
        assert answered(crew, "ada's") == (1, {"200"})
    assert len(dynect.made(*SIGN_IN)) == 2


def test_a_cancel_in_one_process_is_one_in_those_that_wait_and_all_may_try_again(store, dynect):
    user = user_of(dynect, "acme/ada", Asked("ada's"))
    dynect.expire()
    with workers(dynect, 3, 2) as crew:
        questions, said = answered(crew, "")
    # Who comes when another has been told no already asks for itself; who waited does not.
    assert 1 <= questions <= 3
    assert said == {"cancelled"}
    assert zones(user, dynect) == ["/REST/Zone/ada.example/"]


def test_a_check_asks_nobody_and_whoever_joins_it_is_asked_all_the_same(store, dynect):
    asked = Asked("ada's")
    user = user_of(dynect, "acme/ada", asked)
    dynect.expire()
    assert user.are_credentials_expired() is True
    assert asked.forms == []
    told = all_at_once([user.are_credentials_expired, lambda: zones(user, dynect)] * 4)
    assert told[1::2] == [["/REST/Zone/ada.example/"]] * 4
    assert len(asked.forms) == 1
    assert user.are_credentials_expired() is False


def test_where_nobody_can_be_asked_the_call_says_so_and_names_ways_out(store, dynect, nobody):
    user = user_of(dynect, "acme/ada", None)
    dynect.expire()
    with pytest.raises(errors.InteractionRequired, match="Ways out"):
        zones(user, dynect)


def test_credentials_are_refreshed_by_asking(store, dynect):
    asked = Asked("wrong", "ada's")
    user = user_of(dynect, "acme/ada", asked)
    user.refresh_credentials()
    assert len(asked.problems) == 1
    assert len(dynect.made(*SIGN_IN)) == 3
    assert user.are_credentials_expired() is False


def test_whoever_looked_at_the_clock_before_another_took_the_turn_waits_for_it(store):
    """Between the look and the lock another may begin: both would ask."""
    turn = Turn(store, store.account_id("oidc", "https://id.example", "ada"))
    assert turn.take("first", now=2_000) is None
    assert turn.take("second", now=1_999) == "first"
    assert turn.of("first", now=1_999) == PENDING
    assert turn.take("third", now=2_000 + LIMIT) is None
