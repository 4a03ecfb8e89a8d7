"""Both environments keep one contract: what waits, races, is cancelled and is shared behaves alike."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sojourn import errors
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.env.contract import Cancelled
from sojourn.client.env.suspending import SuspendingEnv
from sojourn.client.flight import Flight
from sojourn.client.transport.contract import Reply, Request
from sojourn.driver import Suspended, drive


class Echo:
    """Answers every request with its own URL, and counts."""

    def __init__(self):
        self.sent = 0
        self.closed = 0

    def send(self, request):
        self.sent += 1
        return Reply(200, (), request.url.encode())

    def close(self):
        self.closed += 1


class AsyncEcho(Echo):
    async def send(self, request):
        await asyncio.sleep(0)
        return Echo.send(self, request)

    async def close(self):
        Echo.close(self)


@pytest.fixture(params=["threads", "loop"])
def run(request):
    """Run `work(env)` on one of the two environments."""

    def on_threads(work):
        return drive(work(BlockingEnv(Echo())))

    def on_a_loop(work):
        return asyncio.run(work(SuspendingEnv(AsyncEcho(), BlockingEnv(Echo()))))

    return on_threads if request.param == "threads" else on_a_loop


def test_what_is_sent_is_answered_and_what_blocks_returns(run):
    async def work(env):
        reply = await env.send(Request("GET", "http://a.example/"))
        return reply.content, await env.block(divmod, 7, 2), env.now() > 1_700_000_000_000

    assert run(work) == (b"http://a.example/", (3, 1), True)


def test_the_first_branch_to_end_decides_and_the_others_are_cancelled(run):
    ended = threading.Event()

    async def slow(env):
        try:
            while True:
                await env.sleep(0.01)
        except (Cancelled, asyncio.CancelledError):
            ended.set()
            raise

    async def quick(env):
        await env.sleep(0.01)
        return "quick"

    async def work(env):
        return await env.race(slow, quick)

    assert run(work) == "quick"
    assert ended.wait(60)


def test_a_branch_that_fails_first_fails_the_race(run):
    async def slow(env):
        await env.sleep(30)

    async def failing(env):
        await env.sleep(0)
        raise errors.AccessDenied

    async def work(env):
        await env.race(slow, failing)

    with pytest.raises(errors.AccessDenied):
        run(work)


def test_a_race_can_be_called_off(run):
    cancel = threading.Event()
    cancel.set()

    async def slow(env):
        await env.sleep(30)

    async def work(env):
        await env.race(slow, cancel=cancel)

    with pytest.raises(errors.AuthenticationCancelled):
        run(work)


def test_what_is_spawned_runs_while_its_parent_goes_on(run):
    done = threading.Event()

    async def errand(env):
        await env.sleep(0)
        done.set()

    async def work(env):
        env.spawn(errand)
        for _ in range(6000):
            if done.is_set():
                return True
            await env.sleep(0.01)
        return False

    assert run(work)


def test_a_flight_runs_on_a_thread_of_its_own_with_a_blocking_environment(run):
    async def lead(env):
        await env.sleep(0)
        return threading.current_thread().name, type(env)

    async def work(env):
        return await env.flight(Flight(), lead)

    assert run(work) == ("sojourn-flight", BlockingEnv)


def test_a_flight_uses_connections_of_its_own_and_closes_them():
    opened = []

    def open_one():
        opened.append(Echo())
        return opened[-1]

    async def lead(env):
        return (await env.send(Request("GET", "http://a.example/"))).status

    own = Echo()
    env = BlockingEnv(own, flights=open_one)
    assert drive(env.flight(Flight(), lead)) == 200
    assert (own.sent, opened[0].sent, opened[0].closed) == (0, 1, 1)


def test_a_failure_is_shared_by_those_who_follow_and_tried_again_by_those_who_come_later():
    flight, runs, go_on = Flight(), [], threading.Event()

    def fail():
        runs.append(1)
        assert go_on.wait(60)
        raise errors.ConnectFailure

    together = [flight.board(fail) for _ in range(3)]
    go_on.set()
    for future in together:
        with pytest.raises(errors.ConnectFailure):
            future.result()
    assert len(runs) == 1
    with pytest.raises(errors.ConnectFailure):
        flight.board(fail).result()
    assert len(runs) == 2


def test_a_coroutine_that_suspends_in_a_synchronous_call_is_closed_and_reported():
    closed = []

    async def suspends():
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    with pytest.raises(Suspended):
        drive(suspends())
    assert closed == [True]
