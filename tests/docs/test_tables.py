"""The tables of docs/ name exactly what the code has: kinds of records, and events."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from sojourn.model.user import STATUSES
from sojourn.store.records import KINDS
from tests.docs.pages import ROOT, rows

SOURCE = ROOT / "src" / "sojourn"
FILLED = {
    "user.{status}": {f"user.{status}" for status in STATUSES},
    "client.{status}": {"client.active", "client.disabled"},
    "{shape.__name__.lower()}.ended": {
        "signin.ended",
        "clientsession.ended",
        "grant.ended",
        "token.ended",
    },
}
"""The event types that are put together, and what they can come to be."""


PASSED_ON = ("event", "name", "_EVENTS[")
"""Event types that are found where they come from."""


def unquoted(cell: str) -> str:
    return cell.strip("`")


def test_the_store_page_names_every_kind_of_record_and_no_other() -> None:
    told = [unquoted(row[0]) for row in rows(ROOT / "docs" / "store.md", "Kinds of records")]
    assert sorted(told) == sorted(KINDS)


def test_the_store_page_names_the_class_of_every_kind() -> None:
    for row in rows(ROOT / "docs" / "store.md", "Kinds of records"):
        assert unquoted(row[1]) == KINDS[unquoted(row[0])].shape.__name__


def emitted() -> set[str]:
    """Every event type in the source."""
    found = set()
    for file in SOURCE.rglob("*.py"):
        for text in _types(ast.parse(file.read_text(encoding="utf-8"))):
            found |= FILLED[text] if "{" in text else {text}
    return found


def _types(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr == "events":
                kind = node.args[1]
                plain = isinstance(kind, ast.Constant | ast.JoinedStr)
                assert plain or ast.unparse(kind).startswith(PASSED_ON), ast.unparse(kind)
                yield from _text(kind)
            for keyword in node.keywords:
                if keyword.arg == "event":
                    yield from _text(keyword.value)
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "_EVENTS":
            assert isinstance(node.value, ast.Dict)
            for value in node.value.values:
                yield from _text(value)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.JoinedStr):
            text = next(iter(_text(node.value)))
            if text in FILLED:
                yield text


def _text(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield ast.unparse(node)[2:-1]


def test_every_event_type_that_is_put_together_is_found_in_the_source() -> None:
    whole = "\n".join(file.read_text(encoding="utf-8") for file in SOURCE.rglob("*.py"))
    assert all(text in whole for text in FILLED)


def test_the_events_page_names_every_type_and_no_other() -> None:
    told = [unquoted(row[0]) for row in rows(ROOT / "docs" / "events.md", "Types")]
    assert sorted(told) == sorted(emitted())


def test_links_of_the_tables_are_not_forgotten(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("x\n\n## Types\n\n| a | b |\n| - | - |\n| `one` | two |\n", encoding="utf-8")
    assert rows(page, "Types") == [["`one`", "two"]]
