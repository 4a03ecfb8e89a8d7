"""A kill between any two writes loses nothing that was acknowledged and undoes no ending."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sojourn.driver import drive
from sojourn.store.contract import Record, Store
from sojourn.store.open import open_store
from sojourn.testing.store_contract_desk import record_of

KILLS = 60
CHILD = Path(__file__).with_name("writes_until_killed.py")
TASKS = 12


@pytest.mark.crash
def test_a_kill_loses_nothing_acknowledged_and_undoes_no_ending(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    chance = random.Random(20_261_121)
    said: list[str] = []
    for turn in range(KILLS):
        new = acknowledged_until_killed(url, f"k{turn}", after=chance.randrange(0, 250))
        with_store(url, new, turn)
        said += new
    with_store(url, said, KILLS - 1)
    assert len(said) > 20 * KILLS
    assert {line[0] for line in said} == {"P", "E", "R"}


def acknowledged_until_killed(url: str, turn: str, *, after: int) -> list[str]:
    """Start the child, kill -9 it after so many lines, and return all lines that it said."""
    child = subprocess.Popen([sys.executable, CHILD, url, turn], stdout=subprocess.PIPE)
    assert child.stdout is not None
    with child.stdout as pipe:
        lines = [pipe.readline() for _ in range(after)]
        child.kill()
        lines += pipe.readlines()
    assert child.wait() == -9
    return [line.decode().strip() for line in lines if line.endswith(b"\n")]


def with_store(url: str, said: list[str], turn: int) -> None:
    store = open_store(url, blocking=True)
    for line in said:
        require_kept(store, *line.split(" "))
    for name in names_tried(said, turn):
        require_whole(store, name)
    drive(store.close())


def require_kept(store: Store, what: str, name: str) -> None:
    grant, one, other = pair(store, name)
    assert grant is not None, name
    assert one is not None, name
    assert other is not None, name
    if what == "E":
        assert grant == record_of(name, 2, kind="grant", by="ended"), name
    if what == "R":
        assert (one.version, other.version) == (2, 2), name


def require_whole(store: Store, name: str) -> None:
    """All three records of a batch are there or none, both tokens have one version, and so has the
    index.
    """
    found = pair(store, name)
    present = [record for record in found if record is not None]
    assert len(present) in (0, 3), name
    assert len({record.version for record in present[1:]}) <= 1, name
    page = drive(store.find("token", "user", name))
    assert page.records == tuple(present[1:]), name


def names_tried(said: list[str], turn: int) -> Iterator[str]:
    """Every name that was acknowledged, and for each task the next, which it may have been writing."""
    numbers: dict[str, int] = {f"k{turn}-{task}": -1 for task in range(TASKS)}
    for line in said:
        prefix, _, number = line[2:].rpartition("-")
        numbers[prefix] = max(numbers.get(prefix, -1), int(number))
    for prefix, last in numbers.items():
        yield from (f"{prefix}-{number}" for number in range(last + 2))


def pair(store: Store, name: str) -> list[Record | None]:
    keys = [record_of(name, kind="grant").key, *(record_of(f"{name}-{s}").key for s in "ab")]
    return [drive(store.get(key)) for key in keys]
