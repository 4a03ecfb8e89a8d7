"""`sojourn import`: accounts that other programs keep on this machine, taken over into the sealed store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sojourn.cli import exit_codes, options, output

if TYPE_CHECKING:
    from sojourn.client.dialects.shotgrid.toolkit import Taken


@click.group()
def command() -> None:
    """Take over accounts that other programs keep on this machine. Their files are only read."""


@command.command()
@click.option(
    "--from",
    "folder",
    metavar="FOLDER",
    help="Where the Toolkit keeps its settings, if not in its usual place.",
)
@options.as_json
def toolkit(*, folder: str | None, as_json: bool) -> int:
    """Take over sites, users and sessions of the Shotgun Toolkit.

    Who is signed in here already stays as they are. No site is asked: a session that has ended is noticed when it is
    used. What cannot be read is named, and the exit code is then 1.
    """
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.dialects.shotgrid import toolkit as settings

    root = Path(folder).expanduser() if folder else settings.folder(os.environ)
    taken = settings.take(settings.read(root), CredentialStore())
    if as_json:
        output.print_json(_members(taken))
    else:
        _print(taken)
    return exit_codes.ERROR if taken.problems else exit_codes.OK


def _members(taken: Taken) -> dict[str, object]:
    new = [{"id": one.id, "name": one.name, "issuer": one.issuer} for one in taken.accounts]
    return {"accounts": new, "known": list(taken.known), "problems": list(taken.problems)}


def _print(taken: Taken) -> None:
    for account in taken.accounts:
        click.echo(f"Taken over: {output.clean(account.name)}")
    for name in taken.known:
        click.echo(f"Signed in here already, left as it is: {output.clean(name)}")
    for problem in taken.problems:
        click.echo(f"Problem: {output.clean(problem)}", err=True)
    if not taken.accounts and not taken.known:
        click.echo("The Toolkit keeps no session that could be taken over.")
    elif taken.accounts:
        click.echo(
            "The Toolkit's files hold the same tokens in clear: `sojourn accounts` shows what is kept here."
        )
