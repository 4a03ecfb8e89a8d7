"""The HTTP bench: CPU time of a server per unit, and latency at 16 connections.

Above targets, units and processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from bench.process import ROOT, cpu_seconds, resident_mib
from bench.target import Target
from bench.units import UNITS, Plan, Unit

ROUNDS = 3

Open = Callable[[], AbstractContextManager[Target]]


@dataclass(frozen=True)
class Figure:
    """Microseconds of CPU per unit, latencies in milliseconds, resident MiB after the unit."""

    cpu_us: float
    p50_ms: float
    p99_ms: float
    resident_mib: float


def measure(target: Target, unit: Unit, *, quick: bool = False, warm: int | None = None) -> Figure:
    """Warm the server up (by a fifth of the units), then run and read its CPU clock around them."""
    count = unit.count // 4 if quick else unit.count
    plan: Plan = unit.plan(target) | {
        "host": "127.0.0.1",
        "port": target.port,
        "warm": max(count // 5, 400) if warm is None else warm,
        "count": count,
    }
    load = subprocess.Popen(
        [sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert load.stdin
    assert load.stdout
    with load:
        load.stdin.write(json.dumps(plan) + "\n")
        load.stdin.flush()
        _expect_ready(load.stdout.readline(), target, unit)
        before = cpu_seconds(target.pid)
        load.stdin.write("go\n")
        load.stdin.flush()
        said = load.stdout.readline()
        spent = cpu_seconds(target.pid) - before
    if not said:
        message = f"{target.name}: the load of {unit.name!r} broke off"
        raise RuntimeError(message)
    took = json.loads(said)
    return Figure(
        cpu_us=spent / count * 1e6,
        p50_ms=took["p50"] * 1e3,
        p99_ms=took["p99"] * 1e3,
        resident_mib=resident_mib(target.pid),
    )


def _expect_ready(said: str, target: Target, unit: Unit) -> None:
    if said != "ready\n":
        message = f"{target.name}: the warm-up of {unit.name!r} broke off"
        raise RuntimeError(message)


def run(sides: Mapping[str, Open], *, quick: bool, only: str = "") -> dict[str, dict[str, Figure]]:
    """All units (or those whose name contains `only`) against fresh servers: side -> unit -> figure.

    Sides take turns within a unit, so that a busy machine harms both; of several rounds the one of
    least CPU counts, since disturbance only adds.
    """
    found: dict[str, dict[str, Figure]] = {side: {} for side in sides}
    with ExitStack() as servers:
        targets = {side: servers.enter_context(opened()) for side, opened in sides.items()}
        for unit in (unit for unit in UNITS if only in unit.name):
            rounds = [
                {side: measure(target, unit, quick=quick) for side, target in targets.items()}
                for _ in range(1 if quick else ROUNDS)
            ]
            for side in sides:
                best = min((each[side] for each in rounds), key=lambda figure: figure.cpu_us)
                found[side][unit.name] = best
    return found
