"""What commands print: JSON, aligned tables, spans and moments for people. Commands stand above it.

Text that came from a server is printed without control characters, so that no name can rewrite the terminal.
"""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import click

_GAP: Final = "  "
_WIDEST: Final = 48
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def clean(text: object) -> str:
    """`text` on one line, its control characters shown as `?`."""
    return "".join(
        " " if one.isspace() else "?" if unicodedata.category(one) in {"Cc", "Cf", "Cs"} else one
        for one in str(text)
    )


def shortened(text: str) -> str:
    """`text`, its end left out where it is long; JSON has all of it."""
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1].rstrip()}…"


def print_json(members: object) -> None:
    """Print a JSON value."""
    click.echo(json.dumps(members, indent=2, ensure_ascii=False))


def print_table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their column names, aligned; the names are left out where there are no rows."""
    cells = [[shortened(clean(cell)) for cell in row] for row in rows]
    if not cells:
        return
    shown = [[name.upper() for name in names], *cells]
    widths = [max(_width(row[at]) for row in shown) for at in range(len(names))]
    for row in shown:
        padded = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        click.echo(_GAP.join(padded).rstrip())


def _width(text: str) -> int:
    """The columns that a terminal gives `text`: two for wide East Asian characters, none for combining ones."""
    wide = sum(unicodedata.east_asian_width(one) in {"W", "F"} for one in text)
    return len(text) + wide - sum(unicodedata.combining(one) > 0 for one in text)


def print_fields(fields: Mapping[str, object]) -> None:
    """Print names and values, aligned; what is empty is left out."""
    given = {name: value for name, value in fields.items() if value not in (None, "", [], {})}
    width = max((len(name) for name in given), default=0)
    for name, value in given.items():
        click.echo(f"{name:{width}}{_GAP}{clean(listed(value))}")


def listed(value: object) -> str:
    """A value for people: a list as its members, a mapping as JSON."""
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def span(seconds: float) -> str:
    """A span for people: its largest unit, or its two largest where the first is small."""
    left = max(0, int(seconds))
    for position, (size, name) in enumerate(_UNITS):
        if left < size:
            continue
        count, rest = divmod(left, size)
        smaller = _UNITS[position + 1 :]
        if count < 3 and smaller and rest >= smaller[0][0]:
            return f"{count} {name} {rest // smaller[0][0]} {smaller[0][1]}"
        return f"{count} {name}"
    return "0 s"


def ago(moment: int | None) -> str:
    """How long ago UTC seconds were; empty for none."""
    if not moment:
        return ""
    passed = time.time() - moment
    return "just now" if passed < 5 else f"{span(passed)} ago"


def until(moment: int | None) -> str:
    """How long until UTC seconds come; empty for none."""
    if not moment:
        return ""
    left = moment - time.time()
    return f"in {span(left)}" if left > 0 else f"{span(-left)} ago"


def day(moment: int | None) -> str:
    """UTC seconds as a local day and time; empty for none."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment)) if moment else ""


def summary(values: Mapping[str, Any], *names: str) -> str:
    """The named values that are there, in a row."""
    return " · ".join(clean(values[name]) for name in names if values.get(name))
