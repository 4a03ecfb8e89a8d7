"""A service that wants a newer or stronger sign-in (RFC 9470), as the client meets it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sojourn import Accounts, AsyncSession, Session, errors
from sojourn.client.auth import Stamp
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode, ClientCredentials, TokenExchange
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.interaction import NotAsked
from sojourn.client.renewal import RenewingAuth
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.contract import Reply, Request
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.driver import drive
from sojourn.testing.clock import Clock
from tests.client.servers import ok
from tests.client.small_provider import SmallProvider, signed_in
from tests.client.test_flight import at_once

CHALLENGE = 'Bearer error="insufficient_user_authentication", acr_values="urn:gold urn:silver", max_age="60"'
ROOT = Path(__file__).parents[2]


class Vault(SmallProvider):
    """A provider, and below /vault a service that opens to the tokens in `opens_to` alone."""

    def __init__(self) -> None:
        super().__init__()
        self.opens_to: set[str] = set()
        self.challenge = CHALLENGE
        self.knocks: list[str] = []
        self.knocked = threading.Semaphore(0)

    def answer(self, received):
        if received.path != "/vault":
            return super().answer(received)
        token = received.headers["authorization"].removeprefix("Bearer ")
        self.knocks.append(token)
        self.knocked.release()
        if token in self.opens_to:
            return ok()
        return 401, {"WWW-Authenticate": self.challenge}, b""

    @property
    def door(self) -> str:
        return f"{self.issuer}/vault"


@pytest.fixture
def vault(serve):
    vault = Vault()
    return vault.at(serve(vault.answer))


class Ada:
    """Who is asked by a plugin; each answer is a new credential, which opens the vault."""

    def __init__(self, vault: Vault, auth: AuthorizationCode) -> None:
        self.asked: list[errors.InteractionRequired] = []
        self.hold: threading.Event | None = None
        self.is_asked = threading.Event()
        self.says: Exception | None = None
        self.opens = True
        self.acr: Callable[[errors.InteractionRequired], str | None] = lambda _: None
        self._vault = vault
        auth.interactive = True
        auth.ask = self._ask  # type: ignore[method-assign]
        auth.may_ask = lambda: True  # type: ignore[method-assign]

    async def _ask(self, env, reason):
        self.asked.append(reason)
        self.is_asked.set()
        if self.hold is not None:
            assert self.hold.wait(60)
        if self.says is not None:
            raise self.says
        token = f"anew-{len(self.asked)}"
        if self.opens:
            self._vault.opens_to.add(token)
        now, acr = env.now(), self.acr(reason)
        claims = {"sub": "ada", **({"acr": acr} if acr else {})}
        return Credential(
            now, token, now, expires_at=now + 3_600_000, refresh_token="r", claims=claims
        )


def test_the_person_is_asked_as_the_service_wants_and_the_request_is_sent_once_more(face, vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    session = face.session(auth)
    assert session.request(vault.door, "POST", data=b"a letter").ok
    (reason,) = ada.asked
    assert isinstance(reason, errors.StepUpRequired)
    assert (reason.acr_values, reason.max_age) == (("urn:gold", "urn:silver"), 60)
    assert vault.knocks == ["access-0", "anew-1"]
    assert session.request(vault.door).ok
    assert (vault.knocks[2:], len(ada.asked)) == (["anew-1"], 1)
    assert vault.token_calls == []


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


@pytest.mark.parametrize("raise_exc", [True, False])
def test_a_silent_plugin_says_what_is_wanted_and_what_to_run(face, vault, raise_exc):
    session = face.session(signed_in(vault.issuer, lasts=3600))
    with pytest.raises(errors.StepUpRequired) as caught:
        session.request(f"{vault.door}?key=s3cret", raise_exc=raise_exc)
    error = caught.value
    assert (error.acr_values, error.max_age) == (("urn:gold", "urn:silver"), 60)
    assert isinstance(error, errors.InteractionRequired)
    text = str(error)
    assert "by one of urn:gold, urn:silver and at most 60 seconds old" in text
    assert text.endswith(
        f"Run: sojourn login {vault.issuer} --client-id native --scope openid "
        "--acr urn:gold --acr urn:silver --max-age 60"
    )
    assert "s3cret" not in text
    assert vault.knocks == ["access-0"]


def test_what_a_service_says_cannot_break_out_of_the_command_that_is_named(face, vault):
    vault.challenge = 'Bearer error="insufficient_user_authentication", acr_values="$(reboot);x"'
    session = face.session(signed_in(vault.issuer, lasts=3600))
    with pytest.raises(errors.StepUpRequired, match=r"--acr '\$\(reboot\);x'"):
        session.request(vault.door)


def test_where_nobody_can_be_reached_the_plugin_says_the_same(face, vault, nobody):
    auth = signed_in(vault.issuer, lasts=3600)
    auth.interactive = True
    with pytest.raises(errors.StepUpRequired, match="--max-age 60"):
        face.session(auth).request(vault.door)


def test_a_program_has_nobody_to_ask(face, vault):
    plugin = ClientCredentials(vault.issuer, "job", client_secret="s")
    with pytest.raises(errors.StepUpRequired, match="No person stands behind"):
        face.session(plugin).request(vault.door)


def test_who_acts_for_somebody_says_that_they_must_sign_in(vault):
    at = At()
    plugin = TokenExchange(vault.issuer, "front", client_secret="s", subject="their-token")
    reply = Reply(401, (("WWW-Authenticate", CHALLENGE),), b"")
    with pytest.raises(errors.StepUpRequired, match="exchanged for must sign in"):
        drive(plugin.challenged(at.env, Request("GET", vault.door), reply, Stamp()))
    at.transport.close()


def test_a_service_that_is_never_content_is_asked_twice_and_the_person_once(face, vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    ada.opens = False
    session = face.session(auth)
    with pytest.raises(errors.Unauthorized):
        session.request(vault.door)
    assert (len(vault.knocks), len(ada.asked)) == (2, 1)
    with pytest.raises(errors.StepUpRequired, match="not enough"):
        session.request(vault.door)
    assert (len(vault.knocks), len(ada.asked)) == (3, 1)


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


def test_a_provider_that_gives_another_way_than_was_asked_for_is_not_asked_for_ever(face, vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    ada.opens, ada.acr = False, lambda _: "urn:tin"
    assert face.session(auth).request(vault.door, raise_exc=False).status_code == 401
    assert len(ada.asked) == 1


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


class At:
    """Environments at a time that the test holds."""

    def __init__(self):
        self.clock = Clock()
        self.transport = HttpxTransport(Trust(), Proxies(None, trust_env=False))
        self.env = BlockingEnv(self.transport, clock=self.clock.now)

    def challenged(self, auth: RenewingAuth, url: str):
        request = Request("GET", url)
        stamp = drive(auth.authorize(self.env, request))
        reply = drive(self.env.send(request._replace(headers=stamp.headers)))
        assert reply.status == 401
        return drive(auth.challenged(self.env, request, reply, stamp))


def test_a_sign_in_that_grew_old_is_asked_for_again(vault):
    at = At()
    auth = AuthorizationCode(vault.issuer, "native", scope="openid")
    ada = Ada(vault, auth)
    ada.opens = False
    at.challenged(auth, vault.door)
    first = len(ada.asked)
    at.clock.advance(59_999)
    with pytest.raises(errors.StepUpRequired, match="not enough"):
        at.challenged(auth, vault.door)
    at.clock.advance(1)
    at.challenged(auth, vault.door)
    assert len(ada.asked) == first + 1
    at.transport.close()


def test_something_else_that_is_wanted_is_asked_for_at_once(face, vault):
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    session = face.session(auth)
    session.request(vault.door)
    vault.opens_to.clear()
    vault.challenge = 'Bearer error="insufficient_user_authentication"'
    assert session.request(vault.door).ok
    assert [
        reason.max_age for reason in ada.asked if isinstance(reason, errors.StepUpRequired)
    ] == [
        60,
        None,
    ]


def test_a_refreshed_token_of_the_same_sign_in_is_not_taken_for_a_new_one(face, vault):
    auth = signed_in(vault.issuer)
    ada = Ada(vault, auth)
    session = face.session(auth)
    assert session.request(vault.door).ok
    assert vault.knocks == ["access-1", "anew-1"]
    assert len(ada.asked) == 1
    auth.invalidate()
    assert session.request(f"{vault.issuer}/r").ok
    vault.opens_to = {"access-2"}
    assert session.request(vault.door).ok
    assert len(ada.asked) == 1


def test_a_challenge_that_breaks_its_grammar_is_a_plain_401(face, vault):
    vault.challenge = f"{CHALLENGE} oops"
    auth = signed_in(vault.issuer, lasts=3600)
    ada = Ada(vault, auth)
    with pytest.raises(errors.Unauthorized):
        face.session(auth).request(vault.door)
    assert (vault.knocks, ada.asked) == (["access-0", "access-1"], [])


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


def test_a_signed_out_account_is_not_brought_back(vault, store):
    auth = signed_in(vault.issuer, store, lasts=3600)
    Ada(vault, auth)
    with Session(auth, trust_env=False) as session:
        session.get_token()
        store.remove(Accounts(store).get().id)
        with pytest.raises(errors.InteractionRequired, match="signed out"):
            session.get(vault.door)
    assert list(Accounts(store)) == []


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
