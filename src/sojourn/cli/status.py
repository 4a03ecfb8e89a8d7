"""`sojourn status`: the current account, how long it lasts and how it is kept; no server is asked."""

from __future__ import annotations

import click

from sojourn.cli import options, output

_WHY = {
    "argument": "named with --account",
    "environment": "SOJOURN_ACCOUNT names it",
    "profile": "chosen with `sojourn use` or at sign-in",
    "only": "the only one",
}


@click.command()
@options.account
@options.as_json
def command(*, account: str | None, as_json: bool) -> None:
    """Show the current account, how long its token lasts, and where its key is kept."""
    from sojourn.client.accounts import Accounts

    accounts = Accounts()
    found, why, _ = accounts.explain(account)
    ends = found.expires_at // 1000 if found.expires_at else None
    origin = accounts.store.key_origin()
    if as_json:
        output.print_json(
            {
                "account": found.name,
                "id": found.id,
                "why": why,
                "issuer": found.issuer,
                "username": found.username,
                "subject": found.subject,
                "client_id": found.client_id,
                "scope": found.scope,
                "expires_at": ends,
                "renewable": found.renewable,
                "key": origin,
                "folder": accounts.store.paths.data,
            }
        )
        return
    token = f"ends {output.until(ends)}" if ends else "no known end"
    output.print_fields(
        {
            "account": f"{found.name} ({_WHY.get(why, why)})",
            "issuer": found.issuer,
            "user": found.username or found.subject,
            "client": found.client_id,
            "scope": found.scope,
            "token": f"{token}, {'renewed silently' if found.renewable else 'then a person must sign in'}",
            "kept in": accounts.store.paths.data,
            "key": "in the OS keyring"
            if origin == "keyring"
            else f"in the file {accounts.store.paths.key}",
        }
    )
    if origin == "file":
        click.echo(
            "Note: the key that seals your accounts is a file. With a keyring (pip install "
            "'sojourn[keyring]') it would be kept there.",
            err=True,
        )
