"""`sojourn get`: one authenticated request, its answer on the standard output."""

from __future__ import annotations

import re
import sys
from urllib.parse import urlsplit

import click

from sojourn.cli import exit_codes, options, output

_is_loopback = re.compile(r"127(?:\.[0-9]{1,3}){3}").fullmatch


@click.command()
@click.argument("url")
@click.option("-i", "--include", is_flag=True, help="Print status and headers too.")
@options.account
@options.as_json
def command(*, url: str, include: bool, account: str | None, as_json: bool) -> int:
    """GET URL with the account's access token and print the body.

    A URL that begins with / is one of the account's own server. In a job (SOJOURN_JOB) the job's credential is sent
    unless an account is named. Exits with 4 where the answer is 401 or 403, with 5 where it is 404, with 1 for another
    status of 400 or above. Where the sign-in has ended, or the service wants a newer or stronger one (RFC 9470), the
    person at the terminal is asked to sign in; where nobody is there it exits with 3 and says what to run.
    """
    from sojourn.cli.job import caller
    from sojourn.client.prompt import terminal
    from sojourn.client.session import Session

    issuer, auth = caller(account, interactive=terminal.available())
    where = issuer + url if url.startswith("/") else url
    if is_in_the_clear(where):
        message = f"{url} would send the token in the clear: only https, or http on this machine."
        raise click.UsageError(message)
    with Session(auth=auth) as session:
        response = session.get(where, raise_exc=False)
    headers = dict(response.headers)
    if as_json:
        members = {"status": response.status_code, "headers": headers, "body": response.text}
        output.print_json(members)
        return _code(response.status_code)
    if include:
        click.echo(f"{response.status_code} {response.reason}")
        for name, value in headers.items():
            click.echo(f"{name}: {output.clean(value)}")
        click.echo()
    sys.stdout.flush()
    sys.stdout.buffer.write(response.content)
    if sys.stdout.isatty() and not response.content.endswith(b"\n"):
        click.echo()
    if not response.ok:
        click.echo(
            f"Error: {where} answered {response.status_code} {response.reason}".rstrip(), err=True
        )
    return _code(response.status_code)


def is_in_the_clear(url: str) -> bool:
    """Whether others on the way could read what is sent to `url`."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    here = host in {"localhost", "::1"} or bool(_is_loopback(host))
    return parts.scheme != "https" and not (parts.scheme == "http" and here)


def _code(status: int) -> int:
    if status < 400:
        return exit_codes.OK
    by_status = {401: exit_codes.REFUSED, 403: exit_codes.REFUSED, 404: exit_codes.NOT_FOUND}
    return by_status.get(status, exit_codes.ERROR)
