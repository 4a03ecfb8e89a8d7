"""`sojourn resources`: services that receive tokens, at a server with the current account's rights or offline."""

from __future__ import annotations

from typing import Any

import click

from sojourn.cli import desk, listing, options, output

_COLUMNS = ("identifier", "name", "scope", "token_format", "client_id")


@click.group()
def command() -> None:
    """Administer services that receive tokens, at the current account's server, or offline with --data."""


@listing.list_command(command, "resources", *_COLUMNS)
def list_(resource: dict[str, Any]) -> list[object]:
    """List services that receive tokens."""
    return [resource[name] for name in _COLUMNS]


@command.command()
@click.argument("identifier")
@click.option("--name", default="", help="The name that people see.")
@click.option("--scope", default="", help="The scopes it understands, separated by spaces.")
@click.option(
    "--access-token-format",
    type=click.Choice(("opaque", "jwt")),
    default="opaque",
    show_default=True,
    help="Opaque tokens end at once; a JWT may be accepted for up to five minutes more.",
)
@click.option("--client", "client_id", default="", help="The client it introspects tokens with.")
@options.account
@options.data
@options.as_json
def add(
    *,
    identifier: str,
    name: str,
    scope: str,
    access_token_format: str,
    client_id: str,
    account: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Register a service by the URI that tokens name as their audience, or replace it."""
    body = {
        "action": "create",
        "identifier": identifier,
        "name": name,
        "scope": scope,
        "token_format": access_token_format,
        "client_id": client_id,
    }
    with desk.opened(data, account, make=True) as found:
        made = found.act("resources", body)
    if as_json:
        output.print_json(made)
    else:
        output.print_fields(made)
