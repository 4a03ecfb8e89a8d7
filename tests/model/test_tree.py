"""The whole tree at random beside a naive oracle. Growing, redeeming and ending stand in files of their own."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.model.tree_machine import TreeMachine

TestTheTree = TreeMachine.TestCase
TestTheTree.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
