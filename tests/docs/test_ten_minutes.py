"""The page about the client, walked as it is written: every block of it, in order, beside a running demo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PATIENCE, PERSON, SOJOURN, Cli, free_port, started
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "ten-minutes.md"
WALK = Path(__file__).with_name("walk.py")


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """What each block said, by its beginning."""
    folder = tmp_path_factory.mktemp("walk")
    words = ("demo", "--json", "--port", str(free_port()), "--sample-port", str(free_port()))
    with started(Cli(folder), *words) as process:
        facts = json.loads(process.first)
        here = {"http://127.0.0.1:8080": facts["issuer"], "http://127.0.0.2:8081": facts["service"]}
        env = Cli(
            folder,
            BROWSER=f"{sys.executable} {PERSON} %s",
            PEOPLE=json.dumps(facts["people"]),
            PATH=f"{Path(SOJOURN).parent}:/usr/bin:/bin",
        ).env
        done = subprocess.run(
            [sys.executable, str(WALK), str(PAGE), json.dumps(here)],
            env=env,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    assert done.returncode == 0, done.stderr
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    assert [step for step in steps if step["code"]] == []

    def said(part: str) -> str:
        found = [step["said"] for step in steps if part in step["typed"]]
        assert len(found) == 1, part
        text: str = found[0]
        return text

    return said


@pytest.mark.xdist_group("demo")
class TestTheWalk:
    def test_the_first_request_signs_in_and_the_second_does_not(self, walked):
        assert "A sojourn is a stay that ends." in walked("session = Session(auth=person)")
        assert walked('"page": "2"').startswith("200 0:00:")

    def test_the_history_tells_the_requests_and_no_secret(self, walked):
        told = walked("session.history")
        assert "page=***" in told
        assert "httpx2" in told
        assert "sj_" not in told

    def test_two_accounts_are_kept_and_the_block_chooses_one(self, walked):
        told = [line.split() for line in walked("accounts.values()").splitlines()]
        assert sorted((name, renewable) for name, _, renewable in told) == [
            ("alice", "True"),
            ("bob", "True"),
        ]
        current, *rest = walked("accounts.use").splitlines()
        assert current == "bob"
        assert "the innermost `with accounts.use(...)` block: alice" in rest[0]

    def test_many_requests_share_one_token(self, walked):
        assert walked("asyncio.gather") == f"{[200] * 20}\n"

    def test_errors_say_what_to_do(self, walked):
        told = walked("errors.NotFound").splitlines()
        assert told[0].startswith("404 ")
        assert told[1] == "404"
        assert "Nobody is signed in" in told[2]

    def test_the_terminal_has_the_same_accounts(self, walked):
        assert "alice" in walked("sojourn accounts")
        for command in ("sojourn get", "sojourn exec"):
            assert "A sojourn is a stay that ends." in walked(command)
        assert "the name given: alice" in walked("sojourn explain")
        assert "Signed out: alice" in walked("sojourn logout")
