"""The start-up bench: CPU of an import and of short commands; readiness and size of a server."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.http import measure
from bench.ours import PORT, SOJOURN, Secrets, provision, serve_command, target_of
from bench.process import ROOT, resident_mib, server
from bench.units import UNITS, Unit

REPEATS = 9
FEW, MANY = 1_000, 100_000
HTTP_LIBRARIES = ["httpx2", "httpcore2", "httpx", "requests", "urllib3", "aiohttp", "http.client"]
Figures = dict[str, float]


@dataclass(frozen=True)
class Limit:
    """The most that ours may take."""

    name: str
    most: float
    unit: str


LIMITS = (
    Limit("import sojourn", 60, "ms CPU"),
    Limit("HTTP libraries it imports", 0, ""),
    Limit("sojourn token", 80, "ms CPU"),
    Limit("completion", 80, "ms CPU"),
    Limit("refusal where nobody can be asked", 50, "ms"),
    Limit("server ready", 1_000, "ms"),
    Limit("resident at start", 60, "MiB"),
    Limit("resident growth, 1,000 to many tokens", 5, "MiB"),
    Limit("disk a token", 1_024, "B"),
)


def cpu_ms(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, says: str = ""
) -> float:
    """Median CPU milliseconds of a short command that says `says`, from its start to its end."""
    return statistics.median(_once(command, env, says) for _ in range(REPEATS))


def _once(command: Sequence[str], env: Mapping[str, str] | None, says: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    if "Traceback" in done.stderr or says not in done.stdout:
        message = f"{' '.join(command)}: {done.stdout[-200:]} {done.stderr.strip()[-500:]}"
        raise RuntimeError(message)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return spent * 1000


def imports() -> Figures:
    """`import sojourn` and its Session, the interpreter included; and what it drags in."""
    statement = "import sojourn; sojourn.Session"
    check = f"{statement}; import sys; print(sum(n in sys.modules for n in {HTTP_LIBRARIES!r}))"
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return {
        "import sojourn": cpu_ms([sys.executable, "-c", statement]),
        "HTTP libraries it imports": float(done.stdout),
    }


def commands() -> Figures:
    """`sojourn token` for an account that is not there, and the completion of a word."""
    with tempfile.TemporaryDirectory(prefix="sojourn-bench-") as home:
        bare = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
        completion = {
            "_SOJOURN_COMPLETE": "bash_complete",
            "COMP_WORDS": "sojourn t",
            "COMP_CWORD": "1",
        }
        return {
            "sojourn token": cpu_ms([SOJOURN, "token"], env=bare),
            "completion": cpu_ms([SOJOURN], env=bare | completion, says="token"),
        }


def refusal() -> Figures:
    """From the call of the prompt to InteractionRequired where nobody can be asked, imports on the way included."""
    statement = (
        "import time\n"
        "from sojourn import errors\n"
        "began = time.perf_counter()\n"
        "from sojourn.client.prompt.choice import DefaultPrompt\n"
        "from sojourn.client.prompt.contract import Form\n"
        "try:\n    DefaultPrompt().ask(Form('Studio'), None)\n"
        "except errors.InteractionRequired as error:\n    assert len(error.ways_out) == 3\n"
        "print((time.perf_counter() - began) * 1000)"
    )
    took = [
        float(
            subprocess.run(
                [sys.executable, "-c", statement],
                cwd=ROOT,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout
        )
        for _ in range(REPEATS)
    ]
    return {"refusal where nobody can be asked": statistics.median(took)}


def serving(*, quick: bool) -> Figures:
    """Readiness, then memory and disk while tokens pile up."""
    many = MANY // 10 if quick else MANY
    with tempfile.TemporaryDirectory(prefix="sojourn-bench-") as folder:
        data = Path(folder) / "data"
        secrets = provision(data, PORT)
        with server(serve_command(data, PORT), port=PORT) as (process, ready):
            start = resident_mib(process.pid)
            few = mint(process.pid, secrets, FEW)
        before = size_of(data)
        with server(serve_command(data, PORT), port=PORT) as (process, _):
            mint(process.pid, secrets, FEW)
            grown = mint(process.pid, secrets, many)
        disk = (size_of(data) - before) / (many + FEW)
    return {
        "server ready": ready * 1000,
        "resident at start": start,
        "resident growth, 1,000 to many tokens": grown - few,
        "disk a token": disk,
    }


def mint(pid: int, secrets: Secrets, count: int) -> float:
    """Mint and store `count` opaque tokens; resident MiB afterwards."""
    unit = next(unit for unit in UNITS if unit.name == "client_credentials opaque")
    counted = Unit(unit.name, unit.plan, count=count, must=0, aim=0, expected=0)
    return measure(target_of(pid, PORT, secrets), counted, quick=False, warm=0).resident_mib


def size_of(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def run(*, quick: bool) -> Figures:
    """All figures by name."""
    parts: tuple[Callable[[], Figures], ...] = (
        imports,
        commands,
        refusal,
        lambda: serving(quick=quick),
    )
    return {name: value for part in parts for name, value in part().items()}
