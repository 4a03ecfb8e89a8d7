"""`sojourn whoami`: who the server says the person is, asked now where the account's token may ask."""

from __future__ import annotations

from typing import Any, Final

import click

from sojourn.cli import options, output

_TECHNICAL: Final = {
    "aud",
    "exp",
    "iat",
    "nonce",
    "at_hash",
    "auth_time",
    "iss",
    "sid",
    "azp",
    "jti",
}


@click.command()
@options.account
@options.as_json
def command(*, account: str | None, as_json: bool) -> None:
    """Say who you are, as the server sees it now.

    An account whose tokens are for another service may not ask: it shows what was said at sign-in, even if that sign-in
    has ended since.
    """
    from sojourn.client.accounts import Accounts

    found = Accounts().get(account)
    claims: dict[str, Any] = found.whoami()
    if as_json:
        output.print_json({"account": found.name, "issuer": found.issuer, **claims})
        return
    shown = {name: _plain(value) for name, value in claims.items() if name not in _TECHNICAL}
    output.print_fields({"account": found.name, "issuer": found.issuer, **shown})


def _plain(value: object) -> object:
    """What has a name or an id is shown by it: a project, roles."""
    if isinstance(value, list):
        return ", ".join(str(_plain(one)) for one in value)
    if isinstance(value, dict):
        return value.get("name") or value.get("id") or value
    return value
