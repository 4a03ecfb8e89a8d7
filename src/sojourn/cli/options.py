"""Options that many commands share: `--json`, `--account`, `--data`. Commands stand above it."""

from __future__ import annotations

import click
from click import Context, Parameter


def account_names(ctx: Context, param: Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click's signature
    """What a shell offers for an account: the names that begin so. Its last resort is to offer nothing."""
    from sojourn.client.accounts import Accounts
    from sojourn.errors import SojournError

    try:
        found, _ = Accounts().readable()
    except SojournError:
        return []
    return [one.name for one in found if one.name.startswith(incomplete)]


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
account = click.option(
    "-a",
    "--account",
    metavar="NAME",
    shell_complete=account_names,
    help="The account to use, instead of the current one.",
)
data = click.option(
    "--data",
    metavar="DIR",
    help="Work offline on this data folder of a server that is not running.",
)
