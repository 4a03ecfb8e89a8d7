"""`sojourn clients`: applications, at a server with the current account's rights or offline in a data folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import IO, Any, Final

import click

from sojourn.cli import desk, listing, options, output, secrets

METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
GRANTS: Final = (
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "device_code",
    "token_exchange",
)
_URN: Final = "urn:ietf:params:oauth:grant-type:"
_NAMES: Final = {"device_code": f"{_URN}device_code", "token_exchange": f"{_URN}token-exchange"}


_WORKLOADS: Final = (
    click.option(
        "--workload",
        "workloads",
        type=(str, str),
        multiple=True,
        metavar="ISSUER SUBJECT",
        help="A program that proves to be it by its platform's tokens; may be repeated.",
    ),
    click.option(
        "--workload-audience",
        metavar="TEXT",
        help="What those tokens are for, where it is not this server's issuer.",
    ),
    click.option(
        "--workload-jwks",
        type=click.File(),
        help="A file with their issuer's keys, where it does not publish them.",
    ),
    click.option(
        "--workload-reusable",
        is_flag=True,
        help="Their platform hands a token out several times (Kubernetes, GitLab): it is not good only once.",
    ),
)


@click.group()
def command() -> None:
    """Administer applications, at the current account's server, or offline with --data."""


