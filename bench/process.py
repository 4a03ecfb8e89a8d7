"""Processes under measurement: their CPU time and memory, and starting and ending a server."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of `pid` so far, user and system, in seconds (granularity 10 ms)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mib(pid: int) -> float:
    """Resident memory of `pid` in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    message = f"process {pid} has no resident memory: it has ended"
    raise RuntimeError(message)


@contextmanager
def server(
    command: Sequence[str],
    *,
    port: int,
    env: Mapping[str, str] | None = None,
    limit: float = 30.0,
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """Run `command` until the block ends; gives the process and the seconds until it listened."""
    started = time.perf_counter()
    said = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, after the process has ended
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=said)
    try:
        yield process, _wait_until_open(process, said, port=port, started=started, limit=limit)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said.close()


def _wait_until_open(
    process: subprocess.Popen[bytes], errors: IO[bytes], *, port: int, started: float, limit: float
) -> float:
    while time.perf_counter() - started < limit:
        if process.poll() is not None:
            errors.seek(0)
            said = errors.read().decode(errors="replace")
            message = f"the server ended with {process.returncode}: {said.strip()[-500:]}"
            raise RuntimeError(message)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return time.perf_counter() - started
        time.sleep(0.01)
    message = f"nothing accepts on port {port} after {limit} s"
    raise RuntimeError(message)
