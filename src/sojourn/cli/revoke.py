"""`sojourn revoke`: ends a sign-in, an authorization, all that an application has, everything else, or one token."""

from __future__ import annotations

import click

from sojourn.cli import options, output, secrets, tree
from sojourn.cli.ids import IdCommand
from sojourn.errors import IncompleteCredentials, UnknownObject


@click.command(cls=IdCommand)
@click.argument("what", required=False)
@click.option("--others", is_flag=True, help="End everything but the sign-in of this account.")
@click.option("--user", metavar="USER", help="Another person's, as an administrator.")
@options.account
@options.data
def command(
    *, what: str | None, others: bool, user: str | None, account: str | None, data: str | None
) -> None:
    """End WHAT: the beginning of an id that `sojourn sessions` shows, a client's id, or a token.

    A token is better not written on the command line: - reads it from the standard input.
    """
    if others == (what is not None):
        message = "Say what to end, or --others."
        raise click.UsageError(message)
    if data is not None and user is None:
        message = "--data needs --user: offline nobody is signed in."
        raise click.UsageError(message)
    text = secrets.line_of_stdin("the token") if what == "-" else what
    if text is not None and is_token(text):
        _revoke_token(text, account)
        return
    with tree.opened(user, data, account) as sessions:
        if text is None:
            sessions.end("end_others")
            click.echo("Everything else has ended.")
            return
        target = _target(sessions.tree(), text)
        ended = sessions.end(target.action, target.id)["ended"]
    words = output.clean(target.words)
    click.echo(f"Ended: {words}" if ended else f"It had ended before: {words}")


def is_token(text: str) -> bool:
    """Whether `text` is a token of ours or a JWT rather than an id."""
    return text.startswith("sj_") or (text.startswith("eyJ") and text.count(".") == 2)


def _target(found: tree.Members, text: str) -> tree.Target:
    matching = tree.targets(found, text)
    if not matching:
        message = f"There is no session {text!r}. `sojourn sessions --all` shows what there is."
        raise UnknownObject(message)
    if len(matching) > 1:
        raise IncompleteCredentials(
            f"{text!r} may mean {len(matching)} things: give more of the id."
        )
    return matching[0]


def _revoke_token(text: str, account: str | None) -> None:
    from sojourn.client.accounts import Accounts
    from sojourn.client.running import run
    from sojourn.errors import AuthenticationError

    found = Accounts().get(account)
    plugin = found.auth()
    endpoints = getattr(plugin, "endpoints", None)
    if endpoints is None or not run(
        lambda env: endpoints.revoke(env, text, hint="access_token"),
        connection=plugin.connection(),
    ):
        raise AuthenticationError(f"{found.issuer} offers no revocation of tokens.")
    click.echo("The token is revoked.")
