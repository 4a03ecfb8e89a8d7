"""The real command, run as a process with a home of its own; a server in a process; a demo."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

SOJOURN = str(Path(sys.executable).with_name("sojourn"))
PERSON = Path(__file__).with_name("person.py")
PATIENCE = (
    300  # seconds; only against hanging: a machine under load, or suspended, is no reason to fail
)


class Ran(NamedTuple):
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def bare(home: Path, **more: str) -> dict[str, str]:
    """An environment without desktop, keyring and variables of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "SOJOURN_HOME": str(home / "sojourn"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "NO_PROXY": "*",
        **more,
    }


class Cli:
    """Runs `sojourn` as one person, whom `$BROWSER` plays."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        self.env = bare(home, **variables)

    def __call__(self, *words: str, said: str = "", **variables: str) -> Ran:
        done = subprocess.run(
            [SOJOURN, *words],
            input=said,
            env=self.env | variables,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    def good(self, *words: str, said: str = "", **variables: str) -> Ran:
        """A command that must do its work."""
        ran = self(*words, said=said, **variables)
        assert ran.code == 0, ran
        return ran


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


class Process:
    """A server that was started, and the lines it printed up to being ready."""

    def __init__(self, command: list[str], env: dict[str, str], cwd: Path) -> None:
        self.popen = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.popen.stdout is not None
        assert self.popen.stderr is not None
        self._out, self._err = self.popen.stdout, self.popen.stderr
        self._said: list[str] = []
        self._more = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.first = self._out.readline()

    def _listen(self) -> None:
        for line in self._err:
            with self._more:
                self._said.append(line)
                self._more.notify_all()

    def logs(self, text: str) -> bool:
        """Wait until a line of its standard error holds `text`."""
        with self._more:
            return self._more.wait_for(
                lambda: any(text in line for line in self._said), timeout=PATIENCE
            )

    def stop(self, number: int = signal.SIGTERM) -> Ran:
        """Send a signal and wait for the end."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        self.popen.wait(timeout=PATIENCE)
        self._listener.join(PATIENCE)
        return Ran(self.popen.returncode, self.first + self._out.read(), "".join(self._said))

    def close(self) -> None:
        """End it if it still runs, and let the streams go."""
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        self._listener.join(PATIENCE)
        self._out.close()
        self._err.close()


@contextmanager
def started(cli: Cli, *words: str, **variables: str) -> Iterator[Process]:
    """`sojourn` with these words, for as long as the block lasts."""
    process = Process([SOJOURN, *words], cli.env | variables, cli.home)
    try:
        yield process
    finally:
        process.close()


class Demo(NamedTuple):
    """A running demo: what it says of itself, and people at its server."""

    facts: dict[str, Any]
    as_person: Callable[[str, Path], Cli]

    @property
    def issuer(self) -> str:
        issuer: str = self.facts["issuer"]
        return issuer


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    home = tmp_path_factory.mktemp("demo")
    port = str(free_port())
    words = ("demo", "--json", "--port", port, "--sample-port", str(free_port()))
    with started(Cli(home), *words) as process:
        facts = json.loads(process.first)

        def as_person(login: str, folder: Path) -> Cli:
            return Cli(
                folder,
                BROWSER=f"{sys.executable} {PERSON} %s",
                PERSON_LOGIN=login,
                PERSON_PASSWORD=facts["people"][login],
            )

        yield Demo(facts, as_person)
        ended = process.stop()
        assert ended.code == 0, ended
        assert "Traceback" not in ended.err
