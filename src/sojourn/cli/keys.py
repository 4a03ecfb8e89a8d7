"""`sojourn keys`: signing keys, at a server with the current account's rights or offline in a data folder."""

from __future__ import annotations

from typing import Any

import click

from sojourn.cli import desk, listing, options, output
from sojourn.cli.ids import IdCommand

_COLUMNS = ("kid", "alg", "status", "created", "changed")


@click.group()
def command() -> None:
    """Administer signing keys, at the current account's server, or offline with --data.

    A key is published first, so that everybody knows it before it signs; then activated, and the one before it goes on
    verifying; that one is retired when nothing it signed is in use any more.
    """


command.command_class = IdCommand


@listing.list_command(command, "keys", *_COLUMNS)
def list_(key: dict[str, Any]) -> tuple[object, ...]:
    """List signing keys, oldest first."""
    return (
        *(key[name] for name in _COLUMNS[:3]),
        output.day(key["created"]),
        output.day(key["changed"]),
    )


@command.command()
@click.argument("alg", type=click.Choice(("ES256", "RS256", "EdDSA")))
@options.account
@options.data
@options.as_json
def publish(*, alg: str, account: str | None, data: str | None, as_json: bool) -> None:
    """Make the next key: it is published now, and signs once it is activated."""
    _act({"action": "publish", "alg": alg}, account, data, as_json=as_json)


@command.command()
@click.argument("kid")
@options.account
@options.data
@options.as_json
def activate(*, kid: str, account: str | None, data: str | None, as_json: bool) -> None:
    """Let a published key sign from now on."""
    _act({"action": "activate", "kid": kid}, account, data, as_json=as_json)


@command.command()
@click.argument("kid")
@options.account
@options.data
@options.as_json
def retire(*, kid: str, account: str | None, data: str | None, as_json: bool) -> None:
    """Take a key out of use: what it signed is no longer good."""
    _act({"action": "retire", "kid": kid}, account, data, as_json=as_json)


def _act(body: dict[str, Any], account: str | None, data: str | None, *, as_json: bool) -> None:
    with desk.opened(data, account) as found:
        keys = found.act("keys", body)
    listing.print_list(keys, _COLUMNS, list_, as_json=as_json)
