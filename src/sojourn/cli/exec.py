"""`sojourn exec`: runs a program with a good access token in its environment, and becomes it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Final

import click

from sojourn.cli import options

TOKEN: Final = "SOJOURN_TOKEN"
NOT_EXECUTABLE: Final = 126
NO_PROGRAM: Final = 127


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--variable",
    "names",
    multiple=True,
    metavar="NAME",
    default=(TOKEN,),
    show_default=True,
    help="The variable that holds the token; may be given several times.",
)
@options.account
def command(*, program: tuple[str, ...], names: tuple[str, ...], account: str | None) -> int:
    """Run PROGRAM with a good access token in its environment: sojourn exec -- curl ...

    SOJOURN_ISSUER says where the token is from, SOJOURN_ACCOUNT which account it is of. The exit code is the
    program's; 127 says that there is no such program, 126 that it cannot be run.
    """
    from sojourn.client.accounts import Accounts

    found = Accounts().get(account)
    token = found.token()
    for name in names:
        _check(name)
    given = {"SOJOURN_ISSUER": found.issuer, "SOJOURN_ACCOUNT": found.id}
    return become(program, {**given, **dict.fromkeys(names, token)})


def become(program: tuple[str, ...], given: Mapping[str, str]) -> int:
    """Become `program`, with `given` in its environment; returns an exit code only where that cannot be."""
    sys.stdout.flush()
    sys.stderr.flush()
    environ = {**os.environ, **given}
    try:
        os.execvpe(program[0], program, environ)  # noqa: S606 - the program that the person named
    except FileNotFoundError:
        click.echo(f"Error: there is no program {program[0]!r}.", err=True)
        return NO_PROGRAM
    except OSError as error:
        click.echo(f"Error: {program[0]!r} cannot be run: {error.strerror}.", err=True)
        return NOT_EXECUTABLE


def _check(name: str) -> None:
    if not name or "=" in name or "\0" in name:
        message = "--variable takes the name of a variable."
        raise click.BadParameter(message)
