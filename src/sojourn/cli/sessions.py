"""`sojourn sessions`: where a person is signed in and what applications have, as a tree."""

from __future__ import annotations

import click

from sojourn.cli import drawing, options, output, tree


@click.command()
@click.option("--user", metavar="USER", help="Another person's, as an administrator.")
@click.option("--all", "every", is_flag=True, help="What has ended too.")
@options.account
@options.data
@options.as_json
def command(
    *, user: str | None, every: bool, account: str | None, data: str | None, as_json: bool
) -> None:
    """Show where you are signed in, and what applications have there.

    The last word of a line is the beginning of its id: `sojourn revoke` takes it.
    """
    if data is not None and user is None:
        message = "--data needs --user: offline nobody is signed in."
        raise click.UsageError(message)
    with tree.opened(user, data, account) as sessions:
        found = sessions.tree()
    if as_json:
        output.print_json(found)
        return
    drawing.print_tree(tree.drawing(found, every=every))
