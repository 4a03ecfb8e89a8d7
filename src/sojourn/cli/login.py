"""`sojourn login`: a person, in the browser here or on another device, or a program with its secret; the account is
kept, sealed.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from sojourn.cli import connections, kinds, options, secrets

if TYPE_CHECKING:
    from sojourn.client.renewal import RenewingAuth
    from sojourn.wire.device import DeviceAuthorization

CLIENT: Final = "sojourn-cli"
"""The client that every Sojourn server knows from its first start."""
SCOPE: Final = "openid profile email offline_access"
ACCOUNT_SCOPE: Final = "account"
ADMIN_SCOPE: Final = (
    "users:read users:write clients:read clients:write "
    "keys:read keys:write sessions:read sessions:write"
)
_BROWSERS: Final = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")


@click.command(cls=kinds.ByKind)
@click.argument("issuer")
@click.option(
    "--kind",
    default=kinds.DEFAULT,
    show_default=True,
    expose_value=False,
    help="How to sign in: oidc, workload, keystone, v3applicationcredential, v3totp, v3token, dynect, shotgrid, "
    "shotgrid_browser, shotgrid_script, cubicweb, ... Each has its own options: sojourn login --kind keystone --help.",
)
@click.option(
    "--cloud",
    metavar="NAME",
    expose_value=False,
    help="Sign in at a cloud of clouds.yaml; what it does not say is asked for.",
)
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
@click.option(
    "--device",
    is_flag=True,
    help="Show an address and a code, to be approved on another device: for machines without a browser (RFC 8628).",
)
@click.option(
    "--max-age",
    type=click.IntRange(min=0),
    metavar="SECONDS",
    help="Sign in anew where the sign-in at the server is older.",
)
@click.option(
    "--acr",
    "acr_values",
    multiple=True,
    metavar="VALUE",
    help="How to sign in, best first: an authentication context; may be repeated.",
)
@click.option(
    "--dpop/--no-dpop",
    default=False,
    show_default=True,
    help="Bind the tokens to a key of this account (RFC 9449): nobody can use a copy, and sojourn token, exec and "
    "credential-process cannot hand them on.",
)
@click.option("--cacert", metavar="FILE", type=click.Path(exists=True), help=connections.WORDS)
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
    device: bool,
    max_age: int | None,
    acr_values: tuple[str, ...],
    dpop: bool,
    cacert: str | None,
    no_browser: bool,
    as_json: bool,
) -> None:
    """Sign in at ISSUER and make the account the current one.

    With --client-secret a program signs in for itself; otherwise a person does, in the browser, or with --device
    wherever they have one. With --device and --json the address and the code are a line of JSON on the standard
    error. --max-age and --acr are what a service that wants a newer or stronger sign-in asks for (RFC 9470).
    """
    from sojourn.client.accounts import Accounts

    issuer = kinds.with_scheme(issuer)
    program = bool(client_secret) and not device
    if program and (acr_values or max_age is not None):
        message = "--acr and --max-age are about a person: a program does not sign in."
        raise click.UsageError(message)
    how = _How(max_age, " ".join(acr_values) or None)
    asked = scope if scope is not None else _usual_scope(client_id, program=program)
    if admin:
        asked = f"{asked or ''} {ADMIN_SCOPE}".strip()
    if client_secret == "-":
        client_secret = secrets.line_of_stdin("the secret")
    for variable in _BROWSERS if no_browser else ():
        os.environ.pop(variable, None)
    if device:
        plugin = _device(
            issuer,
            client_id,
            client_secret,
            scope=asked,
            resources=resources,
            how=how,
            dpop=dpop,
            as_json=as_json,
        )
    else:
        plugin = _here(
            issuer, client_id, client_secret, scope=asked, resources=resources, how=how, dpop=dpop
        )
    connection = connections.chosen({}, cacert)
    kinds.tell(Accounts().login(plugin, name=name, **connection), as_json=as_json)


class _How(NamedTuple):
    """How new the sign-in must be, in seconds, and by which authentication contexts."""

    max_age: int | None
    acr_values: str | None


def _device(
    issuer: str,
    client_id: str,
    client_secret: str | None,
    *,
    scope: str | None,
    resources: tuple[str, ...],
    how: _How,
    dpop: bool,
    as_json: bool,
) -> RenewingAuth:
    """A person on another device."""
    from sojourn.client.dialects.oidc.plugins import DeviceCode

    return DeviceCode(
        issuer,
        client_id,
        client_secret=client_secret,
        scope=scope or "openid",
        resource=resources,
        dpop=dpop,
        show=_show_as_json if as_json else None,
        max_age=how.max_age,
        acr_values=how.acr_values,
    )


def _here(
    issuer: str,
    client_id: str,
    client_secret: str | None,
    *,
    scope: str | None,
    resources: tuple[str, ...],
    how: _How,
    dpop: bool,
) -> RenewingAuth:
    """A program by its secret, or a person in the browser."""
    from sojourn.client.dialects.oidc.plugins import AuthorizationCode, ClientCredentials

    if client_secret:
        return ClientCredentials(
            issuer,
            client_id,
            client_secret=client_secret,
            scope=scope,
            resource=resources,
            dpop=dpop,
        )
    return AuthorizationCode(
        issuer,
        client_id,
        scope=scope or "openid",
        resource=resources,
        max_age=how.max_age,
        acr_values=how.acr_values,
        dpop=dpop,
    )


def _show_as_json(given: DeviceAuthorization) -> None:
    """What a person must be shown, for a program that shows it. The device's own code is no part of it."""
    shown = {
        "verification_uri": given.verification_uri,
        "verification_uri_complete": given.verification_uri_complete,
        "user_code": given.user_code,
        "expires_in": given.expires_in,
    }
    click.echo(json.dumps(shown), err=True)


def _usual_scope(client_id: str, *, program: bool) -> str | None:
    if program:
        return None
    return f"{SCOPE} {ACCOUNT_SCOPE}" if client_id == CLIENT else SCOPE
