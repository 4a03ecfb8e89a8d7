"""`sojourn serve`: the server, its options generated from the one option table."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from sojourn.server.services import config
from sojourn.server.services.options import OPTIONS


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A flag for every option that is no secret, in the order of the table."""
    for option in reversed([one for one in OPTIONS if not one.secret]):
        flag = click.option(
            option.flag,
            option.name,
            metavar=option.metavar,
            multiple=option.many,
            help=config.help_of(option),
        )
        command = flag(command)
    return command


@click.command()
@click.option(
    "--config", "file", metavar="FILE", help="The configuration, instead of ./sojourn.toml."
)
@_with_options
def command(file: str | None, **flags: object) -> int:
    """Run the server until SIGTERM or Ctrl-C, then finish what has begun.

    Each option may also be a variable SOJOURN_NAME or a key of sojourn.toml: a flag overrules a variable, a variable
    the file, the file the default.
    """
    from sojourn.server.serving.run import serve

    given = {name: value for name, value in flags.items() if value not in (None, ())}
    settings = config.load(given, os.environ, config.find_file(file, os.environ))
    return serve(settings, say=click.echo)
