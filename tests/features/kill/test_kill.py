"""kill -9 under load, over and over on one data folder: nothing acknowledged is lost, no ending is undone."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sojourn.testing.server import ServerInTest
from tests.features.kill.workers import (
    Issues,
    Redeems,
    Refreshes,
    Revokes,
    SignsOut,
    Worker,
    World,
)
from tests.security.browser import PASSWORD, Browser, app

KILLS = 50
MOST = 40
"""Acknowledgements after which the server is killed at the latest."""
SOJOURN = Path(sys.executable).with_name("sojourn")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`sojourn serve` from ready to killed; its log must hold no traceback."""
    log = folder / "serve.log"
    command = [str(SOJOURN), "serve", "--data", str(folder), "--port", str(port)]
    with log.open("wb") as stream:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream)
        assert child.stdout is not None
        with child.stdout as said:
            try:
                assert said.readline().startswith(b"Sojourn is ready"), log.read_text()
                yield child
            finally:
                child.kill()
                child.wait()
    assert "Traceback" not in log.read_text()


def prepare(folder: Path) -> str:
    """Users and a client of ours; returns its secret."""
    with ServerInTest(folder) as server:
        for login in ("stayer", "leaver"):
            server.add_user(login, PASSWORD)
        return server.add_client(app(trusted=True))


def workers(world: World) -> list[Worker]:
    browser = Browser(world.issuer)
    assert browser.sign_in("stayer").status == 303
    refreshing = []
    for _ in range(2):
        first = world.redeem(world.code(browser)).json
        refreshing.append(Refreshes(world, first["refresh_token"]))
    return [
        Issues(world),
        Revokes(world),
        *refreshing,
        Redeems(world, browser),
        Redeems(world, browser),
        SignsOut(world, "leaver"),
    ]


@pytest.mark.crash
def test_a_server_killed_under_load_loses_nothing_and_undoes_no_ending(tmp_path: Path):
    folder, port = tmp_path / "data", free_port()
    secret = prepare(folder)
    told = threading.Semaphore(0)
    world = World(f"http://127.0.0.1:{port}", "app", secret, told.release)
    chance = random.Random(20_261_121)
    with serving(folder, port):
        crew = workers(world)
    for _ in range(KILLS):
        with serving(folder, port) as child:
            for worker in crew:
                worker.recover()
                worker.check_new()
            threads = [worker.start() for worker in crew]
            for _ in range(chance.randrange(MOST)):
                assert told.acquire(timeout=60)
            child.kill()
            for thread in threads:
                thread.join(60)
        assert not [worker.failure for worker in crew if worker.failure]
        while told.acquire(blocking=False):
            pass
    with serving(folder, port):
        for worker in crew:
            worker.recover()
            worker.check_all()
    assert sum(len(worker.live) for worker in crew) > 5 * KILLS
    assert all(worker.dead for worker in crew if isinstance(worker, Revokes | Redeems | SignsOut))