def metadata_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name a client's metadata (RFC 7591 §2); each is passed under the metadata's name."""
    listed = (
        ("--redirect-uri", "redirect_uris", "Where sign-ins return to."),
        ("--post-logout-uri", "post_logout_redirect_uris", "Where sign-outs return to."),
        ("--grant", "grant_types", f"One of {', '.join(GRANTS)}."),
        ("--resource", "resources", "A resource it may ask tokens for."),
    )
    single: tuple[tuple[str, str, str, Any], ...] = (
        ("--name", "client_name", "The name that people see.", str),
        ("--scope", "scope", "What it may ask for, separated by spaces.", str),
        ("--auth", "token_endpoint_auth_method", "How it authenticates.", click.Choice(METHODS)),
        ("--jwks", "jwks", "A file with its public keys as JWK Set.", click.File()),
        ("--id-token-alg", "id_token_signed_response_alg", "What ID tokens are signed with.", str),
        (
            "--token-format",
            "token_format",
            "Of its access tokens.",
            click.Choice(("opaque", "jwt")),
        ),
        ("--subject-type", "subject_type", "public, pairwise or ephemeral.", str),
        ("--sector", "sector_identifier", "The sector of pairwise subjects.", str),
        ("--uri", "client_uri", "Its home page.", str),
        ("--policy-uri", "policy_uri", "Its privacy page.", str),
        ("--tos-uri", "tos_uri", "Its terms.", str),
    )
    switches = (
        ("--trusted/--not-trusted", "trusted", "Ours: people are not asked for consent."),
        ("--pkce/--no-pkce", "require_pkce", "Whether PKCE is required."),
        (
            "--dpop/--no-dpop",
            "dpop_bound_access_tokens",
            "Whether its tokens must be bound to a key (RFC 9449).",
        ),
    )
    made = [click.option(flag, name, multiple=True, help=text) for flag, name, text in listed]
    made += [click.option(flag, name, type=kind, help=text) for flag, name, text, kind in single]
    made += [click.option(flag, name, default=None, help=text) for flag, name, text in switches]
    for option in reversed((*made, *_WORKLOADS)):
        command = option(command)
    return command


def _given(metadata: dict[str, Any]) -> dict[str, Any]:
    """What was given, as JSON."""
    trusted = {name: metadata.pop(f"workload_{name}") for name in ("audience", "jwks", "reusable")}
    given = {name: value for name, value in metadata.items() if value not in (None, ())}
    if "grant_types" in given:
        given["grant_types"] = [_NAMES.get(name, name) for name in given["grant_types"]]
    if "jwks" in given:
        given["jwks"] = _read(given["jwks"], "--jwks")
    if "workloads" in given:
        given["workloads"] = _workloads(given["workloads"], trusted)
    elif any(trusted.values()):
        message = "--workload-... options need a --workload ISSUER SUBJECT."
        raise click.UsageError(message)
    return given


def _workloads(
    named: tuple[tuple[str, str], ...], trusted: dict[str, Any]
) -> list[dict[str, object]]:
    """Workloads as JSON, with what was said of all of them."""
    alike = {name: value for name, value in trusted.items() if value}
    if "jwks" in alike:
        alike["jwks"] = _read(alike["jwks"], "--workload-jwks")
    return [{"issuer": issuer, "subject": subject, **alike} for issuer, subject in named]


def _read(file: IO[str], option: str) -> object:
    try:
        return json.load(file)
    except ValueError as error:
        message = f"{option} is not JSON: {error}"
        raise click.UsageError(message) from error


def _show(client: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json(client)
        return
    secret = client.pop("client_secret", "")
    output.print_fields({**client, "created": output.day(client["created"])})
    if secret:
        click.echo(f"client_secret  {secret}")
        click.echo("Keep the secret now: it is kept nowhere else.", err=True)


@listing.list_command(command, "clients", "client_id", "name", "status", "auth", "grants", "scope")
def list_(client: dict[str, Any]) -> tuple[object, ...]:
    """List applications."""
    return (
        client["client_id"],
        client.get("client_name", ""),
        client["status"],
        client["token_endpoint_auth_method"],
        output.listed(client.get("grant_types", [])),
        client["scope"],
    )


@command.command()
@click.argument("client_id")
@options.account
@options.data
@options.as_json
def show(*, client_id: str, account: str | None, data: str | None, as_json: bool) -> None:
    """Show one application."""
    with desk.opened(data, account) as found:
        _show(found.get("clients", {"client_id": client_id})["items"][0], as_json=as_json)


@command.command()
@click.argument("client_id")
@click.option("--public", is_flag=True, help="It cannot keep a secret: the same as --auth none.")
@click.option("--secret-stdin", is_flag=True, help="The secret is a line of the standard input.")
@metadata_options
@options.account
@options.data
@options.as_json
def add(
    *,
    client_id: str,
    public: bool,
    secret_stdin: bool,
    account: str | None,
    data: str | None,
    as_json: bool,
    **metadata: Any,  # noqa: ANN401 - the table of options above
) -> None:
    """Register an application. Its secret is printed once.

    With a redirect URI it signs people in; without one it acts for itself (client_credentials).
    """
    body = {"action": "create", "client_id": client_id, **_given(metadata)}
    if public:
        body["token_endpoint_auth_method"] = "none"
    if secret_stdin:
        body["client_secret"] = secrets.line_of_stdin("the secret")
    with desk.opened(data, account, make=True) as found:
        made = found.act("clients", body)
    if secret_stdin:
        del made["client_secret"]
    _show(made, as_json=as_json)


@command.command("set")
@click.argument("client_id")
@metadata_options
@options.account
@options.data
@options.as_json
def set_(
    *,
    client_id: str,
    account: str | None,
    data: str | None,
    as_json: bool,
    **metadata: Any,  # noqa: ANN401 - the table of options above
) -> None:
    """Change an application's metadata."""
    body = {"action": "change", "client_id": client_id, **_given(metadata)}
    _act(body, account, data, as_json=as_json)


@command.command()
@click.argument("client_id")
@options.account
@options.data
@options.as_json
def secret(*, client_id: str, account: str | None, data: str | None, as_json: bool) -> None:
    """Give an application a new secret; the old one is dead at once."""
    body = {"action": "new_secret", "client_id": client_id}
    _act(body, account, data, as_json=as_json)


@command.command()
@click.argument("client_id")
@click.argument("status", type=click.Choice(("active", "disabled")))
@options.account
@options.data
@options.as_json
def status(
    *, client_id: str, status: str, account: str | None, data: str | None, as_json: bool
) -> None:
    """Activate or disable an application. What a disabled one holds is dead."""
    body = {"action": "set_status", "client_id": client_id, "status": status}
    _act(body, account, data, as_json=as_json)


def _act(body: dict[str, Any], account: str | None, data: str | None, *, as_json: bool) -> None:
    with desk.opened(data, account) as found:
        _show(found.act("clients", body), as_json=as_json)
