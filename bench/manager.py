"""The manager bench: CPU µs of session manager calls in process, at 10,000 users; bytes a session.

Each manager runs in a process of its own: `python -m bench.manager peer|ours time|memory USERS`.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from bench.process import ROOT
from bench.subject import Subject

USERS = 10_000
T = TypeVar("T")
Figures = dict[str, float]


@dataclass(frozen=True)
class Limit:
    """The most that ours may take, and what the peer took when that was set."""

    name: str
    most: float
    expected: float
    unit: str = "µs"


LIMITS = (
    Limit("create_session", 30, 144),
    Limit("mint opaque", 12, 231),
    Limit("mint ES256", 65, 341),
    Limit("session info by token", 8, 70),
    Limit("find_token", 8, 31),
    Limit("recursive revoke", 12, 111),
    Limit("session with 3 tokens", 1500, 8000, "B"),
)


def cpu_us(call: Callable[[T], object], items: Iterable[T]) -> float:
    """Mean CPU microseconds of `call` over `items`."""
    todo = list(items)
    gc.collect()
    started = time.process_time_ns()
    for item in todo:
        call(item)
    return (time.process_time_ns() - started) / len(todo) / 1000


def timed(open_subject: Callable[..., Subject], users: int) -> Figures:
    """All calls, each on every user once."""
    subject = open_subject(jwt=False)
    sessions: list[Any] = []
    figures = {
        "create_session": cpu_us(lambda user: sessions.append(subject.create(user)), names(users))
    }
    grants = [subject.grant(session) for session in sessions]
    codes = [subject.mint(grant, "authorization_code") for grant in grants]
    tokens: list[Any] = []

    def mint(parent: tuple[Any, Any]) -> None:
        tokens.append(subject.mint(parent[0], "access_token", based_on=parent[1]))

    figures["mint opaque"] = cpu_us(mint, zip(grants, codes, strict=True))
    texts = [token.value for token in tokens]
    owned = list(zip(sessions, texts, strict=True))
    figures["session info by token"] = cpu_us(subject.info, texts)
    figures["find_token"] = cpu_us(lambda token: subject.find(*token), owned)
    parents = [(session, code.value) for session, code in zip(sessions, codes, strict=True)]
    figures["recursive revoke"] = cpu_us(lambda code: subject.revoke(*code), parents)
    return figures | {"mint ES256": timed_jwt(open_subject(jwt=True), users)}


def timed_jwt(subject: Subject, users: int) -> float:
    """The same minting, as ES256 JWTs."""
    grants = [subject.grant(subject.create(user)) for user in names(users)]
    codes = [(grant, subject.mint(grant, "authorization_code")) for grant in grants]
    return cpu_us(lambda code: subject.mint(code[0], "access_token", based_on=code[1]), codes)


def names(users: int) -> list[str]:
    return [f"user{number}" for number in range(users)]


def held(open_subject: Callable[..., Subject], users: int) -> Figures:
    """Bytes that a session with a code, an access and a refresh token keeps allocated."""
    subject = open_subject(jwt=False)
    store_session(subject, "first")
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for user in names(users):
        store_session(subject, user)
    gc.collect()
    return {"session with 3 tokens": (tracemalloc.get_traced_memory()[0] - before) / users}


def store_session(subject: Subject, user: str) -> None:
    grant = subject.grant(subject.create(user))
    code = subject.mint(grant, "authorization_code")
    subject.mint(grant, "access_token", based_on=code)
    subject.mint(grant, "refresh_token")


def run(side: str, *, quick: bool) -> Figures:
    """Figures of `peer` or `ours` by name."""
    users = str(USERS // 10 if quick else USERS)
    found: Figures = {}
    for what in ("time", "memory"):
        command = [sys.executable, "-m", "bench.manager", side, what, users]
        said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
        found |= json.loads(said.stdout)
    return found


def main(side: str, what: str, users: str) -> None:
    if side == "peer":
        from bench.manager_peer import subject
    else:
        from bench.manager_ours import subject
    measure = timed if what == "time" else held
    json.dump(measure(subject, int(users)), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
