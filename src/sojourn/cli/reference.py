"""The commands page of the docs, generated from the commands themselves: what `--help` says, and the exit codes."""

from __future__ import annotations

from collections.abc import Iterator

import click

from sojourn.cli import exit_codes, kinds
from sojourn.cli.root import root

_WIDTH = 100


def markdown() -> str:
    """Every command with its help, and the table of exit codes."""
    lines = [
        "# Commands",
        "",
        "Generated from the commands themselves: what each says with `--help`.",
        "",
    ]
    lines += ["## Exit codes", "", "| code | meaning |", "| --- | --- |"]
    lines += [f"| {code} | {meaning} |" for code, meaning in exit_codes.MEANINGS.items()]
    top = click.Context(root, info_name="sojourn", **root.context_settings)
    for name in root.list_commands(top):
        command = root.get_command(top, name)
        assert command is not None  # noqa: S101 - it was just listed
        for path, context in _contexts(command, top, name):
            lines += ["", f"{'#' * (path.count(' ') + 1)} {path}", "", "```text"]
            lines += [context.get_help(), "```"]
    return "\n".join([*lines, ""])


def _contexts(
    command: click.Command, above: click.Context, name: str
) -> Iterator[tuple[str, click.Context]]:
    """The context of a command and of every one below it, with its words."""
    context = click.Context(
        command, parent=above, info_name=name, terminal_width=_WIDTH, max_content_width=_WIDTH
    )
    yield context.command_path, context
    if isinstance(command, kinds.ByKind):
        for kind in kinds.kinds():
            words = f"{name} --kind {kind}"
            yield from _contexts(kinds.of_kind(kind), above, words)
    if isinstance(command, click.Group):
        for word, below in command.commands.items():
            yield from _contexts(below, context, word)
