"""The Keystone page and everything that stands beside it, against a real Keystone with its real clients:
each scene of `keystone_scenes` in a process of its own, with the Python of .build/keystone."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.peers.real_keystone import PYTHON, running

ROOT = Path(__file__).resolve().parents[2]
SCENES = ROOT / "tests" / "seeds" / "keystone_scenes"

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("keystone")]


def scenes() -> list[str]:
    """`module.function` of every scene."""
    return [
        f"{path.stem}.{node.name}"
        for path in sorted(SCENES.glob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("scene_")
    ]


@pytest.fixture(scope="session")
def keystone(tmp_path_factory) -> Iterator[dict[str, Any]]:
    with running(tmp_path_factory.mktemp("keystone")) as told:
        yield told


@pytest.mark.parametrize("scene", scenes())
def test_scene(keystone, scene, tmp_path) -> None:
    module, _, name = scene.partition(".")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    done = subprocess.run(
        [PYTHON, "-c", f"from tests.seeds.keystone_scenes import {module} as m; m.{name}()"],
        env={
            **inherited,
            "KEYSTONE": json.dumps(keystone),
            "PYTHONPATH": str(ROOT),
            "SOJOURN_HOME": str(tmp_path),
            "NO_PROXY": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]


def test_a_scene_that_fails_would_be_told(keystone, tmp_path) -> None:
    with pytest.raises(AssertionError, match="no_such_scene"):
        test_scene(keystone, "page.no_such_scene", tmp_path)
