"""Delivery of the outbox: events leave it at least once, in the order of their ids within a partition.

Whatever subscribes is called with each event; only when all have returned is it dropped. The log is one subscriber.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from sojourn.errors import Conflict
from sojourn.model.event import Event
from sojourn.server.services.context import Context
from sojourn.store import records
from sojourn.store.contract import Drop, Record, Step, partition_of

log = logging.getLogger("sojourn.events")

Subscriber = Callable[[Event], Awaitable[None]]

PAGE: Final = 32
"""Events delivered before they are taken out together: requests come between two pages."""


async def to_log(event: Event) -> None:
    """Write an event to the log `sojourn.events`. It holds ids and no secrets."""
    log.info(
        "%s outcome=%s actor=%s subject=%s path=%s reason=%s id=%s",
        event.type,
        event.outcome,
        event.actor or "-",
        event.subject or "-",
        event.path,
        event.reason or "-",
        event.id,
    )


class Outbox:
    """Hands pending events to subscribers."""

    def __init__(self, context: Context, subscribers: tuple[Subscriber, ...]) -> None:
        self._context = context
        self._subscribers = subscribers

    async def deliver_all(self) -> None:
        """Deliver until a page is not full: what comes meanwhile waits for the next time, or this might never end."""
        while await self.deliver() == PAGE:
            pass

    async def deliver(self, limit: int = PAGE) -> int:
        """Deliver at most `limit` pending events; returns how many."""
        store = self._context.store
        page = await store.find("event", "pending", "1", limit=limit)
        for record in page.records:
            event = records.value_of(record, Event)
            for subscriber in self._subscribers:
                await subscriber(event)
        await self._drop(page.records)
        return len(page.records)

    async def _drop(self, delivered: tuple[Record, ...]) -> None:
        """Take delivered events out, together for each partition; another process may have been quicker."""
        steps: dict[int, list[Step]] = {}
        for record in delivered:
            step = Drop(record.key, record.version)
            steps.setdefault(partition_of(record.key), []).append(step)
        batch = self._context.store.batch
        done = await asyncio.gather(
            *(batch(part, tuple(drops)) for part, drops in steps.items()), return_exceptions=True
        )
        for outcome in done:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Conflict):
                raise outcome
