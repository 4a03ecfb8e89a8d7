"""`sojourn logout`: tokens revoked at the server, the account forgotten here, and which one is current then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sojourn.cli import options, output
from sojourn.cli.ids import IdCommand

if TYPE_CHECKING:
    from sojourn.client.accounts import Accounts, Closed


@click.command(cls=IdCommand)
@click.argument("account", required=False, shell_complete=options.account_names)
@click.option("--all", "every", is_flag=True, help="Sign out of all accounts.")
@click.option(
    "--force", is_flag=True, help="Forget the account even where the server cannot be reached."
)
@options.as_json
def command(*, account: str | None, every: bool, force: bool, as_json: bool) -> None:
    """Sign out of ACCOUNT, or of the current one, and say which account is current then."""
    from sojourn.client.accounts import Accounts

    accounts = Accounts()
    closed: list[Closed] = []
    for name in list(accounts) if every else [account]:
        closed.append(accounts.close(name, force=force))
        if not as_json:
            _print(closed[-1])
    current, text = _current(accounts)
    if as_json:
        output.print_json({"signed_out": [one._asdict() for one in closed], "current": current})
    else:
        click.echo(text)


def _print(closed: Closed) -> None:
    click.echo(f"Signed out: {output.clean(closed.name)}")
    if not closed.revoked:
        click.echo("Its tokens could not be revoked: they live until they expire.", err=True)
    if closed.logout_url:
        click.echo(
            f"The browser may still be signed in. To end that too, open:\n{closed.logout_url}"
        )


def _current(accounts: Accounts) -> tuple[dict[str, Any] | None, str]:
    """The account that commands use from now on, as JSON and in words; whatever keeps one from being current, the
    sign-out is done.
    """
    from sojourn.errors import SojournError

    try:
        found = accounts.get()
    except SojournError as why:
        return None, f"No account is current now. {output.clean(why)}"
    text = f"The current account is now {output.clean(found.name)}."
    return {"account": found.name, "id": found.id}, text
