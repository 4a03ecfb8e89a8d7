"""What the loser of a race does, over threads and processes: takes what the winner got, and never throws that away."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sojourn import Accounts, Session, errors
from sojourn.client.cache.store import CredentialStore
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import ClientCredentials
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.flight import Flight
from sojourn.client.keeper import Kept, kept_of, with_kept
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.driver import drive
from sojourn.testing.clock import Clock
from tests.client.small_provider import GO_ON, SmallProvider, refused, signed_in


@pytest.fixture
def small(serve):
    provider = SmallProvider()
    return provider.at(serve(provider.answer))


ONE = """
import sys
from sojourn import Accounts, Session
with Session(Accounts().get().auth(), trust_env=False) as session:
    print(session.get(sys.argv[1]).request.headers[-1][1], flush=True)
"""


def another_process(url):
    command = [sys.executable, "-c", ONE, url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_late_401_in_another_process_takes_the_new_token_from_the_store(small, store):
    slow_is_in, renewed = threading.Event(), threading.Event()

    def hold(received):
        if received.path == "/slow" and not renewed.is_set():
            slow_is_in.set()
            assert renewed.wait(60)

    small.on_resource = hold
    signed_in(small.issuer, store, lasts=3600)
    with another_process(f"{small.issuer}/slow") as slow:
        assert slow_is_in.wait(60)
        with Session(Accounts(store).get().auth(), trust_env=False) as session:
            assert session.get(f"{small.issuer}/fast").status_code == 200
            renewed.set()
            assert slow.communicate()[0] == "Bearer access-1\n"
            assert session.get(f"{small.issuer}/after").status_code == 200
    assert len(small.token_calls) == 1
    assert small.resource_calls[-1] == "access-1"


def test_a_process_killed_before_the_answer_was_stored_is_followed_by_one_that_goes_on(
    small, store
):
    consumed, killed = threading.Event(), threading.Event()

    def hold(_):
        consumed.set()
        assert killed.wait(60)
        return GO_ON

    small.on_token = hold
    signed_in(small.issuer, store)
    with another_process(f"{small.issuer}/r") as process:
        assert consumed.wait(60)
        process.kill()
    killed.set()
    assert Accounts(store).get().token().startswith("access-")
    first, second = small.token_calls
    assert first.form["refresh_token"] == second.form["refresh_token"] == "refresh-0"
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_one_whose_refresh_is_refused_keeps_what_another_stored_meanwhile(small, store):
    auth = signed_in(small.issuer, store)
    account = Accounts(store).get().id

    def won_by_another(_):
        record = store.read(account)
        now = time.time_ns() // 1_000_000
        won = Credential(now, "won", now, refresh_token="refresh-won", expires_at=now + 3_600_000)
        store.write(account, with_kept(record, Kept(won)))
        small.live.add("won")
        return refused("invalid_grant")

    small.on_token = won_by_another
    with Session(auth, trust_env=False) as session:
        assert session.get(f"{small.issuer}/r").status_code == 200
    assert len(small.token_calls) == 1
    assert Accounts(store).get().record["secrets"]["token"]["refresh_token"] == "refresh-won"


def test_a_sign_in_is_newer_than_what_another_process_stored_while_the_person_was_asked(
    small, store
):
    auth = signed_in(small.issuer, store, refresh_token=None)
    account = Accounts(store).get().id
    ahead = Credential(1 << 50, "access-0", 0, expires_at=1)

    async def ask(env, reason):
        now = env.now()
        store.write(account, with_kept(store.read(account), Kept(ahead)))
        return Credential(now, "asked", now, expires_at=now + 3_600_000)

    auth.ask = ask  # type: ignore[method-assign]
    with Session(auth, trust_env=False) as session:
        assert auth.get_token(session) == "asked"
    assert store.read(account)["state"]["token"]["generation"] == ahead.generation + 1


class Watched(Flight):
    """Says when somebody has boarded."""

    def __init__(self):
        super().__init__()
        self.boarded = threading.Semaphore(0)

    def board(self, work):
        future = super().board(work)
        self.boarded.release()
        return future


class SlowStore(CredentialStore):
    """Waits, when it has written a record with this token, until it is told to go on."""

    def __init__(self, token):
        super().__init__()
        self.written, self.go_on, self.token = threading.Event(), threading.Event(), token

    def write(self, account, record):
        super().write(account, record)
        held = kept_of(record).credential
        if held is not None and held.access_token == self.token:
            self.written.set()
            assert self.go_on.wait(60)


def test_a_token_refused_before_its_own_flight_has_landed_is_renewed_once_more(small, store):
    signed_in(small.issuer, store)
    slow = SlowStore("access-1")
    auth = Accounts(slow).get().auth()
    auth._flight = Watched()
    with Session(auth, trust_env=False) as session, ThreadPoolExecutor(2) as pool:
        first = pool.submit(auth.get_token, session)
        assert slow.written.wait(60)
        small.live.clear()
        second = pool.submit(session.get, f"{small.issuer}/r")
        for _ in range(2):
            assert auth._flight.boarded.acquire(timeout=60)
        slow.go_on.set()
        assert first.result() == "access-1"
        assert second.result().status_code == 200
    assert small.resource_calls == ["access-1", "access-2"]


@pytest.mark.parametrize("error", [errors.CredentialBusy, errors.StoreUnavailable])
def test_a_token_that_still_lives_serves_while_the_store_cannot_be_used(small, store, error):
    class OutOfReach(CredentialStore):
        def locked(self, account):
            raise error

    signed_in(small.issuer, store, lasts=60)
    auth = Accounts(OutOfReach()).get().auth()
    with Session(auth, trust_env=False) as session:
        assert auth.get_token(session) == "access-0"
        auth.invalidate()
        with pytest.raises(error):
            auth.get_token(session)
    assert small.token_calls == []


def in_a_child(work):
    """Return whether `work` returned something true in a forked process."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 2
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def test_a_forked_child_and_its_parent_share_what_the_store_keeps(small, store):
    auth = signed_in(small.issuer, store)
    with Session(auth, trust_env=False) as session:
        assert in_a_child(lambda: auth.get_token(session) == "access-1")
        assert auth.get_token(session) == "access-1"
        auth.invalidate()
        assert auth.get_token(session) == "access-2"
    assert [call.form["refresh_token"] for call in small.token_calls] == ["refresh-0", "refresh-1"]


