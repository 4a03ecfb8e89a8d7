"""`sojourn logout`: tokens revoked at the server, the account forgotten here."""

from __future__ import annotations

import click

from sojourn.cli import options, output
from sojourn.cli.ids import IdCommand


@click.command(cls=IdCommand)
@click.argument("account", required=False, shell_complete=options.account_names)
@click.option("--all", "every", is_flag=True, help="Sign out of all accounts.")
@click.option(
    "--force", is_flag=True, help="Forget the account even where the server cannot be reached."
)
def command(*, account: str | None, every: bool, force: bool) -> None:
    """Sign out of ACCOUNT, or of the current one."""
    from sojourn.client.accounts import Accounts

    accounts = Accounts()
    names = list(accounts) if every else [account]
    for name in names:
        closed = accounts.close(name, force=force)
        click.echo(f"Signed out: {output.clean(closed.name)}")
        if not closed.revoked:
            click.echo("Its tokens could not be revoked: they live until they expire.", err=True)
        if closed.logout_url:
            click.echo(
                f"The browser may still be signed in. To end that too, open:\n{closed.logout_url}"
            )
