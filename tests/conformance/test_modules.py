"""Every conformance module has its test."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.conformance.modules import (
    BASIC,
    CLIENT_BASIC,
    CLIENT_DYNAMIC,
    CLIENT_LOGOUT,
    CLIENT_REFRESH,
    CONFIG,
    FAPI2_DPOP,
    NOT_OURS,
    RP_INITIATED_LOGOUT,
)

PROVIDER = (*BASIC, *CONFIG, *RP_INITIATED_LOGOUT)
CLIENT = (*CLIENT_BASIC, *CLIENT_DYNAMIC, *CLIENT_REFRESH, *CLIENT_LOGOUT)

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
    assert len(set(PROVIDER)) == 50
    assert (len(CLIENT_BASIC), len(CLIENT_DYNAMIC), len(CLIENT_REFRESH)) == (16, 11, 3)
    assert len(set(CLIENT)) == 41


def test_every_module_is_one_test_under_its_id_or_said_not_to_be_ours():
    tested = [name for name in (*PROVIDER, *CLIENT) if name not in NOT_OURS]
    wanted = [f"test_{name.replace('-', '_')}" for name in tested]
    assert sorted(names_here()) == sorted(wanted)


def test_only_modules_that_there_are_are_said_not_to_be_ours():
    assert set(NOT_OURS) < set(CLIENT)
    assert all(len(reason) > 20 for reason in NOT_OURS.values())


def test_every_module_about_dpop_has_a_test_under_its_id():
    path = HERE / "test_fapi2_dpop.py"
    body = ast.parse(path.read_text(encoding="utf-8")).body
    names = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    assert {f"test_{name.replace('-', '_')}" for name in FAPI2_DPOP} <= names
