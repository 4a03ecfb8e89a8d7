"""The load generator, a process of its own: reads a plan, warms up, waits for `go`, prints figures.

A plan is one line of JSON: the unit, how many, and for each connection what it sends:

    {"host": "127.0.0.1", "port": 8500, "unit": "repeat", "warm": 100, "count": 1000,
     "connections": [{...}, ...]}

`repeat` sends `request` again and again. `refresh` goes round `tokens`: sends `request` with one
of them and keeps the next that the answer brings. `code` goes round `authorize`: sends one of them
with a new state, takes the code from the redirect and sends `request` with it.

`seconds` instead of `count` runs that long; `pause` is what a connection waits between two units.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from bench.wire import Answer, Connection

Unit = Callable[[], Awaitable[None]]
Lane = dict[str, Any]


class UnexpectedAnswer(RuntimeError):
    """The server under load did not answer as the unit needs."""


def expect(answer: Answer, *statuses: int) -> Answer:
    if answer.status not in statuses:
        message = (
            f"{answer.status} instead of {statuses}: {answer.head[-900:]!r} {answer.body[:500]!r}"
        )
        raise UnexpectedAnswer(message)
    return answer


def with_form(head: str, body: str) -> bytes:
    """Complete a request whose last header, Content-Length, still lacks its value."""
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def repeat(connection: Connection, lane: Lane) -> Unit:
    message = str(lane["request"]).encode()

    async def unit() -> None:
        expect(await connection.send(message), 200)

    return unit


def refresh(connection: Connection, lane: Lane) -> Unit:
    tokens = deque[str](lane["tokens"])

    async def unit() -> None:
        token = tokens.popleft()
        body = f"{lane['form']}&refresh_token={quote(token)}"
        answer = expect(await connection.send(with_form(lane["request"], body)), 200)
        renewed = json.loads(answer.body)
        if renewed["refresh_token"] == token or "id_token" not in renewed:
            message = "the refresh token was not rotated, or no ID token came"
            raise UnexpectedAnswer(message)
        tokens.append(renewed["refresh_token"])

    return unit


def code(connection: Connection, lane: Lane) -> Unit:
    numbers: Iterator[int] = itertools.count()
    authorize = itertools.cycle(lane["authorize"])

    async def unit() -> None:
        state = f"{lane['name']}-{next(numbers)}"
        wanted = next(authorize).replace("STATE", state).encode()
        redirect = expect(await connection.send(wanted), 302, 303)
        location = redirect.header(b"location").decode()
        answer = parse_qs(urlsplit(location).query)
        if "code" not in answer or answer["state"] != [state]:
            raise UnexpectedAnswer(f"no code: {location}")
        body = f"{lane['form']}&code={quote(answer['code'][0])}"
        tokens = json.loads(
            expect(await connection.send(with_form(lane["request"], body)), 200).body
        )
        if not re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", tokens["access_token"]):
            message = "the access token is no JWT"
            raise UnexpectedAnswer(message)

    return unit


UNITS: dict[str, Callable[[Connection, Lane], Unit]] = {
    "repeat": repeat,
    "refresh": refresh,
    "code": code,
}


async def worker(unit: Unit, tickets: Iterator[int], took: list[float], pause: float) -> None:
    for _ in tickets:
        started = time.perf_counter()
        await unit()
        took.append(time.perf_counter() - started)
        if pause:
            await asyncio.sleep(pause)


async def spread(units: list[Unit], tickets: Iterator[int], pause: float = 0) -> list[float]:
    """Run a unit for each ticket, over all connections; seconds of each."""
    took: list[float] = []
    await asyncio.gather(*(worker(unit, tickets, took, pause) for unit in units))
    return took


def tickets_for(seconds: float) -> Iterator[int]:
    """Tickets until that time is over."""
    end = time.perf_counter() + seconds
    return itertools.takewhile(lambda _: time.perf_counter() < end, itertools.count())


async def main() -> None:
    loop = asyncio.get_running_loop()
    plan = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    lanes = plan["connections"]
    connections = [await Connection.open(plan["host"], plan["port"]) for _ in lanes]
    prepare = UNITS[plan["unit"]]
    units = [prepare(connection, lane) for connection, lane in zip(connections, lanes, strict=True)]
    await spread(units, iter(range(plan["warm"])))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.readline)
    started = time.perf_counter()
    tickets = tickets_for(plan["seconds"]) if "seconds" in plan else iter(range(plan["count"]))
    took = sorted(await spread(units, tickets, plan.get("pause", 0)))
    wall = time.perf_counter() - started
    for connection in connections:
        connection.close()
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    sys.stdout.write(json.dumps({"p50": p50, "p99": p99, "wall": wall}) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
