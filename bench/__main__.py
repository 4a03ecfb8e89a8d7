"""`python -m bench`: runs the parts of the bench and prints their tables, or JSON."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from bench import client, http, manager, report, signin, startup, users
from bench.ours import sojourn
from bench.peer import oidc_provider

PARTS = ("http", "signin", "manager", "client", "startup", "users")
SIDES = ("peer", "ours")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="this part (repeatable)")
    parser.add_argument("--side", choices=SIDES, help="only the peer, or only ours")
    parser.add_argument("--unit", default="", help="only HTTP units whose name contains this")
    parser.add_argument("--quick", action="store_true", help="fewer units: rough figures, soon")
    parser.add_argument("--json", action="store_true", help="figures as JSON, without tables")
    return parser.parse_args()


def note(text: str) -> None:
    print(f"[bench] {text}", file=sys.stderr, flush=True)


def http_part(chosen: argparse.Namespace) -> tuple[dict[str, Any], report.Table]:
    sides = {
        side: opened
        for side, opened in (("peer", oidc_provider), ("ours", sojourn))
        if chosen.side in {None, side}
    }
    note(f"http: {', '.join(sides)}")
    found = http.run(sides, quick=chosen.quick, only=chosen.unit)
    figures = {side: report.plain(values) for side, values in found.items()}
    return figures, report.http_table(found.get("peer", {}), found.get("ours", {}))


def manager_part(chosen: argparse.Namespace) -> tuple[dict[str, Any], report.Table]:
    found: dict[str, manager.Figures] = {"peer": {}, "ours": {}}
    for side in SIDES:
        if chosen.side in {None, side}:
            note(f"manager, {side}")
            found[side] = manager.run(side, quick=chosen.quick)
    return dict(found), report.manager_table(found["peer"], found["ours"])


def signin_part(chosen: argparse.Namespace) -> tuple[dict[str, Any], report.Table]:
    note("sign-ins")
    with sojourn() as target:
        found = signin.run(target, quick=chosen.quick)
    return dict(found), report.signin_table(found)


def client_part(chosen: argparse.Namespace) -> tuple[dict[str, Any], report.Table]:
    note("client")
    found = client.run(quick=chosen.quick)
    return dict(found), report.client_table(found)


def startup_part(chosen: argparse.Namespace) -> tuple[dict[str, Any], report.Table]:
    note("startup")
    found = startup.run(quick=chosen.quick)
    return dict(found), report.startup_table(found)


def users_part(chosen: argparse.Namespace) -> tuple[dict[str, Any], report.Table]:
    note("users")
    found = users.run(quick=chosen.quick)
    return dict(found), report.users_table(found)


def main() -> None:
    chosen = options()
    parts = {
        "http": http_part,
        "signin": signin_part,
        "manager": manager_part,
        "client": client_part,
        "startup": startup_part,
        "users": users_part,
    }
    results = {name: parts[name](chosen) for name in chosen.only or PARTS}
    if chosen.json:
        print(json.dumps({name: figures for name, (figures, _) in results.items()}, indent=2))
        return
    tables = [text for _, text in results.values()]
    print("\n".join(one.text for one in tables))
    print(f"\n{report.summary(tables)}")


main()
