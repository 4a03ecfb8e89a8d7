"""`sojourn status`: what is stored, where, how it is protected and until when it is good; no server is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sojourn.cli import connections, options, output

if TYPE_CHECKING:
    from sojourn.client.account import Account

_WHY = {
    "argument": "named with --account",
    "environment": "SOJOURN_ACCOUNT names it",
    "profile": "chosen with `sojourn use` or at sign-in",
    "only": "the only one",
}
_SEALED = "a sealed file each (AES-256-GCM), readable by you alone"


@click.command()
@options.account
@options.as_json
def command(*, account: str | None, as_json: bool) -> None:
    """Show what is stored, where, how it is protected and until when, and which account is the current one."""
    from sojourn.client.accounts import Accounts

    accounts = Accounts()
    found, why, _ = accounts.explain(account)
    stored, problems = accounts.readable()
    origin = accounts.store.key_origin()
    paths = accounts.store.paths
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
                "expires_at": _ends(found),
                "renewable": found.renewable,
                "connection": dict(found.connection) or None,
                "key": origin,
                "folder": paths.data,
                "protection": "AES-256-GCM",
                "stored": [_members(one) for one in stored],
                "problems": problems,
            }
        )
        return
    output.print_fields(
        {
            "account": f"{found.name} ({_WHY.get(why, why)})",
            "issuer": found.issuer,
            "user": found.username or found.subject,
            "client": found.client_id,
            "scope": found.scope,
            "token": _until(found),
            "also stored": "; ".join(
                f"{one.name}: {_until(one)}" for one in stored if one.id != found.id
            ),
            "kept in": f"{paths.data}, {_SEALED}",
            "trusts": connections.told(found.connection),
            "key": "in the OS keyring" if origin == "keyring" else f"in the file {paths.key}",
        }
    )
    for problem in problems:
        click.echo(f"Warning: {problem}", err=True)
    if origin == "file":
        click.echo(f"Note: the key that seals your accounts is a file. {_why_a_file()}", err=True)


def _why_a_file() -> str:
    from importlib.util import find_spec

    if find_spec("keyring"):
        return "No keyring of the desktop took it when the first account was kept: there is none, or it was locked."
    return "With a keyring (pip install 'sojourn[keyring]') it would be kept there."


def _ends(account: Account) -> int | None:
    return account.expires_at // 1000 if account.expires_at else None


def _until(account: Account) -> str:
    ends = _ends(account)
    token = f"ends {output.until(ends)}" if ends else "no known end"
    return f"{token}, {'renewed silently' if account.renewable else 'then a person must sign in'}"


def _members(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "kind": account.kind,
        "issuer": account.issuer,
        "username": account.username,
        "expires_at": _ends(account),
        "renewable": account.renewable,
    }
