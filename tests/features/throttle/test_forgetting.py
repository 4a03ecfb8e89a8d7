"""How long failures are remembered: a day from the newest, whatever is swept meanwhile."""

from __future__ import annotations

import asyncio

from sojourn.model.marks import Failures
from sojourn.server.login.throttle import FORGET, Throttle
from sojourn.server.services.sessions.manager import AsyncSessionManager
from sojourn.store import records
from sojourn.testing.clock import Clock

HOUR = 3_600_000


def test_a_slow_guesser_is_not_given_a_fresh_count_by_the_sweep():
    clock = Clock()

    async def story() -> int:
        manager = await AsyncSessionManager.open("memory:", now=clock.now)
        throttle, store = Throttle(manager.context, manager.tree), manager.context.store
        for _ in range(6):
            await throttle.failed("ada", "192.0.2.1")
            clock.advance(20 * HOUR)
            await store.sweep(clock.now(), 100)
        (key, _), *_ = throttle._keys("ada", "192.0.2.1")
        record = await store.get(key)
        assert record is not None
        clock.advance(FORGET)
        await store.sweep(clock.now(), 100)
        assert await store.get(key) is None
        return records.value_of(record, Failures).count

    assert asyncio.run(story()) == 6
