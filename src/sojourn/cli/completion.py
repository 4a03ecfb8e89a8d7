"""`sojourn completion`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click

_SHELLS = ("bash", "zsh", "fish")
_HOW = {
    "bash": 'eval "$(sojourn completion bash)"   in ~/.bashrc',
    "zsh": 'eval "$(sojourn completion zsh)"    in ~/.zshrc',
    "fish": "sojourn completion fish | source    in ~/.config/fish/config.fish",
}
_LINES = "\n".join(_HOW.values())


@click.command(
    help=f"Print completion for a shell. To have it always, put one of these lines:\n\n\b\n{_LINES}"
)
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> None:
    from click.shell_completion import get_completion_class

    from sojourn.cli.root import root

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these three
    click.echo(kind(root, {}, "sojourn", "_SOJOURN_COMPLETE").source())
