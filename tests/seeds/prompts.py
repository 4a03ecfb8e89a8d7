"""From an example with prompts to code that runs: `>>> ` begins a statement, `... ` goes on, all else is output."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

_prompt = re.compile(r"(?:>>> )+(.*)").fullmatch
_more = re.compile(r"\.\.\. (.*)").fullmatch


def code_of(example: str) -> str:
    """The statements of an example, without prompts and output."""
    lines = [_prompt(line) or _more(line) for line in example.splitlines()]
    return "\n".join(found[1] for found in lines if found) + "\n"


def values_of(code: str, names: dict[str, Any], *, told: str) -> list[Any]:
    """Run `code` in `names` and return the values of its expressions, as a prompt would show them.

    Statements that return something run as the body of a function, whose result is one more value.
    """
    tree = ast.parse(code, told)
    if any(isinstance(node, ast.Return) for node in ast.walk(tree)):
        return [_returned(tree, names, told)]
    found = []
    for statement in tree.body:
        if isinstance(statement, ast.Expr):
            found.append(eval(compile(ast.Expression(statement.value), told, "eval"), names))  # noqa: S307 - our page
        else:
            exec(compile(ast.Module([statement], []), told, "exec"), names)  # noqa: S102 - our page
    return found


def _returned(tree: ast.Module, names: dict[str, Any], told: str) -> Any:
    whole = ast.parse("def example():\n    pass")
    function = whole.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = tree.body
    exec(compile(ast.fix_missing_locations(whole), told, "exec"), names)  # noqa: S102 - our page
    return names["example"]()


def moved(code: str, modules: Mapping[str, str]) -> str:
    """`code` with the modules of its import lines replaced: all that a page may have changed."""
    for old, new in modules.items():
        code = re.sub(
            rf"^from {re.escape(old)} import", f"from {new} import", code, flags=re.MULTILINE
        )
    return code
