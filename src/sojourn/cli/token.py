"""`sojourn token`: a good access token on the standard output. The command that other programs run most."""

from __future__ import annotations

import click

from sojourn.cli import options


@click.command()
@options.account
@options.as_json
def command(*, account: str | None, as_json: bool) -> None:
    """Print a good access token, renewed silently if need be.

    Exits with 3 where only a person can help.
    """
    from sojourn.client.accounts import Accounts

    found = Accounts().get(account)
    text = found.token()
    if not as_json:
        click.echo(text)
        return
    from sojourn.cli import output

    ends = found.expires_at
    output.print_json(
        {
            "access_token": text,
            "token_type": found.token_type,
            "expires_at": ends // 1000 if ends else None,
            "scope": found.scope,
            "account": found.name,
            "issuer": found.issuer,
        }
    )
