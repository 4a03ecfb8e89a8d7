"""The command line. Each command is a module of its own, imported when it runs, so that `sojourn token` costs little.

It stands above both halves. Public names: main, commands_markdown.
"""

from __future__ import annotations

import sys

__all__ = ["commands_markdown", "main"]


def main() -> None:
    """What the installed command `sojourn` runs."""
    from sojourn.cli.root import run

    sys.exit(run(sys.argv[1:]))


def commands_markdown() -> str:
    """The commands page of the docs, from the commands themselves."""
    from sojourn.cli.reference import markdown

    return markdown()
