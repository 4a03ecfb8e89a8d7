"""The sign-in bench: passwords at almost a core's rate, while calls of the token endpoint stay quick.

The core's rate is how many argon2id checks with the server's parameters one thread does alone. Then
people sign in without pause, each with cookies of their own, and a few connections ask for tokens.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher

from bench.browser import Browser, new_pkce
from bench.ours import PASSWORD
from bench.process import ROOT
from bench.target import Target
from bench.units import client_credentials_opaque
from sojourn.server.login.authenticators.password import LANES, MEMORY_KIB, PASSES

PEOPLE = 8
CALLERS = 4
PAUSE = 0.02
CHECKS = 60
Figures = dict[str, float]


@dataclass(frozen=True)
class Limit:
    """What ours must reach (`least`) or may not pass (`most`)."""

    name: str
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def judges(self) -> bool:
        return self.least is not None or self.most is not None

    def kept(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )


LIMITS = (
    Limit("a core's argon2id rate", "1/s"),
    Limit("sign-ins", "1/s"),
    Limit("sign-ins over the core's rate", "%", least=95),
    Limit("token calls p50 meanwhile", "ms"),
    Limit("token calls p99 meanwhile", "ms", most=20),
)


def core_rate() -> float:
    """argon2id checks a second on one thread."""
    hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
    stored = hasher.hash(PASSWORD)
    hasher.verify(stored, PASSWORD)
    started = time.perf_counter()
    for _ in range(CHECKS):
        hasher.verify(stored, PASSWORD)
    return CHECKS / (time.perf_counter() - started)


def people(target: Target, seconds: float) -> float:
    """Passwords a second that several people give; `prompt=login` asks each of them every time."""
    request = target.authorization(new_pkce().challenge, scope="openid", resource=None)
    again = request | {"prompt": "login"}
    endpoint = str(target.metadata["authorization_endpoint"])
    browsers = [target.browser() for _ in range(PEOPLE)]
    for browser in browsers:
        browser.authorize(endpoint, request)
    end = time.perf_counter() + seconds

    def person(browser: Browser) -> int:
        signed_in = 0
        while time.perf_counter() < end:
            browser.authorize(endpoint, again)
            signed_in += 1
        return signed_in

    started = time.perf_counter()
    with ThreadPoolExecutor(PEOPLE) as crowd:
        total = sum(crowd.map(person, browsers))
    return total / (time.perf_counter() - started)


def callers(target: Target, seconds: float) -> subprocess.Popen[str]:
    """A load that asks for opaque tokens for `seconds`; its first line out is its figures."""
    plan: dict[str, Any] = client_credentials_opaque(target)
    plan["connections"] = plan["connections"][:CALLERS]
    plan |= {"host": "127.0.0.1", "port": target.port, "warm": 200}
    plan |= {"seconds": seconds, "pause": PAUSE}
    load = subprocess.Popen(
        [sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert load.stdin
    assert load.stdout
    load.stdin.write(json.dumps(plan) + "\n")
    load.stdin.flush()
    if load.stdout.readline() != "ready\n":
        message = "the token calls broke off while they warmed up"
        raise RuntimeError(message)
    load.stdin.write("go\n")
    load.stdin.flush()
    return load


def run(target: Target, *, quick: bool) -> Figures:
    """All figures by name."""
    seconds = 5.0 if quick else 20.0
    rate = core_rate()
    load = callers(target, seconds)
    signed_in = people(target, seconds)
    assert load.stdout
    took = json.loads(load.stdout.readline())
    load.communicate()
    return {
        "a core's argon2id rate": rate,
        "sign-ins": signed_in,
        "sign-ins over the core's rate": 100 * signed_in / rate,
        "token calls p50 meanwhile": took["p50"] * 1e3,
        "token calls p99 meanwhile": took["p99"] * 1e3,
    }
