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


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json(found)
        return
    listing.print_list(found, _COLUMNS, _cells)


def _cells(key: dict[str, Any]) -> tuple[object, ...]:
    return (
        *(key[name] for name in _COLUMNS[:3]),
        output.day(key["created"]),
        output.day(key["changed"]),
    )


@command.command("list")
@listing.list_options
@options.account
@options.data
@options.as_json
def list_(
    *,
    limit: int,
    after: str | None,
    sort: str | None,
    filters: tuple[str, ...],
    account: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """List signing keys, oldest first."""
    with desk.opened(data, account) as found:
        wanted = listing.Wanted(limit, after, sort, filters)
        keys = listing.gathered(found, "keys", wanted)
    _print(keys, as_json=as_json)


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
        _print(found.act("keys", body), as_json=as_json)
