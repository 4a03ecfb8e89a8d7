"""Processes that share one credential, forked from one that has imported everything: `python -m tests.client.crew` with
a setting as JSON. Each says a line of JSON on standard output when it is ready and another at its end; they begin, or
stop, when standard input closes.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sojourn import Accounts, AsyncSession, Session
from sojourn.client.cache.store import CredentialStore
from sojourn.client.dialects.oidc import ClientCredentials
from sojourn.client.renewal import RenewingAuth
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.contract import Reply, Request
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.errors import AuthenticationError, ConnectFailure
from sojourn.testing.route import route

ROOT = Path(__file__).parents[2]


@contextmanager
def crew(**setting: Any) -> Iterator[subprocess.Popen[str]]:
    """Start the processes that `setting` describes: `work`, `processes`, and what the work takes."""
    command = [sys.executable, "-m", "tests.client.crew", json.dumps(setting)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as leader:  # type: ignore[call-overload]
        try:
            yield leader
        except BaseException:
            leader.terminate()  # its children end when they see that standard input is closed
            raise


def told(leader: subprocess.Popen[str], count: int) -> list[dict[str, Any]]:
    """Return the next `count` lines that a crew says."""
    assert leader.stdout is not None
    return [json.loads(leader.stdout.readline()) for _ in range(count)]


def let_go(leader: subprocess.Popen[str]) -> None:
    """Tell the whole crew to begin, or to stop."""
    assert leader.stdin is not None
    leader.stdin.close()


# In the crew -------------------------------------------------------------------------------------------------------


def say(**members: object) -> None:
    os.write(1, json.dumps(members).encode() + b"\n")  # one write: lines of many do not mix


def told_to() -> bool:
    """Tell whether standard input is closed."""
    return bool(select.select([0], [], [], 0)[0])


def main(setting: dict[str, Any]) -> None:
    """Fork the processes; one that was killed is followed by another."""
    work: Callable[[dict[str, Any], int], None] = {"ask": ask, "rotate": rotate}[setting["work"]]
    import filelock  # noqa: F401 - imported once, before the fork
    import httpx2  # noqa: F401

    living: set[int] = set()
    number = killed = 0
    while number < setting["processes"] + killed or living:
        if number < setting["processes"] + killed:
            living.add(_forked(work, setting, number))
            number += 1
            continue
        child, status = os.wait()
        living.discard(child)
        died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        killed += died
        if status and not died:
            raise SystemExit(1)
    if setting["work"] == "rotate":
        say(killed=killed)


def _forked(work: Callable[[dict[str, Any], int], None], setting: dict[str, Any], n: int) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work(setting, n)
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
            raise
        finally:
            os._exit(code)
    return child


def ask(setting: dict[str, Any], number: int) -> None:
    """Ask for `resource` eight times at once, on threads, on tasks, or on both; say with which tokens."""
    auth, url, face = plugin(setting), setting["resource"], setting["face"]
    threads, tasks = {"threads": (8, 0), "tasks": (0, 8), "mixed": (4, 4)}[face]
    session = Session(auth, trust_env=False)
    if "now" in setting:
        session.env.now = lambda: setting["now"]  # type: ignore[method-assign]
    barrier = threading.Barrier(threads + bool(tasks) + 1)

    def on_thread() -> str:
        barrier.wait()
        return outcome(lambda: session.get(url).request.headers[-1][1])

    async def on_tasks() -> list[str]:
        async with AsyncSession(auth, trust_env=False) as session:
            answers = [session.get(url) for _ in range(tasks)]
            done = await asyncio.gather(*answers, return_exceptions=True)
        return [
            type(one).__name__ if isinstance(one, BaseException) else one.request.headers[-1][1]
            for one in done
        ]

    def loop() -> list[str]:
        barrier.wait()
        return asyncio.run(on_tasks())

    with ThreadPoolExecutor(threads + 1) as pool:
        alone = [pool.submit(on_thread) for _ in range(threads)]
        together = [pool.submit(loop)] if tasks else []
        say(ready=number)
        select.select([0], [], [])
        barrier.wait()
        said = [one.result() for one in alone] + [one for many in together for one in many.result()]
    say(said=said)


def plugin(setting: dict[str, Any]) -> RenewingAuth:
    """Return the plugin of the one account, or of a program whose credential is kept in the same store."""
    secret = setting.get("secret")
    if secret is None:
        return Accounts().get().auth()
    issuer: str = setting["issuer"]
    return ClientCredentials(issuer, "job", client_secret=secret, store=CredentialStore())


def outcome(call: Callable[[], str]) -> str:
    try:
        return call()
    except AuthenticationError as error:
        return type(error).__name__


class Mortal(HttpxTransport):
    """Kills its process now and then, when an answer is there and nobody has seen it yet."""

    def __init__(self, chance: random.Random, killed: float) -> None:
        super().__init__(Trust(), Proxies(None, trust_env=False))
        self._chance = chance
        self._killed = killed

    def send(self, request: Request) -> Reply:
        reply = super().send(request)
        if request.method == "POST" and self._chance.random() < self._killed and not told_to():
            os.kill(os.getpid(), signal.SIGKILL)
        return reply


def rotate(setting: dict[str, Any], number: int) -> None:
    """Renew one account's credential over and over until told to stop; say what came of it."""
    with route(setting["routes"]):
        _rotate(setting, number)


def _rotate(setting: dict[str, Any], number: int) -> None:
    auth = Accounts().get().auth()
    chance = random.Random(f"{setting['seed']} {number}")
    session = Session(auth, transport=Mortal(chance, setting["killed"]), trust_env=False)
    with ThreadPoolExecutor(setting["threads"]) as pool:
        each = list(pool.map(lambda _: _renewals(auth, session), range(setting["threads"])))
    token = _until_answered(auth, session)
    answer = session.get(setting["resource"])
    say(
        renewed=sum(renewed for renewed, _ in each),
        lost=sum(lost for _, lost in each),
        token=token,
        status=answer.status_code,
    )


def _renewals(auth: RenewingAuth, session: Session) -> tuple[int, int]:
    renewed = lost = 0
    while not told_to():
        auth.invalidate()
        try:
            auth.get_token(session)
        except ConnectFailure:
            lost += 1
        else:
            renewed += 1
    return renewed, lost


def _until_answered(auth: RenewingAuth, session: Session) -> str | None:
    for _ in range(100):
        with suppress(ConnectFailure):
            return auth.get_token(session)
    return None


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
