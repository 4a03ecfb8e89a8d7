"""The client bench: CPU µs a request with a cached token and history on, ours beside its peers, against
one small server in another process; import and size of a script that uses one session."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from bench.client_sides import SIDES
from bench.process import ROOT, server
from bench.startup import cpu_ms

COUNT = 4_000
ROUNDS = 3
SIZES = ("one session, httpx2", "one session, fast")
Figures = dict[str, float]


@dataclass(frozen=True)
class Limit:
    """The most that ours may take."""

    name: str
    most: float
    unit: str = "µs"


@dataclass(frozen=True)
class Race:
    """How many times cheaper than `peer` the request of `ours` must be."""

    ours: str
    peer: str
    least: float


LIMITS = (
    Limit("over send, httpx2", 15),
    Limit("over send, fast", 15),
    Limit("over send, httpx2, awaited", 20),
    Limit("over send, fast, awaited", 20),
    Limit("endpoint filter, over send", 25),
    Limit("DPoP proof", 120),
    Limit("bound request over a bearer's, httpx2", 140),
    Limit("import sojourn", 60, "ms CPU"),
    Limit("one session, httpx2", 40, "MB"),
    Limit("one session, fast", 40, "MB"),
)
RACES = (
    *(Race("ours, httpx2", peer, 1.7) for peer in ("keystoneauth1", "google-auth")),
    Race("ours, httpx2", "requests-oauthlib", 1.7),
    Race("endpoint filter, ours", "endpoint filter, keystoneauth1", 1.7),
    *(Race("ours, fast", peer, 5) for peer in ("keystoneauth1", "google-auth")),
    Race("ours, fast", "requests-oauthlib", 5),
    Race("DPoP proof", "DPoP proof, joserfc", 1),
    Race("32 tasks, ours, fast", "32 tasks, Authlib", 6),
)


def run(*, quick: bool) -> Figures:
    """All figures by name. Sides take turns; of several rounds the least counts, since disturbance
    only adds."""
    count = COUNT // 10 if quick else COUNT
    port = free_port()
    rounds: list[Figures] = []
    with server([sys.executable, "-m", "bench.client_server", str(port)], port=port):
        root = f"http://127.0.0.1:{port}"
        for _ in range(1 if quick else ROUNDS):
            rounds.append({name: measured(name, root, count) for name in SIDES})  # noqa: PERF401
    found = {name: min(each[name] for each in rounds) for name in SIDES}
    found["bound request over a bearer's, httpx2"] = (
        found["bound request, httpx2"] - found["ours, httpx2"]
    )
    found["import sojourn"] = cpu_ms([sys.executable, "-c", "import sojourn; sojourn.Session"])
    return found


def measured(name: str, root: str, count: int) -> float:
    """The figure of one side, from a process of its own."""
    command = [sys.executable, "-m", "bench.client_sides", name, root, str(count)]
    said = subprocess.run(
        command, cwd=ROOT, env=_bare(os.environ), check=True, stdout=subprocess.PIPE, text=True
    )
    return float(json.loads(said.stdout))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port


def _bare(env: Mapping[str, str]) -> dict[str, str]:
    """Without proxies, which would lie between; oauthlib is told that loopback is as good as TLS."""
    kept = {name: value for name, value in env.items() if not name.lower().endswith("_proxy")}
    return {**kept, "OAUTHLIB_INSECURE_TRANSPORT": "1"}
