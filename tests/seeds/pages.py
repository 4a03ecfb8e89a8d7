"""Takes the examples out of a seed page, so that tests run what is printed and not a copy of it."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

FOLDER = Path(__file__).parent
_OPENER = re.compile(r"(?:^\.\. code-block:: *[Pp]ython *|::)$")


def examples(page: str) -> list[str]:
    """The indented code below every `::` and `.. code-block:: python` of a page, in order, without their indent."""
    lines = (FOLDER / page).read_text(encoding="utf-8").splitlines()
    found: list[str] = []
    at = 0
    while at < len(lines):
        opens = bool(_OPENER.search(lines[at])) and not lines[at].startswith(".. _")
        at += 1
        if not opens:
            continue
        first = at
        while at < len(lines) and (not lines[at] or lines[at][0].isspace()):
            at += 1
        found.append(textwrap.dedent("\n".join(lines[first:at])).strip() + "\n")
    return found


def without_prompts(code: str) -> str:
    """An example of an interactive session as a program: prompts go, and lines without one continue the line
    before them."""
    lines = (re.sub(r"^(?:>>>|\.\.\.) ?", "", line) for line in code.splitlines())
    return "\n".join(lines) + "\n"
