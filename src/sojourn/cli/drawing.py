"""Trees as text: a line a node, branches drawn. `sessions` and `explain` stand above it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import click

from sojourn.cli.output import clean

LIVE: Final = "●"
DEAD: Final = "○"
PAST: Final = "◌"


class Twig(NamedTuple):
    """A node: its words, a softer note, whether it is live, and what stands below it; `past`: it is not, and nothing
    depends on it.
    """

    label: str
    note: str = ""
    live: bool = True
    below: tuple[Twig, ...] = ()
    past: bool = False


def drawn(root: Twig) -> Iterator[str]:
    """The lines of a tree."""
    yield _line(root)
    yield from _below(root.below, "")


def print_tree(root: Twig) -> None:
    """Print a tree."""
    for line in drawn(root):
        click.echo(line)


def _below(twigs: tuple[Twig, ...], indent: str) -> Iterator[str]:
    for position, twig in enumerate(twigs):
        last = position == len(twigs) - 1
        yield f"{indent}{'└─' if last else '├─'} {_line(twig)}"
        yield from _below(twig.below, indent + ("   " if last else "│  "))


def _line(twig: Twig) -> str:
    mark = PAST if twig.past else _mark(live=twig.live)
    note = click.style(f"  {clean(twig.note)}", dim=True) if twig.note else ""
    return f"{mark} {clean(twig.label)}{note}"


def _mark(*, live: bool) -> str:
    return click.style(LIVE, fg="green") if live else click.style(DEAD, fg="red")
