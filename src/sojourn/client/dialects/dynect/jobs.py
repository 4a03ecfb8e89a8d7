"""Calls that take a while: DynECT makes them jobs, which are asked for until they end or the limit is
reached. The calls stand above it; it waits through the environment.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from itertools import chain, repeat
from typing import Final

from sojourn.client.dialects.dynect.errors import DynectQueryTimeout, caught
from sojourn.client.env.contract import Env
from sojourn.wire.dynect import Envelope

LIMIT: Final = 120.0
"""Seconds that a job may take, unless the caller says otherwise."""

Ask = Callable[[int], Awaitable[Envelope | int]]
"""Asks for a job: its answer, or the job that is still under way."""


def pauses() -> Iterator[float]:
    """Seconds between two questions: 1, 2, 4, then 5."""
    return chain((1.0, 2.0, 4.0), repeat(5.0))


async def finished(env: Env, job_id: int, ask: Ask, *, limit: float) -> Envelope:
    """Return the answer of job `job_id`, asking until `limit` seconds have passed.

    Raises DynectQueryTimeout, which names the job: it goes on, and may be asked for later.
    """
    end = env.now() + round(limit * 1000)
    for pause in pauses():
        left = (end - env.now()) / 1000
        if left <= 0:
            break
        await env.sleep(min(pause, left))
        answer = await ask(job_id)
        if isinstance(answer, Envelope):
            return answer
        job_id = answer
    said = f"Job {job_id} did not end within {limit:g} s."
    raise caught(DynectQueryTimeout)(said, job_id=job_id)
