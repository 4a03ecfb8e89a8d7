"""Options that many commands share: `--json`, `--account`, `--data`. Commands stand above it."""

from __future__ import annotations

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
account = click.option(
    "-a",
    "--account",
    metavar="NAME",
    help="The account to use, instead of the current one.",
)
data = click.option(
    "--data",
    metavar="DIR",
    help="Work offline on this data folder of a server that is not running.",
)
