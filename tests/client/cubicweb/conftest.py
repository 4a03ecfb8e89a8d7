"""A real CubicWeb 5 for the tests of its dialect, in a process of its own, and one that lets guests in."""

from __future__ import annotations

import json
import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sojourn import Session
from sojourn.client.dialects.cubicweb import BasicAuth, CookieAuth, SignedRequestAuth
from tests.client.certificates import certificate

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".build" / "cubicweb" / "bin" / "python"
LIMIT = 180
"""Seconds until it listens; it takes ten on a machine that does nothing else."""

LOGINS = "Any L WHERE X is CWUser, X login L"


class Instance(NamedTuple):
    """One that runs. `http` and `https` are its addresses, `ca` is the authority of the latter."""

    process: subprocess.Popen[str]
    log: Path
    http: str
    https: str
    ca: str
    password: str
    token: dict[str, str]

    def cookie(self, password: str | None = None) -> CookieAuth:
        return CookieAuth(self.http, "jane", self.password if password is None else password)

    def basic(self, password: str | None = None) -> BasicAuth:
        return BasicAuth(self.http, "jane", self.password if password is None else password)

    def signed(self, secret: str | None = None) -> SignedRequestAuth:
        return SignedRequestAuth(self.http, self.token["id"], secret or self.token["secret"])

    @property
    def view(self) -> str:
        return f"{self.http}/view"

    @property
    def rql(self) -> str:
        return f"{self.http}/api/v1/rql"

    def order(self, order: str) -> Any:
        """Have the server do what `ORDERS` of its program describes."""
        return _asked(self.process, order, self.log)

    def asked(self, request: str) -> int:
        """How often `request`, a method and a path, came since this was asked last."""
        found: list[str] = self.order("seen")
        return found.count(request)


def is_nobody(instance: Instance, cookie: str) -> bool:
    """Whether the server does not know who `cookie` is, and sends to its sign-in page."""
    with Session(trust_env=False) as plain:
        answer = plain.get(instance.view, headers={"Cookie": cookie}, redirect=False)
    return answer.status_code == 303 and "/login?postlogin_path=" in answer.headers["location"]


def _asked(process: subprocess.Popen[str], line: str, log: Path) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    ready, _, _ = select.select([process.stdout], [], [], LIMIT)
    said = process.stdout.readline() if ready else ""
    if not said:
        pytest.fail(f"CubicWeb did not answer: {log.read_text(encoding='utf-8')[-2000:]}")
    return json.loads(said)


@contextmanager
def running(folder: Path, *, path: str, guests: bool) -> Iterator[Instance]:
    if not PYTHON.exists():
        pytest.fail("CubicWeb is not installed: run `make .build/cubicweb/.stamp`")
    authority, _ = certificate(folder)
    log = folder / "cubicweb.log"
    settings = {
        "folder": str(folder),
        "certificate": str(folder / "server.pem"),
        "path": path,
        "guests": guests,
    }
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            [PYTHON, "-W", "ignore", ROOT / "tests" / "peers" / "cubicweb_server.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            # CubicWeb behaves otherwise where it finds itself in a test.
            env={name: value for name, value in os.environ.items() if "PYTEST" not in name},
            text=True,
        ) as process,
    ):
        try:
            yield Instance(process, log, ca=authority, **_asked(process, json.dumps(settings), log))
        finally:
            process.kill()


@pytest.fixture(scope="session")
def closed(tmp_path_factory) -> Iterator[Instance]:
    """It lets in nobody who is not signed in, and has a folder of its host for itself."""
    with running(tmp_path_factory.mktemp("closed"), path="/data", guests=False) as instance:
        yield instance


@pytest.fixture(scope="session")
def open_to_guests(tmp_path_factory) -> Iterator[Instance]:
    """At the root of its host."""
    with running(tmp_path_factory.mktemp("open"), path="", guests=True) as instance:
        yield instance


@pytest.fixture
def cubicweb(closed: Instance) -> Instance:
    """The closed one, of which nothing was asked yet."""
    closed.order("seen")
    return closed
