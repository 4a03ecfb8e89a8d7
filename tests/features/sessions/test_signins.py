"""Sign-ins: their cookie texts, their ends, and what they take with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec import structs

from sojourn.errors import NoSuchUser, NotLive
from sojourn.model.authentication_event import create_authn_event
from sojourn.model.user import User
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.signins import Device, SignIns
from sojourn.server.services.sessions.tree import Tree
from sojourn.store.contract import Step
from sojourn.wire import tokens
from tests.features.sessions.faces import Insides
from tests.features.sessions.flow import JWT, Flow


@pytest.fixture
def flow(awaited: Insides) -> Flow:
    registered: Flow = awaited.run(Flow(awaited.inner).registered())
    return registered


def test_a_sign_in_is_found_by_its_text_alone(awaited: Insides, flow: Flow):
    async def story() -> None:
        started = await flow.sign_in()
        found = await flow.admitted(started)
        assert found.leaf.value == started.signin
        kind, body = tokens.decode(started.text)
        wrong = tokens.encode(kind, body[:-1] + ("0" if body[-1] != "0" else "1"))
        for text in ("", "nonsense", wrong, tokens.encode("a", body), started.signin.id):
            assert await flow.manager.signins.find(text) is None
        assert started.text not in repr(started)

    awaited.run(story())


def test_two_sign_ins_never_share_an_id_or_a_text(awaited: Insides, flow: Flow):
    async def story() -> None:
        many = [await flow.sign_in() for _ in range(20)]
        assert len({s.signin.id for s in many}) == len({s.text for s in many}) == 20

    awaited.run(story())


def test_after_a_step_up_only_the_new_text_is_good(awaited: Insides, flow: Flow):
    async def story() -> None:
        old = await flow.sign_in()
        admitted = await flow.admitted(old)
        awaited.clock.advance(seconds=10)
        event = create_authn_event(flow.user, now=awaited.clock.now(), amr=("pwd", "otp"))
        new = await flow.manager.signins.renew(admitted, event)
        assert new.signin.id == old.signin.id
        assert (await flow.admitted(new)).leaf.value.event.amr == ("pwd", "otp")  # type: ignore[union-attr]
        assert await flow.manager.signins.find(old.text) is None
        with pytest.raises(NotLive):
            await flow.manager.signins.renew(admitted)

    awaited.run(story())


def test_nobody_steps_up_somebody_elses_sign_in(awaited: Insides, flow: Flow):
    async def story() -> None:
        admitted = await flow.admitted(await flow.sign_in())
        event = create_authn_event("eve", now=awaited.clock.now())
        with pytest.raises(NotLive):
            await flow.manager.signins.renew(admitted, event)

    awaited.run(story())


def test_a_sign_in_that_has_ended_is_not_renewed(awaited: Insides, flow: Flow):
    async def story() -> None:
        started = await flow.sign_in()
        admitted = await flow.admitted(started)
        await flow.manager.signins.end(flow.user, started.signin.id, "signed_out")
        with pytest.raises(NotLive):
            await flow.manager.signins.renew(admitted)

    awaited.run(story())


def test_who_is_unknown_or_may_not_does_not_sign_in(awaited: Insides, flow: Flow):
    async def story() -> None:
        event = create_authn_event("nobody", now=awaited.clock.now())
        with pytest.raises(NoSuchUser):
            await flow.manager.signins.start(event)
        for status in ("locked", "disabled"):
            await flow.change_user(status=status)
            with pytest.raises(NotLive):
                await flow.sign_in()

    awaited.run(story())


def test_a_proof_that_began_before_everything_was_ended_signs_nobody_in(
    awaited: Insides, flow: Flow
):
    async def story() -> None:
        event = create_authn_event(flow.user, now=awaited.clock.now())
        await flow.sign_in()
        await flow.manager.signins.end_all(flow.user, "others_ended")
        with pytest.raises(NotLive):
            await flow.manager.signins.start(event, epoch=0)
        assert (await flow.manager.signins.start(event, epoch=1)).signin.epoch == 1

    awaited.run(story())


@pytest.mark.parametrize("offline", [False, True])
def test_signing_out_ends_all_that_came_from_it_but_the_offline_grants(
    awaited: Insides, flow: Flow, offline: bool
):
    async def story() -> None:
        started = await flow.sign_in()
        admitted = await flow.admitted(started)
        issued = await flow.redeem(await flow.code(admitted, offline=offline))
        jwt = await flow.redeem(await flow.code(admitted, offline=offline), wanted=JWT)
        await flow.manager.signins.end(flow.user, started.signin.id, "signed_out")
        texts = (issued.access.value, issued.refresh, jwt.access.value)
        assert [await flow.accepted(text) for text in texts] == [offline] * 3
        assert await flow.manager.signins.find(started.text) is None

    awaited.run(story())


def test_the_absolute_end_is_to_the_millisecond_and_bounds_tokens(awaited: Insides, flow: Flow):
    async def story() -> None:
        started = await flow.sign_in()
        admitted = await flow.admitted(started)
        awaited.clock.advance(started.signin.end - awaited.clock.now() - 1000)
        issued = await flow.redeem(await flow.code(admitted))
        lasting = await flow.redeem(await flow.code(admitted, offline=True))
        assert issued.access.expires_at == started.signin.end
        awaited.clock.advance(999)
        assert await flow.manager.signins.find(started.text) is not None
        assert await flow.accepted(issued.refresh)
        awaited.clock.advance(1)
        assert await flow.manager.signins.find(started.text) is None
        assert not await flow.accepted(issued.refresh)
        assert await flow.accepted(lasting.refresh)

    awaited.run(story())


def test_idle_bars_nothing_that_was_given_already(awaited: Insides, flow: Flow):
    async def story() -> None:
        started = await flow.sign_in()
        issued = await flow.redeem(await flow.code(await flow.admitted(started)))
        awaited.clock.advance(3_599_999)
        assert not await flow.manager.signins.idle(started.signin)
        awaited.clock.advance(1)
        assert await flow.manager.signins.idle(started.signin)
        assert await flow.accepted(issued.refresh)
        key = flow.manager.signins.key_of(flow.user, started.signin.id)
        await flow.manager.signins.touch(key)
        assert not await flow.manager.signins.idle(started.signin)

    awaited.run(story())


def test_an_offline_grant_survives_its_sign_in_being_swept(awaited: Insides, flow: Flow):
    async def story() -> None:
        started = await flow.sign_in()
        issued = await flow.redeem(await flow.code(await flow.admitted(started), offline=True))
        await flow.context.store.drop(flow.manager.signins.key_of(flow.user, started.signin.id))
        assert await flow.accepted(issued.refresh)
        assert await flow.accepted((await flow.refresh(issued.refresh)).access.value)

    awaited.run(story())


def test_ending_everything_but_one_keeps_that_one_with_all_it_gave(awaited: Insides, flow: Flow):
    async def story() -> None:
        mine, other = await flow.sign_in(), await flow.sign_in()
        kept = await flow.redeem(await flow.code(await flow.admitted(mine), offline=True))
        lost = await flow.redeem(await flow.code(await flow.admitted(other), offline=True))
        for _ in range(2):
            await flow.manager.signins.end_all(flow.user, "password_changed", but=mine.signin.id)
        assert await flow.accepted(kept.refresh)
        assert not await flow.accepted(lost.refresh)
        assert await flow.manager.signins.find(other.text) is None
        late = await flow.redeem(await flow.code(await flow.admitted(mine)))
        assert await flow.accepted(late.access.value)
        await flow.manager.signins.end_all(flow.user, "disabled")
        assert not await flow.accepted(kept.refresh)
        assert not await flow.accepted(late.access.value)

    awaited.run(story())


def test_an_ended_sign_in_is_not_revived_by_being_kept(awaited: Insides, flow: Flow):
    async def story() -> None:
        mine, thief = await flow.sign_in(), await flow.sign_in()
        stolen = await flow.redeem(await flow.code(await flow.admitted(thief), offline=True))
        await flow.manager.signins.end_all(flow.user, "password_changed", but=mine.signin.id)
        for sid in (thief.signin.id, "unknown"):
            with pytest.raises(NotLive):
                await flow.manager.signins.end_all(flow.user, "asked", but=sid)
        assert not await flow.accepted(stolen.refresh)
        assert await flow.manager.signins.find(mine.text) is not None

    awaited.run(story())


def test_where_a_sign_in_came_from_is_kept_for_people(awaited: Insides, flow: Flow):
    async def story() -> None:
        event = create_authn_event(flow.user, now=awaited.clock.now())
        device = Device("192.0.2.1", "x" * 1000)
        signin = (await flow.manager.signins.start(event, device)).signin
        assert (signin.address, len(signin.agent)) == ("192.0.2.1", 300)

    awaited.run(story())


class Meeting(Tree):
    """A tree in which somebody changes the user just before the first write."""

    __slots__ = ("change_first",)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.change_first: Callable[[], Awaitable[object]] | None = None

    async def commit(self, partition: int, steps: tuple[Step, ...]) -> None:
        if change := self.change_first:
            self.change_first = None
            await change()
        await super().commit(partition, steps)


def test_a_sign_in_that_meets_a_change_of_its_user_is_judged_anew(awaited: Insides, flow: Flow):
    tree = Meeting(flow.context)
    signins = SignIns(flow.context, tree)
    key = flow.context.keys.user(flow.user)

    def become(**changed: Any) -> Callable[[], Awaitable[object]]:
        return lambda: flow.manager.tree.change(
            key, User, lambda user: structs.replace(user, **changed)
        )

    async def story() -> None:
        event = create_authn_event(flow.user, now=flow.context.now())
        tree.change_first = become(claims={"name": "Diana"})
        started = await signins.start(event)
        assert await signins.find(started.text) is not None
        tree.change_first = become(status="disabled")
        with pytest.raises(NotLive):
            await signins.start(event)

    awaited.run(story())
