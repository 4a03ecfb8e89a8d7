"""Lists: gathered page by page, filtered, sorted and printed alike for every area. The administration commands stand
above it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import click

from sojourn.cli import desk, options, output
from sojourn.cli.desk import Desk

Row = dict[str, Any]
Cells = Callable[[Row], Sequence[object]]

PAGE: Final = 200
BY_SERVER: Final = {"users": ("status",)}
"""Fields by which the server itself filters."""


class Wanted(NamedTuple):
    """What the options of a list say. `limit` 0: all of them."""

    limit: int
    after: str | None
    sort: str | None
    filters: tuple[str, ...]


def list_command(group: click.Group, area: str, *columns: str) -> Callable[[Cells], Cells]:
    """Make `list` of a group: a table of what an area holds. The function below it gives the cells of a row, in the
    order of `columns`; its docstring is the help.
    """

    def made(cells: Cells) -> Cells:
        @group.command("list", help=cells.__doc__)
        @_list_options
        @options.account
        @options.data
        @options.as_json
        def command(
            *,
            account: str | None,
            data: str | None,
            as_json: bool,
            **wanted: Any,  # noqa: ANN401 - the options of every list
        ) -> None:
            with desk.opened(data, account) as found:
                rows = gathered(found, area, Wanted(**wanted))
            print_list(rows, columns, cells, as_json=as_json)

        return cells

    return made


def _list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--limit --after --sort --filter`, the fields of Wanted."""
    given = (
        click.option(
            "--limit",
            metavar="N",
            type=click.IntRange(0),
            default=50,
            show_default=True,
            help="Rows at most; 0: all.",
        ),
        click.option("--after", metavar="CURSOR", help="Go on where an earlier list ended."),
        click.option(
            "--sort", metavar="COLUMN", help="Sort the rows by a column; -COLUMN: downwards."
        ),
        click.option(
            "--filter",
            "filters",
            metavar="TEXT",
            multiple=True,
            help="Rows with TEXT in them, or COLUMN=VALUE; may be repeated.",
        ),
    )
    for option in reversed(given):
        command = option(command)
    return command


def gathered(found: Desk, area: str, wanted: Wanted) -> dict[str, Any]:
    """`{"items": [...], "after": cursor or None}`, as wanted."""
    items: list[Row] = []
    after = wanted.after
    while True:
        room = wanted.limit - len(items) if wanted.limit else PAGE
        page = found.get(area, _query(area, wanted, after, min(room, PAGE)))
        items += [row for row in page["items"] if _matches(row, wanted.filters)]
        after = page["after"]
        if after is None or (wanted.limit and len(items) >= wanted.limit):
            break
    if wanted.sort:
        name = wanted.sort.removeprefix("-")
        items.sort(key=lambda row: _sortable(row.get(name)), reverse=wanted.sort.startswith("-"))
    return {"items": items, "after": after}


def print_list(
    found: dict[str, Any], columns: Sequence[str], cells: Cells, *, as_json: bool
) -> None:
    """Print rows as JSON, or as a table with how to go on."""
    if as_json:
        output.print_json(found)
        return
    output.print_table(columns, [cells(row) for row in found["items"]])
    if not found["items"]:
        click.echo("Nothing found.", err=True)
    if found["after"]:
        click.echo(f"There is more: --after {found['after']}", err=True)


def _query(area: str, wanted: Wanted, after: str | None, limit: int) -> dict[str, str]:
    if area == "keys":
        return {}
    query = {"limit": str(limit)}
    if after:
        query["after"] = after
    for text in wanted.filters:
        name, equals, value = text.partition("=")
        if equals and name in BY_SERVER.get(area, ()):
            query[name] = value
    return query


def _matches(row: Row, filters: tuple[str, ...]) -> bool:
    for text in filters:
        name, equals, value = text.partition("=")
        if equals and name in row:
            if value.casefold() not in _words(row[name]):
                return False
        elif not any(text.casefold() in word for word in _shown(row)):
            return False
    return True


def _shown(row: Row) -> list[str]:
    """The words of a row; not its id, in which any short text may stand by chance."""
    return [word for name, one in row.items() if name != "id" for word in _words(one)]


def _words(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [str(one).casefold() for one in value]
    if isinstance(value, dict):
        return [str(one).casefold() for one in value.values()]
    text = str(value).casefold()
    return [text, *text.split()]


def _sortable(value: object) -> tuple[bool, float, str]:
    """Numbers by size, words without regard to case, what is missing last."""
    if isinstance(value, int | float):
        return (False, float(value), "")
    return (value is None, 0.0, output.listed(value).casefold())
