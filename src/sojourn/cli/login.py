"""`sojourn login`: a person through the browser, or a program with its secret; the account is kept, sealed."""

from __future__ import annotations

import os
from typing import Final

import click

from sojourn.cli import options, output, secrets

CLIENT: Final = "sojourn-cli"
"""The client that every Sojourn server knows from its first start."""
SCOPE: Final = "openid profile email offline_access"
ACCOUNT_SCOPE: Final = "account"
ADMIN_SCOPE: Final = (
    "users:read users:write clients:read clients:write "
    "keys:read keys:write sessions:read sessions:write"
)
_BROWSERS: Final = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")


@click.command()
@click.argument("issuer")
@click.option("--client-id", default=CLIENT, show_default=True, help="The client to sign in with.")
@click.option(
    "--client-secret", help="A program's own secret; - reads a line of the standard input."
)
@click.option("--scope", help="What to ask for, separated by spaces.")
@click.option(
    "--resource",
    "resources",
    metavar="URI",
    multiple=True,
    help="The service that the tokens are for (RFC 8707); may be repeated.",
)
@click.option("--name", help="What to call the account here.")
@click.option("--admin", is_flag=True, help="Ask for the rights of an administrator too.")
@click.option("--no-browser", is_flag=True, help="Show the address instead of opening a browser.")
@options.as_json
def command(
    *,
    issuer: str,
    client_id: str,
    client_secret: str | None,
    scope: str | None,
    resources: tuple[str, ...],
    name: str | None,
    admin: bool,
    no_browser: bool,
    as_json: bool,
) -> None:
    """Sign in at ISSUER and make the account the current one.

    With --client-secret a program signs in for itself; otherwise a person does, in the browser.
    """
    from sojourn.client.accounts import Accounts
    from sojourn.client.dialects.oidc.plugins import AuthorizationCode, ClientCredentials

    issuer = _with_scheme(issuer)
    asked = scope if scope is not None else _usual_scope(client_id, program=bool(client_secret))
    if admin:
        asked = f"{asked or ''} {ADMIN_SCOPE}".strip()
    plugin: AuthorizationCode | ClientCredentials
    if client_secret:
        secret = secrets.line_of_stdin("the secret") if client_secret == "-" else client_secret
        plugin = ClientCredentials(
            issuer, client_id, client_secret=secret, scope=asked, resource=resources
        )
    else:
        if no_browser:
            for variable in _BROWSERS:
                os.environ.pop(variable, None)
        plugin = AuthorizationCode(issuer, client_id, scope=asked or "openid", resource=resources)
    account = Accounts().login(plugin, name=name)
    if as_json:
        output.print_json(
            {
                "id": account.id,
                "name": account.name,
                "issuer": account.issuer,
                "scope": account.scope,
            }
        )
    else:
        click.echo(f"Signed in: {output.clean(account.name)}")


def _with_scheme(issuer: str) -> str:
    """An address that was typed without its scheme: https, and http on loopback."""
    if "://" in issuer:
        return issuer
    here = issuer.startswith(("localhost", "127.", "[::1]"))
    return f"{'http' if here else 'https'}://{issuer}"


def _usual_scope(client_id: str, *, program: bool) -> str | None:
    if program:
        return None
    return f"{SCOPE} {ACCOUNT_SCOPE}" if client_id == CLIENT else SCOPE
