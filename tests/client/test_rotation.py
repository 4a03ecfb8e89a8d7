"""Many processes renew one account at our own server while answers get lost and processes die: nobody who is healthy is
signed out, and every theft is caught. `SOJOURN_REFRESHES` says how many refreshes; 2,000 if it is not set.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from sojourn import Accounts, errors
from sojourn.client.cache.store import CredentialStore
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.client.running import run
from sojourn.testing.route import route
from sojourn.testing.server import ServerInTest
from tests.client import crew
from tests.client.lossy import LossyWay
from tests.client.servers import Server
from tests.security.browser import (
    PASSWORD,
    Browser,
    Tokens,
    app,
    code_for,
    introspected,
    redeem,
    refresh,
    tokens_of,
)

REFRESHES = int(os.environ.get("SOJOURN_REFRESHES", "2000"))
LONG = REFRESHES > 2000
PROCESSES, THREADS = (64, 1) if LONG else (16, 4)
THEFTS = REFRESHES // 50
SEED = 20_261_126
LOST = 0.1
KILLED = 0.02
OFFLINE = "openid profile offline_access"


class World(Struct):
    """Our server, the lossy way to it, and a browser in which Ada is signed in."""

    server: ServerInTest
    way: LossyWay
    at: str
    secret: str
    browser: Browser

    @property
    def routes(self) -> dict[str, str]:
        return {self.server.issuer: self.at}

    def grant(self) -> Tokens:
        code = code_for(self.browser, "app", scope=OFFLINE)
        return tokens_of(redeem(self.server, "app", self.secret, code))

    def live(self, text: str) -> bool:
        return introspected(self.server, "app", self.secret, text)

    def signed_in(self, store: CredentialStore) -> Tokens:
        """Make a new grant the one account of `store`; returns its first tokens."""
        first, issuer = self.grant(), self.server.issuer
        now = time.time_ns() // 1_000_000
        account = store.account_id("oidc", issuer, "ada")
        auth = AuthorizationCode(
            issuer, "app", client_secret=self.secret, scope=OFFLINE, interactive=False
        )
        auth.adopt(
            Credential(now, first.access, now, refresh_token=first.refresh, expires_at=now + 1)
        )
        named = {"name": "ada", "subject": "ada", "username": "ada"}
        with store.locked(account):
            store.write(account, {**auth.record(), **named})
        return first


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    way = LossyWay(SEED, share=LOST)
    with ServerInTest(tmp_path / "server") as server, Server(way.answer) as there:
        way.to(server.issuer)
        server.add_user("ada", PASSWORD)
        secret = server.add_client(app(trusted=True))
        browser = Browser(server.issuer)
        assert browser.sign_in("ada").status == 303
        yield World(server, way, there.url, secret, browser)


def test_processes_renew_one_account_over_lost_answers_and_deaths(world, store):
    world.signed_in(store)
    world.way.wanted = REFRESHES
    setting = {
        "work": "rotate",
        "processes": PROCESSES,
        "threads": THREADS,
        "seed": SEED,
        "killed": KILLED,
        "routes": world.routes,
        "resource": f"{world.server.issuer}/userinfo",
    }
    with crew.crew(**setting) as leader:
        assert world.way.enough.wait(REFRESHES)  # a second each, which is much more than it takes
        crew.let_go(leader)
        *said, last = crew.told(leader, PROCESSES + 1)
    assert leader.returncode == 0
    counts = world.way.counts
    assert all(one["token"] and one["status"] == 200 for one in said)
    assert all(world.live(one["token"]) for one in said)
    assert all(len(given) == 1 for given in world.way.successors.values())
    assert counts["status 200"] == counts["acted"] >= REFRESHES
    assert min(counts["lost before"], counts["lost after"]) > REFRESHES * LOST / 4
    assert last["killed"] > REFRESHES * KILLED / 8


class Stolen(Struct):
    """An account of its own, and what a thief does with it. Every renewal goes over the lossy way."""

    world: World
    store: CredentialStore
    chance: random.Random
    elsewhere: Path
    tokens: list[str] = []

    def renewed(self, store: CredentialStore) -> None:
        """Renew what `store` holds, however often an answer gets lost."""
        while not self.tried(store):
            pass

    def tried(self, store: CredentialStore) -> bool:
        auth = Accounts(store).get().auth()
        auth.invalidate()
        try:
            self.tokens.append(run(auth.credential).access_token)
        except errors.ConnectFailure:
            return False
        return True

    def owner(self, least: int = 0) -> None:
        for _ in range(least + self.chance.randrange(3)):
            self.renewed(self.store)

    def copy(self) -> CredentialStore:
        shutil.copytree(self.store.paths.data, self.elsewhere)
        return CredentialStore(self.elsewhere)

    def caught(self, store: CredentialStore) -> None:
        with pytest.raises(errors.InteractionRequired):
            self.renewed(store)


def a_copy_is_used_after_its_owner_went_on(theft: Stolen) -> None:
    copied = theft.copy()
    theft.owner(1)
    theft.caught(copied)


def a_copy_is_used_first(theft: Stolen) -> None:
    copied = theft.copy()
    theft.renewed(copied)
    theft.caught(theft.store)


def a_copy_is_made_while_an_answer_is_lost(theft: Stolen) -> None:
    """The thief has the key of the renewal under way too, and may get the same successor: not the one after it."""
    way, usual = theft.world.way, theft.world.way.share
    way.share = 1.0
    assert not theft.tried(theft.store)
    way.share = usual
    copied = theft.copy()
    first, second = theft.chance.sample((copied, theft.store), 2)
    theft.renewed(first)
    theft.renewed(second)
    theft.renewed(first)
    theft.caught(second)


def an_old_token_is_presented(theft: Stolen) -> None:
    world = theft.world
    old = Accounts(theft.store).get().record["secrets"]["token"]["refresh_token"]
    theft.owner(1)
    answer = refresh(world.server, "app", world.secret, old)
    assert (answer.status, answer.error) == (400, "invalid_grant")


THEFT = (
    a_copy_is_used_after_its_owner_went_on,
    a_copy_is_used_first,
    a_copy_is_made_while_an_answer_is_lost,
    an_old_token_is_presented,
)


def test_every_theft_ends_the_grant(world, store, tmp_path):
    chance = random.Random(SEED)
    with route(world.routes):
        for number in range(THEFTS):
            first = world.signed_in(store)
            theft = Stolen(world, store, chance, tmp_path / f"stolen-{number}", [first.access])
            theft.owner()
            assert all(world.live(text) for text in theft.tokens)
            THEFT[number % len(THEFT)](theft)
            assert not any(world.live(text) for text in theft.tokens)
            theft.caught(store)
    assert world.way.counts["lost after"] > THEFTS * LOST / 4
    assert all(len(given) == 1 for given in world.way.successors.values())
