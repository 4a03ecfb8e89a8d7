"""Every conformance module has its test."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.conformance.modules import BASIC, CONFIG, FAPI2_DPOP, RP_INITIATED_LOGOUT

HERE = Path(__file__).parent


def names_here() -> list[str]:
    return [
        node.name
        for path in sorted(HERE.glob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_oidcc")
    ]


def test_the_plans_have_all_their_modules():
    assert (len(BASIC), len(CONFIG), len(RP_INITIATED_LOGOUT)) == (38, 1, 11)
    assert len({*BASIC, *CONFIG, *RP_INITIATED_LOGOUT}) == 50


def test_every_module_is_one_test_under_its_id():
    wanted = [f"test_{name.replace('-', '_')}" for name in (*BASIC, *CONFIG, *RP_INITIATED_LOGOUT)]
    assert sorted(names_here()) == sorted(wanted)


def test_every_module_about_dpop_has_a_test_under_its_id():
    path = HERE / "test_fapi2_dpop.py"
    body = ast.parse(path.read_text(encoding="utf-8")).body
    names = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    assert {f"test_{name.replace('-', '_')}" for name in FAPI2_DPOP} <= names
