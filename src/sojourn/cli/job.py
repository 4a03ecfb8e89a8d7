"""`sojourn job`: sends the current user off with a job, narrower and with a key of its own; and `sojourn job-key`, the
key that a farm opens them with."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from sojourn.cli import options, output
from sojourn.cli.exec import become
from sojourn.client.choice import JOB

if TYPE_CHECKING:
    from sojourn.client.renewal import RenewingAuth

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_MARGIN: Final = 60
_is_span = re.compile(r"([1-9][0-9]{0,8})([smhd]?)").fullmatch


class Span(click.ParamType[int]):
    """A span of time: `3600`, `90m`, `8h`, `2d`; in seconds."""

    name = "span"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        found = _is_span(str(value))
        if found is None:
            self.fail(
                f"{value!r} is no span of time: say 90m, 8h or a number of seconds.", param, ctx
            )
        return int(found[1]) * _UNITS[found[2]]


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("program", nargs=-1, type=click.UNPROCESSED)
@click.option("--for", "name", required=True, metavar="NAME", help="The name on My sessions.")
@click.option(
    "--scope", help="What the job may, separated by spaces. Without it: all that the account may."
)
@click.option(
    "--expires-in",
    "life",
    type=Span(),
    default="1d",
    show_default=True,
    help="Its life at most: 90m, 8h, 2d or seconds.",
)
@click.option(
    "--recipient",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with the public key of whoever runs the job (sojourn job-key).",
)
@options.account
def command(
    *,
    program: tuple[str, ...],
    name: str,
    scope: str | None,
    life: int,
    recipient: Path | None,
    account: str | None,
) -> int:
    """Send the current user off with a job: sojourn job --for "render 42" --scope notes -- ./render.sh

    PROGRAM runs with a narrower credential of its own in SOJOURN_JOB, which `sojourn get` and deserialize_user take
    there. It works with the job's own key alone, and ends with the session it came from, or alone: sojourn revoke.

    With --recipient it is sealed to a farm's key, for workers elsewhere, and without PROGRAM it is printed.
    """
    if not program and recipient is None:
        message = "Say what to run, or seal it for a farm with --recipient."
        raise click.UsageError(message)
    sealed_for = _public_key(recipient) if recipient else secrets.token_bytes(32)
    try:
        text = _sent_off(account, name, sealed_for, scope=scope, life=life)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if not program:
        click.echo(text)
        return 0
    given = {JOB: text}
    if isinstance(sealed_for, bytes):
        from sojourn.client.jobs import VARIABLE
        from sojourn.wire import base64url

        given[VARIABLE] = base64url.encode(sealed_for)
    return become(program, given)


def _sent_off(
    account: str | None,
    name: str,
    sealed_for: Mapping[str, Any] | bytes,
    *,
    scope: str | None,
    life: int,
) -> str:
    from sojourn.client.accounts import Accounts
    from sojourn.client.serialize import serialize_user
    from sojourn.client.user import of_record

    found = Accounts().get(account)
    user = of_record(found.record, store=Accounts().store, account=found.id)
    text = serialize_user(user, for_job=name, scope=scope, expires_in=life, recipient=sealed_for)
    _tell_of_an_early_end(text, life, bound=found.bound)
    return text


def _tell_of_an_early_end(text: str, life: int, *, bound: bool) -> None:
    """A job ends with the session that it came from, which may be sooner than was asked for."""
    from sojourn.client.env.wall_clock import wall_clock
    from sojourn.wire.job import JobText

    left = (JobText.parse(text).exp - wall_clock()) // 1000
    if left < life - _MARGIN:
        hint = "" if bound else "; one of an account of `sojourn login --dpop` may last longer"
        click.echo(f"Note: it ends in {output.span(left)}, with what it came from{hint}.", err=True)


def _public_key(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}."
        raise click.UsageError(message) from error
    except ValueError:
        found = None
    if not isinstance(found, dict):
        message = f"{file} holds no public key as JWK: sojourn job-key makes one."
        raise click.UsageError(message)
    return found


def caller(account: str | None, *, interactive: bool) -> tuple[str, RenewingAuth]:
    """Who calls from the command line, and at which issuer: the account that is named, else the job that this process
    runs as, else the current account, whose person may be asked where that is `interactive`."""
    text = os.environ.get(JOB)
    if account is None and text:
        from sojourn.client.serialize import deserialize_user

        user = deserialize_user(text)
        return user.host, user.auth
    from sojourn.client.accounts import Accounts

    found = Accounts().get(account)
    return found.issuer, found.auth(interactive=interactive)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def key(*, file: Path) -> None:
    """Make the key of a farm: the private half is written to FILE, the public half is printed.

    Workers read their users with SOJOURN_JOB_KEY=FILE; who sends jobs off has the public half: --recipient.
    """
    from sojourn.wire.job import new_keys

    private, public = new_keys()
    try:
        held = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        message = f"{file} is there already: a key is not written over."
        raise click.UsageError(message) from error
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}."
        raise click.UsageError(message) from error
    with os.fdopen(held, "w", encoding="utf-8") as written:
        written.write(json.dumps(private) + "\n")
    click.echo(json.dumps(public))
    sys.stdout.flush()
