"""The pages of the documentation, and the code in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """The fenced blocks of a page in a language: the line each begins at, and its text."""
    text = page.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, found.start(2)) + 1, found[2])
        for found in _BLOCK.finditer(text)
        if found[1] == language
    ]


def commands(page: Path) -> Iterator[list[str]]:
    """The words after `sojourn` on every line of a page's shell blocks that calls it."""
    for _, text in blocks(page, "sh"):
        for line in text.replace("\\\n", " ").splitlines():
            for part in re.split(r"\s[|;>]\s|\$\(|\s&&\s", line):
                words = shlex.split(part.rstrip(")"), comments=True) if "sojourn" in part else []
                while words and "=" in words[0]:
                    words = words[1:]
                if words and words[0] == "sojourn":
                    yield words[1:]


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, its head left out."""
    text = page.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    table = re.search(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    assert table is not None, f"{page.name} has no table below {heading}"
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
