"""The start page, walked as it is written: every line of its terminal, in order, beside a running demo."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PATIENCE, PERSON, SOJOURN, Cli, free_port, started
from tests.docs.pages import ROOT, blocks

START = ROOT / "docs" / "start.md"
SERVER = "http://127.0.0.1:8080"
SERVICE = "http://127.0.0.2:8081"
NOT_HERE = ("make demo", ". .venv/bin/activate", "sojourn serve")
"""What the demo itself, an activated environment and a server of one's own stand for."""


def lines() -> list[str]:
    """The lines of the page's shell blocks that a person types beside the demo."""
    text = "".join(block for _, block in blocks(START, "sh")).replace("\\\n", "")
    return [line for line in text.splitlines() if not line.startswith(NOT_HERE)]


@pytest.mark.xdist_group("demo")
def test_every_line_of_the_start_page_does_what_the_page_says(tmp_path: Path) -> None:
    words = ("demo", "--json", "--port", str(free_port()), "--sample-port", str(free_port()))
    with started(Cli(tmp_path), *words) as process:
        facts = json.loads(process.first)
        alice = Cli(
            tmp_path,
            BROWSER=f"{sys.executable} {PERSON} %s",
            PERSON_LOGIN="alice",
            PERSON_PASSWORD=facts["people"]["alice"],
        )
        alice.env["PATH"] = f"{Path(SOJOURN).parent}:{alice.env['PATH']}"

        def here(text: str) -> str:
            text = text.replace(SERVER, facts["issuer"]).replace(SERVICE, facts["service"])
            return text.replace(SERVER.partition("//")[2], facts["issuer"].partition("//")[2])

        def typed(line: str) -> tuple[int, str]:
            done = subprocess.run(
                ["bash", "-o", "pipefail", "-c", here(line)],
                env=alice.env,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE,
            )
            assert "Traceback" not in done.stderr, done.stderr
            return done.returncode, done.stdout + done.stderr

        ended = False
        for line in lines():
            if line == "sojourn revoke demo-app":
                [(_, program)] = blocks(START, "py")
                (tmp_path / "notes.py").write_text(here(program), encoding="utf-8")
                assert "A sojourn is a stay that ends." in typed("python notes.py")[1]
                ended = True
            code, told = typed(line)
            refused = ended and line.startswith("sojourn get")
            assert code == (3 if refused else 0), (line, told)
            if line == "sojourn sessions":
                assert "Sojourn command line" in told
            if line.endswith("explain -"):
                assert "The token is not good: client session revoked." in told


def test_the_start_page_has_the_lines_that_matter() -> None:
    told = lines()
    assert len(told) >= 13
    assert [line for line in told if re.match(r"sojourn (login|revoke|get|explain)\b", line)]
