"""The tables of the bench: both sides' figures, their ratio, and whether ours keeps its limits.

"Peer then" is what the peer took when the limits were set: it tells how this machine compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench import client, manager, signin, startup, users
from bench.http import Figure
from bench.units import UNITS

Rows = list[list[str]]
P99_OVER_P50 = 3
MET, MISSED = "yes", "NO"


@dataclass(frozen=True)
class Table:
    """A table as it is printed, and how many limits in it were judged and missed."""

    text: str
    judged: int
    missed: int


def table(title: str, header: Sequence[str], rows: Rows) -> Table:
    """Columns padded to their widest cell; the first to the left, the others to the right."""
    lines = [list(header), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    text = [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    cells = [cell for row in rows for cell in row]
    return Table(
        text="\n".join(["", title, "", text[0], "-" * len(text[0]), *text[1:]]),
        judged=cells.count(MET) + cells.count(MISSED),
        missed=cells.count(MISSED),
    )


def verdict(*, met: bool | None) -> str:
    return "" if met is None else MET if met else MISSED


def cell(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def http_rows(peer: Mapping[str, Figure], ours: Mapping[str, Figure]) -> Rows:
    rows = []
    for unit in UNITS:
        theirs, mine = peer.get(unit.name), ours.get(unit.name)
        if not (theirs or mine):
            continue
        ratio = theirs.cpu_us / mine.cpu_us if theirs and mine else None
        tail = mine.p99_ms / mine.p50_ms if mine else None
        rows.append(
            [
                unit.name,
                cell(unit.expected),
                cell(theirs.cpu_us if theirs else None),
                cell(mine.cpu_us if mine else None),
                cell(ratio, 2),
                cell(unit.must, 1),
                cell(unit.aim, 1),
                verdict(met=None if ratio is None else ratio >= unit.must),
                cell(mine.p50_ms if mine else None, 1),
                cell(mine.p99_ms if mine else None, 1),
                cell(tail, 1),
                verdict(met=None if tail is None else tail < P99_OVER_P50),
            ]
        )
    return rows


def http_table(peer: Mapping[str, Figure], ours: Mapping[str, Figure]) -> Table:
    header = ["unit", "peer then", "peer µs", "ours µs", "ratio", "must", "aim", "met"]
    header += ["p50 ms", "p99 ms", "p99/p50", "< 3"]
    title = "CPU of the server per unit; peer: npm oidc-provider in memory; ours: durable SQLite"
    return table(title, header, http_rows(peer, ours))


def manager_table(peer: Mapping[str, float], ours: Mapping[str, float]) -> Table:
    header = ["call", "", "peer then", "peer", "ours", "ratio", "at most", "met"]
    rows = []
    for limit in manager.LIMITS:
        theirs, mine = peer.get(limit.name), ours.get(limit.name)
        ratio = theirs / mine if theirs and mine else None
        met = verdict(met=None if mine is None else mine <= limit.most)
        digits = 0 if limit.unit == "B" else 1
        figures = [cell(limit.expected), cell(theirs, digits), cell(mine, digits)]
        figures += [cell(ratio, 2), cell(limit.most)]
        rows.append([limit.name, limit.unit, *figures, met])
    title = "Session manager in process at 10,000 users; peer: PyPI idpyoidc 5.0.0"
    return table(title, header, rows)


def startup_table(ours: Mapping[str, float]) -> Table:
    return _at_most("Start-up and size", startup.LIMITS, ours, places=1)


def users_table(ours: Mapping[str, float]) -> Table:
    return _at_most("Users that travel", users.LIMITS, ours, places=2)


def _at_most(
    title: str,
    limits: Iterable[startup.Limit | users.Limit],
    ours: Mapping[str, float],
    *,
    places: int,
) -> Table:
    rows = [
        [
            limit.name,
            limit.unit,
            cell(ours.get(limit.name), places),
            cell(limit.most),
            verdict(met=None if limit.name not in ours else ours[limit.name] <= limit.most),
        ]
        for limit in limits
    ]
    return table(title, ["what", "", "ours", "at most", "met"], rows)


def signin_table(ours: Mapping[str, float]) -> Table:
    rows = [
        [
            limit.name,
            limit.unit,
            cell(ours[limit.name], 1),
            "" if limit.least is None else cell(limit.least),
            "" if limit.most is None else cell(limit.most),
            verdict(met=limit.kept(ours[limit.name]) if limit.judges else None),
        ]
        for limit in signin.LIMITS
    ]
    header = ["what", "", "ours", "at least", "at most", "met"]
    return table("Password sign-ins beside token calls", header, rows)


def client_table(found: Mapping[str, float]) -> Table:
    rows = [
        [
            limit.name,
            limit.unit,
            cell(found[limit.name], 1),
            "",
            "",
            "",
            cell(limit.most),
            verdict(met=found[limit.name] <= limit.most),
        ]
        for limit in client.LIMITS
    ]
    for race in client.RACES:
        mine, theirs = found[race.ours], found[race.peer]
        figures = [cell(mine, 1), cell(theirs, 1), cell(theirs / mine, 2), cell(race.least, 1), ""]
        name = f"{race.ours} : {race.peer}"
        rows.append([name, "µs", *figures, verdict(met=theirs / mine >= race.least)])
    header = ["what", "", "ours", "peer", "ratio", "at least", "at most", "met"]
    return table("Client: CPU of one request with a cached token, history on", header, rows)


def plain(figures: Mapping[str, Figure] | Mapping[str, float]) -> dict[str, Any]:
    """Figures as JSON shows them."""
    return {
        name: asdict(value) if isinstance(value, Figure) else value
        for name, value in figures.items()
    }


def summary(tables: Iterable[Table]) -> str:
    """One line: how many limits were judged, how many missed."""
    shown = list(tables)
    judged, missed = sum(one.judged for one in shown), sum(one.missed for one in shown)
    return f"{judged} limits judged, {missed} missed"
