"""Our server under measurement: `sojourn serve` on durable SQLite in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.process import ROOT, server
from bench.target import REDIRECT_URI, Target, metadata_of

PORT = 8501
SOJOURN = str(Path(sys.executable).with_name("sojourn"))
PERSON, PASSWORD = "ada", "correct horse battery staple"
CLIENT_ID, CLIENT_SECRET = "bench", "bench-secret-bench-secret-bench-secret"
OPAQUE, JWT = "urn:bench:opaque", "urn:bench:jwt"

# What the server holds before it is measured; each line is `sojourn`, these words and `--data DIR`.
PROVISION: tuple[tuple[tuple[str, ...], str], ...] = (
    (("users", "add", PERSON, "--password-stdin"), PASSWORD),
    (("resources", "add", OPAQUE, "--scope", "api"), ""),
    (("resources", "add", JWT, "--scope", "api", "--access-token-format", "jwt"), ""),
    (
        (
            *("clients", "add", CLIENT_ID, "--secret-stdin", "--redirect-uri", REDIRECT_URI),
            *("--grant", "authorization_code", "--grant", "refresh_token"),
            *("--grant", "client_credentials", "--scope", "openid profile offline_access api"),
            *("--resource", OPAQUE, "--resource", JWT),
        ),
        CLIENT_SECRET,
    ),
)


def provision(data: Path) -> None:
    """Fill an empty data folder."""
    for words, said in PROVISION:
        command = [SOJOURN, *words, "--data", str(data)]
        done = subprocess.run(
            command, cwd=ROOT, check=False, capture_output=True, input=said, text=True
        )
        if done.returncode:
            message = f"sojourn {' '.join(words)}: {done.stderr.strip()[-500:]}"
            raise RuntimeError(message)


def serve_command(data: Path, port: int) -> list[str]:
    return [SOJOURN, "serve", "--data", str(data), "--host", "127.0.0.1", "--port", str(port)]


def target_of(pid: int, port: int) -> Target:
    issuer = f"http://127.0.0.1:{port}"
    return Target(
        name="sojourn",
        issuer=issuer,
        pid=pid,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        opaque=OPAQUE,
        jwt=JWT,
        scope="api",
        fills={"login": PERSON, "password": PASSWORD, "decision": "allow"},
        metadata=metadata_of(issuer),
    )


@contextmanager
def sojourn(port: int = PORT) -> Iterator[Target]:
    """A running server of ours; it and its data end with the block."""
    with tempfile.TemporaryDirectory(prefix="sojourn-bench-") as folder:
        data = Path(folder) / "data"
        provision(data)
        with server(serve_command(data, port), port=port) as (process, _):
            yield target_of(process.pid, port)
