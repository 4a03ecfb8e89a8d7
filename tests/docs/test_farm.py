"""The page about farms, walked as it is written: ten real workers go off with one job, and a page ends them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PATIENCE, PERSON, SOJOURN, Cli, free_port, started
from tests.conformance.browser import Browser, Page, Person
from tests.docs.pages import ROOT, blocks

FARM = ROOT / "docs" / "farm.md"
SERVER = "http://127.0.0.1:8080"
SERVICE = "http://127.0.0.2:8081"


class Walk:
    """A folder in which the lines of the page are typed, and the demo that they talk to."""

    def __init__(self, folder: Path, facts: dict[str, Any]) -> None:
        self.folder = folder
        self.facts = facts
        self.alice = Cli(
            folder,
            BROWSER=f"{sys.executable} {PERSON} %s",
            PERSON_LOGIN="alice",
            PERSON_PASSWORD=facts["people"]["alice"],
        )
        self.alice.env["PATH"] = f"{Path(SOJOURN).parent}:{self.alice.env['PATH']}"

    def here(self, text: str) -> str:
        return text.replace(SERVER, self.facts["issuer"]).replace(SERVICE, self.facts["service"])

    def typed(self, line: str) -> str:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", self.here(line)],
            env=self.alice.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def program(self, name: str) -> Path:
        """Save the program that the page calls `name`."""
        text = FARM.read_text(encoding="utf-8")
        found = re.search(
            rf"`{re.escape(name)}`:\n\n```py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
        )
        assert found, name
        path = self.folder / name
        path.write_text(self.here(found[1]), encoding="utf-8")
        return path

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[str]]:
        environ = self.alice.env | {"SOJOURN_JOB_KEY": str(self.folder / "farm.jwk")}
        with subprocess.Popen(
            [sys.executable, "worker.py"],
            cwd=self.folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def end_on_the_page(self, job: str) -> None:
        """Sign in as Alice in a browser of her own, and press End beside the job."""
        issuer = self.facts["issuer"]
        browser = Browser(issuer)
        person = Person("alice", self.facts["people"]["alice"])
        page = browser.open(f"{issuer}/sessions")
        assert isinstance(page, Page)
        if page.kind == "sign-in":
            signed = browser.sign_in(page, person)
            assert isinstance(signed, Page)
            page = browser.open(f"{issuer}/sessions")
            assert isinstance(page, Page)
        row = page.html[page.html.index(f'<p class="job-name"><bdi>{job}</bdi>') :]
        name = re.search(r'name="id" value="([^"]+)"', row)
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.html)
        assert name
        assert csrf
        form = {"csrf": csrf[1], "action": "end_delegation", "id": name[1]}
        answer = browser.http.post(f"{issuer}/sessions", data=form)
        assert answer.headers["location"].endswith("done=delegation")
        browser.http.close()


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    words = ("demo", "--json", "--port", str(free_port()), "--sample-port", str(free_port()))
    with started(Cli(tmp_path), *words) as process:
        yield Walk(tmp_path, json.loads(process.first))


def lines() -> list[str]:
    text = "".join(block for _, block in blocks(FARM, "sh"))
    return [line for line in text.splitlines() if line != "make demo"]


@pytest.mark.xdist_group("demo")
def test_ten_workers_go_off_with_one_job_and_are_ended_from_the_page(walk: Walk) -> None:
    login, key, send, _export, _loop, after, again, sessions, inside = lines()
    for line in (login, key, send):
        walk.typed(line)
    walk.program("worker.py")
    with ExitStack() as stack:
        workers = [stack.enter_context(walk.worker()) for _ in range(10)]
        for worker in workers:
            assert worker.stdout is not None
            assert re.fullmatch(r"worker \d+: \d+ notes\n", worker.stdout.readline())
        walk.end_on_the_page("render 42")
        for worker in workers:
            _, said = worker.communicate(timeout=PATIENCE)
            assert worker.returncode == 1
            assert f"worker {worker.pid}: The credential of the job 'render 42' has ended" in said
    assert walk.typed(after)
    walk.typed(again)
    shown = walk.typed(sessions)
    assert re.search(r"○ job render 42 .*revoked", shown)
    assert walk.typed(inside)
    assert re.search(r"● job nightly report", walk.typed(sessions))


@pytest.mark.xdist_group("demo")
def test_a_program_sends_the_same_off(walk: Walk) -> None:
    login, key, *_ = lines()
    walk.typed(login)
    walk.typed(key)
    walk.program("send.py")
    walk.typed("python send.py")
    walk.program("worker.py")
    with walk.worker() as worker:
        assert worker.stdout is not None
        assert " notes" in worker.stdout.readline()
        walk.typed("sojourn logout notebook")
        _, said = worker.communicate(timeout=PATIENCE)
    assert "render 42" in said


def test_the_page_shows_the_calls_and_says_the_number_of_workers() -> None:
    loop = lines()[4]
    assert re.findall(r"\b\d+\b", loop) == [str(n) for n in range(1, 11)]
