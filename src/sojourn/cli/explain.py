"""`sojourn explain`: which account, credential and address were chosen and why; and why a token is good or not, each
node of its path with a mark and a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sojourn.cli import drawing, options, output, secrets, tree
from sojourn.cli.drawing import Twig
from sojourn.errors import UnknownObject

if TYPE_CHECKING:
    from sojourn.client.choice import Choice


@click.command()
@click.argument("token", required=False)
@click.option("--any", "anybodys", is_flag=True, help="Anybody's token, as an administrator.")
@click.option("--offline", is_flag=True, help="Explain the choice alone; ask no server.")
@options.account
@options.as_json
def command(
    *, token: str | None, anybodys: bool, offline: bool, account: str | None, as_json: bool
) -> None:
    """Explain TOKEN, or the account's own access token. - reads it from the standard input.

    First which account, credential and address were chosen and why, where no TOKEN is given. The path then goes from
    the user down to the token: the token is good only if every node is, save a code (◌), which handed its grant over
    when it was used.
    """
    chosen = None if token else _chosen(account)
    if offline or (chosen and chosen.account.kind != "oidc"):
        _print_choice(chosen or _chosen(account), as_json=as_json)
        return
    text = secrets.line_of_stdin("the token") if token == "-" else token
    from sojourn.cli.online import session_of

    with session_of(account) as online:
        body = {"token": text or online.account.good_credential().access_token}
        path = "/admin/explain" if anybodys else "/account/explain"
        story = online.call("POST", path, json=body)
    if as_json:
        output.print_json(story | ({"choice": _members(chosen)} if chosen else {}))
        return
    if not story["known"]:
        message = "The server knows no such token of yours: never made, or forgotten after its end."
        raise UnknownObject(message)
    if chosen:
        _print_choice(chosen, as_json=False)
        click.echo()
    drawing.print_tree(picture(story["steps"]))
    bad = [step for step in story["steps"] if not (step["live"] or step["handed_over"])]
    click.echo()
    click.echo(
        "The token is good." if story["live"] else f"The token is not good: {_fault(bad[0])}."
    )


def _chosen(account: str | None) -> Choice:
    from sojourn.client.accounts import Accounts

    return Accounts().explain(account)


def _print_choice(chosen: Choice, *, as_json: bool) -> None:
    if as_json:
        output.print_json({"choice": _members(chosen)})
        return
    output.print_fields(
        {
            "account": chosen.account.name,
            "because": "; ".join(step.text for step in chosen.steps),
            "credential": chosen.credential,
            "endpoint": chosen.endpoint,
        }
    )


def _members(chosen: Choice) -> dict[str, Any]:
    return {
        "account": chosen.account.name,
        "id": chosen.account.id,
        "why": chosen.why,
        "steps": [
            {"rule": step.rule, "chosen": step.chosen, "text": step.text} for step in chosen.steps
        ],
        "credential": chosen.credential,
        "endpoint": chosen.endpoint,
    }


def picture(steps: list[dict[str, Any]]) -> Twig:
    """The steps, which come leaf first, as a tree from the root: sign-in and client are side branches."""
    aside = [
        step for step in steps if step["node"] in {"sign-in", "client", "actor", "path", "missing"}
    ]
    line = [step for step in steps if step not in aside] or aside
    below: tuple[Twig, ...] = ()
    for position, step in enumerate(line):
        branches = tuple(_twig(one, ()) for one in aside) if position == len(line) - 1 else ()
        below = (_twig(step, (*branches, *below) if line is not aside else below),)
    return below[0]


def _twig(step: dict[str, Any], below: tuple[Twig, ...]) -> Twig:
    notes = (
        f"since {output.day(step['since'])}" if step["since"] else "",
        f"until {output.day(step['until'])}" if step["until"] and step["live"] else "",
        "" if step["live"] else _reason(step),
        "nothing below depends on it" if step["handed_over"] else "",
    )
    about = tree.device(step["about"]) if step["node"] == "sign-in" else step["about"]
    label = f"{step['node']} {output.shortened(about)}".rstrip()
    return Twig(
        label, " · ".join(filter(None, notes)), step["live"], below, past=step["handed_over"]
    )


def _reason(step: dict[str, Any]) -> str:
    when = f" {output.day(step['ended'])}" if step["ended"] else ""
    return f"{step['why'].replace('_', ' ')}{when}"


def _fault(step: dict[str, Any]) -> str:
    return f"{step['node']} {step['why'].replace('_', ' ')}"
