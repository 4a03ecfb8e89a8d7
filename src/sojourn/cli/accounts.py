"""`sojourn accounts`: all accounts of this person on this machine, read without asking any server."""

from __future__ import annotations

import click

from sojourn.cli import options, output


@click.command()
@options.as_json
def command(*, as_json: bool) -> None:
    """List the accounts that are signed in here; * marks the current one."""
    from sojourn.client.accounts import Accounts
    from sojourn.errors import CredentialError

    accounts = Accounts()
    found, problems = accounts.readable()
    try:
        current = accounts.get().id
    except CredentialError:
        current = ""
    for problem in problems:
        click.echo(f"Warning: {problem}", err=True)
    rows = [
        {
            "current": one.id == current,
            "name": one.name,
            "issuer": one.issuer,
            "username": one.username,
            "client_id": one.client_id,
            "scope": one.scope,
            "expires_at": one.expires_at // 1000 if one.expires_at else None,
            "renewable": one.renewable,
            "id": one.id,
        }
        for one in found
    ]
    if as_json:
        output.print_json({"items": rows})
        return
    output.print_table(
        ("", "name", "issuer", "client", "token", "id"),
        [
            (
                "*" if one.id == current else "",
                one.name,
                one.issuer,
                one.client_id,
                "renewed"
                if one.renewable
                else f"ends {output.until((one.expires_at or 0) // 1000)}",
                one.id[:8],
            )
            for one in found
        ],
    )
    if not rows:
        click.echo("Nobody is signed in. Run `sojourn login ISSUER`.", err=True)
