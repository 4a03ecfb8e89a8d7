"""`sojourn users`: people, at a server with the current account's rights or offline in a data folder."""

from __future__ import annotations

from typing import Any, Final

import click

from sojourn.cli import desk, exit_codes, listing, options, output, secrets
from sojourn.cli.ids import IdCommand

ADMINISTRATOR: Final = "administrator"


@click.group()
def command() -> None:
    """Administer people, at the current account's server, or offline with --data."""


command.command_class = IdCommand


def _show(user: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json(user)
        return
    shown = {**user, "created": output.day(user["created"])}
    output.print_fields({**{k: v for k, v in shown.items() if k != "claims"}, **user["claims"]})


def _claims(name: str | None, email: str | None, pairs: tuple[str, ...]) -> dict[str, Any]:
    """Claims from options; an empty value takes a claim away."""
    given: dict[str, Any] = {}
    for pair in pairs:
        claim, equals, value = pair.partition("=")
        if not equals or not claim:
            message = f"--claim wants NAME=VALUE, not {pair!r}."
            raise click.UsageError(message)
        given[claim] = value or None
    if name is not None:
        given["name"] = name or None
    if email is not None:
        given["email"] = email or None
    return given


@listing.list_command(command, "users", "login", "name", "status", "roles", "created", "id")
def list_(user: dict[str, Any]) -> tuple[object, ...]:
    """List people."""
    name = user["claims"].get("name", "")
    roles = output.listed(user["roles"])
    return (user["login"], name, user["status"], roles, output.day(user["created"]), user["id"])


@command.command()
@click.argument("user")
@options.account
@options.data
@options.as_json
def show(*, user: str, account: str | None, data: str | None, as_json: bool) -> None:
    """Show one person, by login or id."""
    with desk.opened(data, account) as found:
        _show(found.get("users", {"user": user})["items"][0], as_json=as_json)


@command.command()
@click.argument("login")
@click.option("--name", help="The full name.")
@click.option("--email", help="The e-mail address.")
@click.option("--claim", "claims", metavar="NAME=VALUE", multiple=True, help="Another claim.")
@click.option("--role", "roles", metavar="ROLE", multiple=True, help="administrator or auditor.")
@click.option("--admin", is_flag=True, help="The same as --role administrator.")
@click.option(
    "--password-stdin", is_flag=True, help="The password is a line of the standard input."
)
@click.option(
    "--no-password", is_flag=True, help="Set no password: nobody can sign in with it yet."
)
@options.account
@options.data
@options.as_json
def add(
    *,
    login: str,
    name: str | None,
    email: str | None,
    claims: tuple[str, ...],
    roles: tuple[str, ...],
    admin: bool,
    password_stdin: bool,
    no_password: bool,
    account: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Add a person. The password is asked for."""
    body = {
        "action": "create",
        "login": login,
        "claims": _claims(name, email, claims),
        "roles": sorted({*roles, *([ADMINISTRATOR] if admin else [])}),
        "password": "" if no_password else secrets.new_password(login, from_stdin=password_stdin),
    }
    _act(body, account, data, as_json=as_json, make=True)


@command.command("set")
@click.argument("user")
@click.option("--name", help="The full name; empty takes it away.")
@click.option("--email", help="The e-mail address; empty takes it away.")
@click.option("--claim", "claims", metavar="NAME=VALUE", multiple=True, help="Another claim.")
@options.account
@options.data
@options.as_json
def set_(
    *,
    user: str,
    name: str | None,
    email: str | None,
    claims: tuple[str, ...],
    account: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Change what is known of a person."""
    body = {"action": "set_claims", "user": user, "claims": _claims(name, email, claims)}
    _act(body, account, data, as_json=as_json)


@command.command()
@click.argument("user")
@click.argument("roles", nargs=-1)
@options.account
@options.data
@options.as_json
def roles(
    *,
    user: str,
    roles: tuple[str, ...],
    account: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Give a person exactly these roles: administrator, auditor, or none."""
    body = {"action": "set_roles", "user": user, "roles": list(roles)}
    _act(body, account, data, as_json=as_json)


@command.command()
@click.argument("user")
@click.option(
    "--password-stdin", is_flag=True, help="The password is a line of the standard input."
)
@options.account
@options.data
def password(*, user: str, password_stdin: bool, account: str | None, data: str | None) -> None:
    """Set a new password; all that the person has open ends."""
    text = secrets.new_password(user, from_stdin=password_stdin)
    body = {"action": "set_password", "user": user, "password": text}
    with desk.opened(data, account) as found:
        found.act("users", body)
    click.echo(f"{user} has a new password, and every session of theirs has ended.")


@command.command("status")
@click.argument("user")
@click.argument("status", type=click.Choice(("active", "locked", "disabled")))
@options.account
@options.data
@options.as_json
def set_status(
    *,
    user: str,
    status: str,
    account: str | None,
    data: str | None,
    as_json: bool,
) -> None:
    """Activate, lock or disable a person. What they have open is dead while they are not active."""
    body = {"action": "set_status", "user": user, "status": status}
    _act(body, account, data, as_json=as_json)


@command.command()
@click.argument("user")
@options.account
@options.data
def end(*, user: str, account: str | None, data: str | None) -> None:
    """End every session of a person."""
    with desk.opened(data, account) as found:
        found.act("users", {"action": "end_sessions", "user": user})
    click.echo(f"Every session of {user} has ended.")


@command.command()
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.account
@options.data
def delete(*, user: str, yes: bool, account: str | None, data: str | None) -> int:
    """Delete a person for good. The name is free then; the id is never used again."""
    if not yes and not click.confirm(f"Delete {user} for good?", err=True):
        click.echo("Nothing was done.", err=True)
        return exit_codes.ERROR
    with desk.opened(data, account) as found:
        found.act("users", {"action": "delete", "user": user})
    click.echo(f"{user} is deleted.")
    return exit_codes.OK


def _act(
    body: dict[str, Any],
    account: str | None,
    data: str | None,
    *,
    as_json: bool,
    make: bool = False,
) -> None:
    with desk.opened(data, account, make=make) as found:
        _show(found.act("users", body), as_json=as_json)
