"""The outbox: what happened leaves it at least once, and stays until every subscriber has it."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from sojourn.model.event import Event
from sojourn.model.user import User
from sojourn.server.services.context import Context
from sojourn.server.services.events import PAGE, Outbox
from sojourn.server.services.sessions.manager import AsyncSessionManager
from sojourn.server.services.users import Users


async def people(count: int) -> tuple[Context, Users]:
    """A store in memory in which `count` users were made."""
    manager = await AsyncSessionManager.open("memory:")
    context = manager.context
    object.__setattr__(context, "outbox", True)
    users = Users(context, manager.tree)
    for number in range(count):
        await users.create(f"person{number}")
    return context, users


def test_every_event_is_delivered_and_then_gone():
    async def story() -> None:
        context, _ = await people(12)
        seen: list[Event] = []

        async def note(event: Event) -> None:
            seen.append(event)

        outbox = Outbox(context, (note,))
        assert [await outbox.deliver(5), await outbox.deliver(50)] == [5, 7]
        assert await outbox.deliver() == 0
        assert {event.type for event in seen} == {"user.created"}
        assert len({event.id for event in seen}) == len({event.subject for event in seen}) == 12

    asyncio.run(story())


def test_an_event_stays_until_every_subscriber_took_it():
    async def story() -> None:
        context, _ = await people(1)
        seen: list[str] = []

        async def note(event: Event) -> None:
            seen.append(event.id)

        async def fail_once(_: Event) -> None:
            if len(seen) == 1:
                raise ConnectionError

        outbox = Outbox(context, (note, fail_once))
        with pytest.raises(ConnectionError):
            await outbox.deliver()
        assert await outbox.deliver() == 1
        assert len(seen) == 2
        assert len(set(seen)) == 1

    asyncio.run(story())


def test_a_delivery_ends_although_new_events_keep_coming():
    async def story() -> None:
        context, users = await people(1)
        made: list[User] = []

        async def make_another(_: Event) -> None:
            if len(made) < 250:
                made.append(await users.create(f"another{len(made)}"))

        outbox = Outbox(context, (make_another,))
        await outbox.deliver_all()
        assert len(made) == 1
        assert await outbox.deliver() == 1

    asyncio.run(story())


def test_one_delivery_takes_all_that_has_waited():
    async def story() -> None:
        context, _ = await people(2 * PAGE + 1)
        outbox = Outbox(context, ())
        await outbox.deliver_all()
        assert await outbox.deliver() == 0

    asyncio.run(story())


def test_one_change_is_told_once():
    async def story() -> None:
        context, users = await people(1)
        outbox = Outbox(context, ())
        await outbox.deliver_all()
        user = (await users.page(after=None, limit=1)).users[0]

        def lock(found: User) -> User:
            return msgspec.structs.replace(found, status="locked")

        await users.change(user.id, lock, event="user.locked")
        assert await outbox.deliver() == 1

    asyncio.run(story())
