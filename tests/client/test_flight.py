"""One flight for each credential: threads, tasks and processes renew once, and nothing that happens
meanwhile loses it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sojourn import Accounts, AsyncSession, Session, errors
from sojourn.client.dialects.oidc import ClientCredentials
from sojourn.client.flight import Flight
from sojourn.testing.clock import START
from tests.client import crew
from tests.client.small_provider import GO_ON, SmallProvider, refused, signed_in

THREADS = 12


@pytest.fixture
def small(serve):
    provider = SmallProvider()
    return provider.at(serve(provider.answer))


def at_once(count, work):
    barrier = threading.Barrier(count)

    def run(_):
        barrier.wait()
        return work()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_twelve_threads_on_one_expired_token_make_one_token_call(small):
    with Session(signed_in(small.issuer), trust_env=False) as session:
        answers = at_once(THREADS, lambda: session.get(f"{small.issuer}/r").status_code)
    assert answers == [200] * THREADS
    assert len(small.token_calls) == 1


def test_where_no_thread_can_be_had_the_next_caller_starts_anew():
    flight = Flight()
    before = threading.stack_size(1 << 46)  # more than any machine has
    try:
        with pytest.raises(RuntimeError, match="thread"):
            flight.board(lambda: "never")
    finally:
        threading.stack_size(before)
    assert flight.board(lambda: "renewed").result(timeout=60) == "renewed"


def test_twelve_threads_with_a_session_each_share_the_plugins_flight(small):
    auth = signed_in(small.issuer)

    def fetch():
        with Session(auth, trust_env=False) as session:
            return session.get(f"{small.issuer}/r").status_code

    assert at_once(THREADS, fetch) == [200] * THREADS
    assert len(small.token_calls) == 1


def test_twelve_tasks_on_one_revoked_token_make_one_token_call(small):
    async def main():
        auth = signed_in(small.issuer, lasts=3600)
        async with AsyncSession(auth, trust_env=False) as session:
            url = f"{small.issuer}/r"
            return await asyncio.gather(*(session.get(url) for _ in range(THREADS)))

    assert [answer.status_code for answer in asyncio.run(main())] == [200] * THREADS
    assert len(small.token_calls) == 1


PROCESSES, EACH = 16, 8


def asked_by_a_crew(small, **setting):
    """Return what 16 processes were told that asked eight times at once each."""
    given = {"work": "ask", "processes": PROCESSES, "resource": f"{small.issuer}/r", **setting}
    with crew.crew(**given) as leader:
        assert all("ready" in said for said in crew.told(leader, PROCESSES))
        crew.let_go(leader)
        said = [text for one in crew.told(leader, PROCESSES) for text in one["said"]]
    assert leader.returncode == 0
    assert len(said) == PROCESSES * EACH
    return set(said)


@pytest.mark.parametrize("face", ["threads", "tasks", "mixed"])
@pytest.mark.parametrize("lasts", [-1, 3600], ids=["expired", "revoked"])
def test_16_processes_of_8_on_one_sealed_credential_make_one_token_call(small, store, lasts, face):
    signed_in(small.issuer, store, lasts=lasts)
    assert asked_by_a_crew(small, face=face) == {"Bearer access-1"}
    assert len(small.token_calls) == 1


@pytest.mark.parametrize("face", ["threads", "tasks", "mixed"])
@pytest.mark.usefixtures("store")
def test_16_processes_of_8_that_begin_with_an_empty_store_make_one_token_call(small, face):
    setting = {"issuer": small.issuer, "secret": "s3cret"}
    assert asked_by_a_crew(small, face=face, **setting) == {"Bearer access-1"}
    assert len(small.token_calls) == 1


@pytest.mark.usefixtures("store")
def test_a_wrong_secret_is_one_attempt_of_16_processes_of_8(small):
    small.on_token = lambda _: refused("invalid_client", 401)
    setting = {"issuer": small.issuer, "secret": "wrong"}
    assert asked_by_a_crew(small, face="threads", now=START, **setting) == {"AuthenticationError"}
    assert len(small.token_calls) == 1


def test_threads_and_tasks_of_one_process_on_one_revoked_token_make_one_token_call(small):
    auth, url = signed_in(small.issuer, lasts=3600), f"{small.issuer}/r"

    async def tasks():
        async with AsyncSession(auth, trust_env=False) as session:
            return await asyncio.gather(*(session.get(url) for _ in range(THREADS)))

    with Session(auth, trust_env=False) as session, ThreadPoolExecutor(1) as pool:
        loop = pool.submit(asyncio.run, tasks())
        answers = at_once(THREADS, lambda: session.get(url)) + loop.result()
    assert [answer.status_code for answer in answers] == [200] * 2 * THREADS
    assert len(small.token_calls) == 1


def test_a_stale_token_is_renewed_and_the_request_repeated_once(face, small):
    session = face.session(signed_in(small.issuer, lasts=3600))
    assert session.request(f"{small.issuer}/r").status_code == 200
    assert small.resource_calls == ["access-0", "access-1"]
    assert len(small.token_calls) == 1


def test_a_resource_that_refuses_every_token_is_asked_twice_and_no_more(face, small):
    session = face.session(signed_in(small.issuer, lasts=3600))
    small.on_resource = lambda _: small.live.clear()
    with pytest.raises(errors.Unauthorized):
        session.request(f"{small.issuer}/r")
    assert len(small.resource_calls) == 2


def test_without_reauthentication_a_401_is_handed_over_as_it_is(face, small):
    session = face.session(signed_in(small.issuer, lasts=3600))
    with pytest.raises(errors.Unauthorized):
        session.request(f"{small.issuer}/r", allow_reauth=False)
    assert small.token_calls == []


def test_a_late_401_for_an_old_token_does_not_throw_away_the_new_one(small):
    slow_is_in, fast_is_done = threading.Event(), threading.Event()

    def hold(received):
        if received.path == "/slow" and len(small.token_calls) == 0:
            slow_is_in.set()
            fast_is_done.wait(60)

    small.on_resource = hold
    with Session(signed_in(small.issuer, lasts=3600), trust_env=False) as session:
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(session.get, f"{small.issuer}/slow")
            assert slow_is_in.wait(60)
            assert session.get(f"{small.issuer}/fast").status_code == 200
            fast_is_done.set()
            assert slow.result().status_code == 200
        assert session.get(f"{small.issuer}/after").status_code == 200
    assert len(small.token_calls) == 1
    assert small.resource_calls[-1] == "access-1"


def test_a_task_cancelled_in_the_middle_of_a_refresh_loses_nothing(small, store):
    consumed, release = threading.Event(), threading.Event()

    def hold(_):
        consumed.set()
        release.wait(60)
        return GO_ON

    small.on_token = hold

    async def main():
        async with AsyncSession(signed_in(small.issuer, store), trust_env=False) as session:
            task = asyncio.create_task(session.get(f"{small.issuer}/r"))
            await asyncio.to_thread(consumed.wait, 60)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            follower = asyncio.create_task(session.get(f"{small.issuer}/r"))
            await asyncio.sleep(0)
            release.set()
            return (await follower).status_code

    assert asyncio.run(main()) == 200
    assert len(small.token_calls) == 1
    assert Accounts(store).get().token() == "access-1"


def test_a_synchronous_session_works_where_a_loop_runs_and_renews_its_token_there(small, store):
    signed_in(small.issuer, store)

    async def cell():
        with Session(Accounts(store).get().auth(), trust_env=False) as session:
            return session.get(f"{small.issuer}/r").status_code

    assert asyncio.run(cell()) == 200
    assert small.resource_calls == ["access-1"]
    assert Accounts(store).get().token() == "access-1"


def test_a_loop_that_closes_in_the_middle_of_a_refresh_loses_nothing(small, store):
    consumed, release = threading.Event(), threading.Event()

    def hold(_):
        consumed.set()
        release.wait(60)
        return GO_ON

    small.on_token = hold
    auth = signed_in(small.issuer, store)

    async def ask():
        async with AsyncSession(auth, trust_env=False) as session:
            await session.get(f"{small.issuer}/r")

    async def main():
        asking = asyncio.create_task(ask())
        assert await asyncio.to_thread(consumed.wait, 60)
        return asking

    assert asyncio.run(main()).cancelled()
    release.set()
    with Session(auth, trust_env=False) as session:
        assert session.get(f"{small.issuer}/r").status_code == 200
    assert len(small.token_calls) == 1
    assert Accounts(store).get().token() == "access-1"


def test_after_a_lost_answer_the_next_process_sends_the_same_nonce(small, store):
    lost = [True]
    small.on_token = lambda _: None if lost.pop() else GO_ON
    lost.insert(0, False)
    signed_in(small.issuer, store)
    with pytest.raises(errors.AnswerLost):
        Accounts(store).get().token()
    assert Accounts(store).get().token() == "access-2"
    first, second = (call.headers["idempotency-key"] for call in small.token_calls)
    assert first == second
    small.live.clear()
    auth = Accounts(store).get().auth()
    with Session(auth, trust_env=False) as session:
        lost.insert(0, False)
        session.get(f"{small.issuer}/r")
    third = small.token_calls[2]
    assert third.headers["idempotency-key"] != first
    assert third.form["refresh_token"] == "refresh-2"


def test_a_wrong_secret_is_one_attempt_and_not_one_for_every_thread(small):
    small.on_token = lambda _: refused("invalid_client", 401)
    plugin = ClientCredentials(small.issuer, "job", client_secret="wrong")
    with Session(plugin, trust_env=False) as session:

        def fetch():
            with pytest.raises(errors.AuthenticationError):
                session.get(f"{small.issuer}/r")

        at_once(THREADS, fetch)
        fetch()
    assert len(small.token_calls) == 1


def test_a_refresh_token_that_the_server_refuses_asks_for_a_person_and_is_tried_once(small, store):
    small.on_token = lambda _: refused("invalid_grant")
    signed_in(small.issuer, store)
    for _ in range(2):
        with pytest.raises(errors.InteractionRequired, match="sojourn login"):
            Accounts(store).get().token()
    assert len(small.token_calls) == 1
    assert Accounts(store).get().name == "ada"


def test_a_token_that_still_lives_serves_while_the_server_cannot_be_reached(face, small):
    small.live.add("access-0")
    small.on_token = lambda _: None
    session = face.session(signed_in(small.issuer, lasts=60))
    assert session.request(f"{small.issuer}/r").status_code == 200
    assert len(small.token_calls) == 1


def test_a_forked_child_renews_on_its_own_flight_and_connections(small):
    import os

    auth = ClientCredentials(small.issuer, "job", client_secret="s3cret")
    with Session(auth, trust_env=False) as session:
        assert session.get(f"{small.issuer}/r").status_code == 200
        session.invalidate()
        small.live.clear()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if session.get(f"{small.issuer}/r").status_code == 200 else 2
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert session.get(f"{small.issuer}/r").status_code == 200
