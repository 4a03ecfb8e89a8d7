"""Requests of devices in the Session Manager: one person decides, one poll wins, a lost answer is given again."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from sojourn.errors import AuthorizationPending, InvalidGrant, PageExpired, ProtocolError, SlowDown
from sojourn.model import ids
from sojourn.model.event import Event
from sojourn.server import AsyncSessionManager
from sojourn.server.services.sessions.redemption import Issued
from sojourn.store import records
from sojourn.store.contract import partition_of
from tests.features.sessions.conftest import awaited, clock
from tests.features.sessions.faces import Insides
from tests.features.sessions.flow import Flow

__all__ = ["awaited", "clock"]


async def flow_of(awaited: Insides) -> Flow:
    return await Flow(awaited.inner).registered()


def test_what_approval_leaves_lies_with_the_person_and_the_request_with_nobody(awaited: Insides):
    async def story() -> None:
        flow = await flow_of(awaited)
        begun = await flow.device()
        waiting = await flow.manager.devices.find(begun.user_code)
        assert waiting is not None
        code = begun.user_code.replace("-", "")
        assert partition_of(waiting.key) == ids.partition("usercode", code)
        await flow.approve(begun, await flow.admitted(await flow.sign_in()))
        key = await flow.manager.devices.poll(begun.device_code, flow.client)
        assert partition_of(key) == ids.partition("user", flow.user)

    awaited.run(story())


def test_of_many_who_redeem_at_once_one_wins(awaited: Insides):
    async def story() -> None:
        flow = await flow_of(awaited)
        begun = await flow.device()
        await flow.approve(begun, await flow.admitted(await flow.sign_in()))
        polls = (flow.redeem_device(begun.device_code, sent=False) for _ in range(12))
        found = await asyncio.gather(*polls, return_exceptions=True)
        assert sum(isinstance(one, Issued) for one in found) == 1
        assert all(isinstance(one, Issued | InvalidGrant) for one in found)

    awaited.run(story())


def test_tokens_that_were_not_sent_may_be_asked_for_again(awaited: Insides):
    async def story() -> None:
        flow = await flow_of(awaited)
        begun = await flow.device()
        await flow.approve(begun, await flow.admitted(await flow.sign_in()))
        lost = await flow.redeem_device(begun.device_code, sent=False)
        flow.manager.redemption.unsent(lost.code_key)
        again = await flow.redeem_device(begun.device_code)
        assert await flow.accepted(again.access.value)
        with pytest.raises(InvalidGrant):
            await flow.redeem_device(begun.device_code)
        assert not await flow.accepted(again.access.value)

    awaited.run(story())


def test_approving_at_the_same_time_gives_one_grant(awaited: Insides):
    async def story() -> None:
        flow = await flow_of(awaited)
        begun = await flow.device()
        signins = [await flow.admitted(await flow.sign_in()) for _ in range(4)]
        approvals = (flow.approve(begun, one) for one in signins)
        found = await asyncio.gather(*approvals, return_exceptions=True)
        assert [one for one in found if one is None] == [None]
        assert {type(one) for one in found if one is not None} <= {PageExpired, AssertionError}
        assert len(await flow.manager.grants(flow.user, "shop")) == 1

    awaited.run(story())


def test_polls_at_the_same_time_are_told_to_slow_down_all_but_one(awaited: Insides):
    async def story() -> None:
        flow = await flow_of(awaited)
        begun = await flow.device()
        polls = (flow.redeem_device(begun.device_code) for _ in range(4))
        found = await asyncio.gather(*polls, return_exceptions=True)
        assert all(isinstance(one, ProtocolError) for one in found)
        assert [type(one) for one in found].count(AuthorizationPending) == 1
        assert [type(one) for one in found].count(SlowDown) == 3

    awaited.run(story())


def test_a_code_that_another_device_has_is_drawn_anew(awaited: Insides):
    async def story() -> None:
        flow = await flow_of(awaited)
        codes = {(await flow.device()).user_code for _ in range(20)}
        assert len(codes) == 20

    awaited.run(story())


def test_neither_code_is_shown_by_a_repr(awaited: Insides):
    async def story() -> None:
        flow = await flow_of(awaited)
        begun = await flow.device()
        waiting = await flow.manager.devices.find(begun.user_code)
        said = f"{begun!r} {waiting!r}"
        code = begun.user_code
        assert begun.device_code not in said
        assert code not in said
        assert code.replace("-", "") not in said

    awaited.run(story())


def test_each_step_is_told_as_an_event_in_the_batch_that_makes_it(awaited: Insides):
    async def story() -> list[tuple[str, str, str]]:
        context = dataclasses.replace(awaited.inner.context, outbox=True)
        flow = await Flow(AsyncSessionManager(context)).registered()
        signin = await flow.admitted(await flow.sign_in())
        begun = await flow.device()
        await flow.approve(begun, signin)
        await flow.redeem_device(begun.device_code)
        other = await flow.manager.devices.find((await flow.device()).user_code)
        assert other is not None
        await flow.manager.devices.deny(other, flow.user)
        page = await context.store.find("event", "pending", "1", limit=100)
        events = [records.value_of(record, Event) for record in page.records]
        return sorted((one.type, one.actor, one.subject) for one in events)

    assert awaited.run(story()) == [
        ("device.approved", "diana", "diana"),
        ("device.denied", "diana", "diana"),
        ("device.requested", "shop", ""),
        ("device.requested", "shop", ""),
        ("grant.created", "diana", "diana"),
        ("signin.started", "diana", "diana"),
    ]


def test_a_token_of_a_device_is_explained_up_to_the_person(awaited: Insides):
    async def story() -> list[tuple[str, bool]]:
        flow = await flow_of(awaited)
        begun = await flow.device()
        await flow.approve(begun, await flow.admitted(await flow.sign_in()))
        issued = await flow.redeem_device(begun.device_code)
        told = await flow.manager.explain(issued.access.value)
        assert told.live
        return [(step.node, step.handed_over) for step in told.steps]

    assert awaited.run(story())[:3] == [
        ("access token", False),
        ("device code", True),
        ("grant", False),
    ]