def test_a_forked_child_leaves_a_refresh_token_in_memory_to_its_parent(small):
    auth = signed_in(small.issuer)

    def told_how_to_share():
        with pytest.raises(errors.InteractionRequired, match="cache=True"):
            auth.get_token(session)
        return True

    with Session(auth, trust_env=False) as session:
        assert in_a_child(told_how_to_share)
        assert small.token_calls == []
        assert auth.get_token(session) == "access-1"
        assert in_a_child(lambda: auth.get_token(session) == "access-1")
    assert len(small.token_calls) == 1


class At:
    """Environments at a time that the test holds."""

    def __init__(self):
        self.clock = Clock()
        self.transport = HttpxTransport(Trust(), Proxies(None, trust_env=False))
        self.env = BlockingEnv(self.transport, clock=self.clock.now)

    def refused(self, plugin):
        with pytest.raises(errors.AuthenticationError) as caught:
            drive(plugin.credential(self.env))
        return caught.value


@pytest.fixture
def at():
    at = At()
    yield at
    at.transport.close()


def program(small, secret="wrong", store=None):
    return ClientCredentials(small.issuer, "job", client_secret=secret, store=store)


def test_a_refusal_is_remembered_for_five_seconds_and_then_tried_again(small, at):
    small.on_token = lambda _: refused("invalid_client", 401)
    plugin = program(small)
    first = at.refused(plugin)
    at.clock.advance(4_999)
    assert at.refused(plugin) is first
    assert len(small.token_calls) == 1
    at.clock.advance(1)
    at.refused(plugin)
    assert len(small.token_calls) == 2


def test_a_refusal_counts_from_when_it_came_not_from_when_it_was_asked_for(small, at):
    def slowly(_):
        at.clock.advance(seconds=60)
        return refused("invalid_client", 401)

    small.on_token = slowly
    plugin = program(small)
    at.refused(plugin)
    at.refused(plugin)
    assert len(small.token_calls) == 1


def test_a_refusal_is_remembered_in_other_processes_for_the_same_secret_alone(small, store, at):
    small.on_token = lambda _: refused("invalid_client", 401)
    told = at.refused(program(small, store=store))
    assert at.refused(program(small, store=store)).public == told.public
    assert len(small.token_calls) == 1
    small.on_token = None
    right = program(small, "right", store)
    assert drive(right.credential(at.env)).access_token == "access-2"
    assert drive(program(small, "right", store).credential(at.env)).access_token == "access-2"
    assert len(small.token_calls) == 2


def test_what_is_kept_is_not_served_to_another_secret(small, store, at):
    drive(program(small, "right", store).credential(at.env))
    small.on_token = lambda _: refused("invalid_client", 401)
    at.refused(program(small, store=store))
    small.on_token = lambda _: None
    with pytest.raises(errors.ConnectFailure):
        drive(program(small, "other", store).credential(at.env))
    assert len(small.token_calls) >= 3, "the server was asked about each"
    assert drive(program(small, "right", store).credential(at.env)).access_token == "access-1"


def test_a_secret_that_the_server_takes_replaces_what_is_kept(small, store, at):
    drive(program(small, "old", store).credential(at.env))
    assert drive(program(small, "new", store).credential(at.env)).access_token == "access-2"
    assert drive(program(small, "new", store).credential(at.env)).access_token == "access-2"
    small.on_token = lambda _: refused("invalid_client", 401)
    at.refused(program(small, "old", store))


def test_what_is_remembered_of_a_refusal_holds_no_secret_and_ends(small, store, at):
    small.on_token = lambda _: refused("invalid_client", 401)
    at.refused(program(small, "wr0ng-s3cret", store))
    (note,) = notes(store)
    assert "refused" in note.read_text()
    assert "wr0ng-s3cret" not in note.read_text()
    assert Accounts(store).readable() == ([], [])
    at.clock.advance(seconds=5)
    small.on_token = None
    drive(program(small, "wr0ng-s3cret", store).credential(at.env))
    assert notes(store) == []


def notes(store):
    return list(Path(store.paths.credentials).glob("*.refused"))
