"""What the client's tests share: both faces of a session, small HTTP servers, a provider that
others wrote."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sojourn import AsyncSession, Response, Session
from sojourn.client.cache.store import CredentialStore
from tests.client.peer import OidcProvider
from tests.client.servers import Server

ROOT = Path(__file__).parents[2]
PERSON = ROOT / "tests" / "peers" / "person.py"


class Face:
    """One of the two sessions, behind calls that return when the answer is there."""

    def __init__(self, kind: str, runner: asyncio.Runner) -> None:
        self.kind = kind
        self._runner = runner
        self._open: list[Session | AsyncSession] = []

    def session(self, auth: Any = None, **options: Any) -> Face.Bound:
        options.setdefault("trust_env", False)
        made = (Session if self.kind == "threads" else AsyncSession)(auth, **options)
        self._open.append(made)
        return Face.Bound(made, self._runner)

    def close(self) -> None:
        for session in self._open:
            closing = session.close()
            if closing is not None:
                self._runner.run(closing)

    class Bound:
        """A session and the way to wait for it."""

        def __init__(self, session: Session | AsyncSession, runner: asyncio.Runner) -> None:
            self.session = session
            self._runner = runner

        def request(self, url: str, method: str = "GET", **options: Any) -> Response:
            answer = self.session.request(url, method, **options)
            if isinstance(answer, Response):
                return answer
            return self._runner.run(answer)

        def access(self) -> Any:
            found = self.session.access()
            return self._runner.run(found) if asyncio.iscoroutine(found) else found

        @property
        def history(self) -> tuple[Any, ...]:
            return self.session.history


@pytest.fixture(params=["threads", "loop"])
def face(request) -> Iterator[Face]:
    with asyncio.Runner() as runner:
        face = Face(request.param, runner)
        yield face
        face.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start small servers: `serve(answer)`, where `answer(request)` returns a status, headers and a
    body."""
    with ExitStack() as stack:
        yield lambda answer, **options: stack.enter_context(Server(answer, **options))


@pytest.fixture
def store(tmp_path, monkeypatch) -> CredentialStore:
    """An empty credential store of its own, whose key lies in a file."""
    monkeypatch.setenv("SOJOURN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.delenv("SOJOURN_ACCOUNT", raising=False)
    return CredentialStore()


@pytest.fixture
def person(monkeypatch) -> Callable[..., None]:
    """Give this process a browser at which a person sits."""

    def sit(login: str = "ada", says: str = "yes") -> None:
        monkeypatch.setenv("BROWSER", f"{sys.executable} {PERSON} %s")
        monkeypatch.setenv("PERSON_LOGIN", login)
        monkeypatch.setenv("PERSON_SAYS", says)

    return sit


@pytest.fixture
def nobody(monkeypatch) -> None:
    """Take away browser and terminal."""
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def provider() -> Iterator[OidcProvider]:
    """Npm oidc-provider in a process of its own."""
    if shutil.which("node") is None or not (ROOT / "node_modules" / "oidc-provider").is_dir():
        pytest.fail("npm oidc-provider is not installed: run `npm install` at the root")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    peer = OidcProvider(port)
    process = subprocess.Popen(
        ["node", str(ROOT / "tests" / "peers" / "oidc_provider.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(peer.settings) + "\n")
        process.stdin.flush()
        assert process.stdout.readline().strip() == "ready"
        yield peer
        process.terminate()
