"""The jobs bench: a thousand job credentials minted in one call, against our server. How many a second, and the CPU
that each takes of the client and of the server."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from bench.ours import sojourn
from bench.process import ROOT, cpu_seconds
from bench.target import Target

COUNT = 1_000
ROUNDS = 3
Figures = dict[str, float]


@dataclass(frozen=True)
class Limit:
    """What ours must keep: at least `least`, or at most `most`; without either it is only told."""

    name: str
    unit: str
    least: float | None = None
    most: float | None = None

    def kept(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )


LIMITS = (
    Limit("jobs in one call", "a second", least=1_000),
    Limit("client, a job", "µs CPU", most=1_000),
    Limit("server, a job", "µs CPU"),
)
_MINT = """
import json, sys, time
from sojourn import serialize_jobs
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.client.user import User
from sojourn.client.who import Who
from sojourn.wire.job import new_keys

told = json.loads(sys.stdin.read())
now = time.time_ns() // 1_000_000
issuer, end = told["issuer"], now + 3_000_000
plugin = AuthorizationCode(issuer, told["client_id"], client_secret=told["secret"], dpop=False)
plugin.adopt(Credential(now, told["access"], now, expires_at=end, refresh_token=told["refresh"]))
user = User(Who("oidc", told["issuer"], "ada", subject="ada"), lambda: plugin)
farm = new_keys()[1]
serialize_jobs(user, [f"warm {number}" for number in range(20)], scope="openid", recipient=farm)
names = [f"frame {number}" for number in range(told["count"])]
wall, cpu = time.perf_counter(), time.process_time()
texts = serialize_jobs(user, names, scope="openid", recipient=farm)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
assert len(set(texts)) == told["count"]
print(json.dumps({"a second": told["count"] / wall, "cpu": 1e6 * cpu / told["count"]}))
"""


def run(*, quick: bool) -> Figures:
    """The best of several rounds, since disturbance only slows."""
    count = COUNT // 10 if quick else COUNT
    with sojourn() as target:
        rounds = [_round(target, count) for _ in range(1 if quick else ROUNDS)]
    best = {name: min(one[name] for one in rounds) for name in rounds[0]}
    return best | {"jobs in one call": max(one["jobs in one call"] for one in rounds)}


def _round(target: Target, count: int) -> Figures:
    browser = target.browser()
    tokens = target.tokens(browser, scope="openid")
    browser.close()
    told = {
        "issuer": target.issuer,
        "client_id": target.client_id,
        "secret": target.client_secret,
        "access": tokens["access_token"],
        "refresh": tokens["refresh_token"],
        "count": count,
    }
    before = cpu_seconds(target.pid)
    done = subprocess.run(
        [sys.executable, "-c", _MINT],
        cwd=ROOT,
        check=True,
        input=json.dumps(told),
        stdout=subprocess.PIPE,
        text=True,
    )
    said = json.loads(done.stdout)
    spent = cpu_seconds(target.pid) - before
    return {
        "jobs in one call": said["a second"],
        "client, a job": said["cpu"],
        "server, a job": 1e6 * spent / count,
    }
