"""A real Keystone on SQLite in a process of its own, with the Python of .build/keystone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.client.certificates import written

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".build" / "keystone" / "bin" / "python"
HOST = "my.keystone.com"


@contextmanager
def running(folder: Path) -> Iterator[dict[str, Any]]:
    """A Keystone that works in `folder` and listens, and what it says of itself."""
    if not PYTHON.exists():
        pytest.fail("Keystone is not installed: run `make .build/keystone/.stamp`")
    authority, both = written(folder, HOST)
    settings = {"folder": str(folder), "certificate": both, "key": both}
    with subprocess.Popen(
        [PYTHON, "-W", "ignore", ROOT / "tests" / "peers" / "keystone_server.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        told = process.stdout.readline()
        if not told:
            pytest.fail(f"Keystone did not start: {process.communicate()[1][-2000:]}")
        yield {**json.loads(told), "ca": authority}
        process.communicate("\n")
