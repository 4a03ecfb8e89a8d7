"""`sojourn use`: which account is the current one."""

from __future__ import annotations

import click

from sojourn.cli import options, output
from sojourn.cli.ids import IdCommand


@click.command(cls=IdCommand)
@click.argument("account", shell_complete=options.account_names)
def command(*, account: str) -> None:
    """Make ACCOUNT the current one: a name, a user name, or the beginning of an id."""
    from sojourn.client.accounts import Accounts

    chosen = Accounts().choose(account)
    click.echo(f"The current account is {output.clean(chosen.name)}.")
