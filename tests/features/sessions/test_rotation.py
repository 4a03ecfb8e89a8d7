"""Refresh families: rotation that neither loses a healthy user nor misses a thief."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sojourn.errors import InvalidGrant
from sojourn.model.policy import UsageRules
from sojourn.server.services.sessions.minting import Order
from sojourn.server.services.sessions.redemption import Issued, Wanted
from sojourn.wire import tokens
from tests.features.sessions.faces import Insides
from tests.features.sessions.flow import JWT, Flow


@pytest.fixture
def flow(awaited: Insides) -> Flow:
    registered: Flow = awaited.run(Flow(awaited.inner).registered())
    return registered


async def first_refresh(flow: Flow, *, offline: bool = False) -> str:
    return (await flow.redeem(await flow.fresh_code(offline=offline))).refresh


def successors(outcomes: list[Any]) -> set[str]:
    return {outcome.refresh for outcome in outcomes if isinstance(outcome, Issued)}


@pytest.mark.parametrize("key", ["", "one-key"])
def test_64_at_once_rotate_once_and_all_get_the_same_successor(
    awaited: Insides, flow: Flow, key: str
):
    text = awaited.run(first_refresh(flow))
    outcomes = awaited.race(lambda _: flow.refresh(text, retry=key))
    assert all(isinstance(outcome, Issued) for outcome in outcomes)
    (successor,) = successors(outcomes)
    assert successor != text
    alive = [awaited.run(flow.accepted(o.access.value)) for o in outcomes if isinstance(o, Issued)]
    assert alive == [True] * 64
    assert isinstance(awaited.run(flow.refresh(successor)), Issued)


def test_64_with_64_keys_are_no_retries_of_one_another(awaited: Insides, flow: Flow):
    text = awaited.run(first_refresh(flow))
    outcomes = awaited.race(lambda number: flow.refresh(text, retry=f"key-{number}"))
    assert len(successors(outcomes)) == 1
    assert sum(isinstance(outcome, InvalidGrant) for outcome in outcomes) == 63
    assert not awaited.run(flow.accepted(successors(outcomes).pop()))


def test_a_lost_answer_is_repeated_within_the_window(awaited: Insides, flow: Flow):
    async def story() -> None:
        text = await first_refresh(flow)
        lost = await flow.refresh(text)
        awaited.clock.advance(59_999)
        again = await flow.refresh(text)
        assert again.refresh == lost.refresh
        assert again.access.value != lost.access.value
        assert await flow.accepted(again.access.value)
        awaited.clock.advance(1)
        with pytest.raises(InvalidGrant):
            await flow.refresh(text)
        assert not await flow.accepted(again.refresh)

    awaited.run(story())


def test_with_its_idempotency_key_a_lost_answer_is_repeated_at_any_time(
    awaited: Insides, flow: Flow
):
    async def story() -> None:
        text = await first_refresh(flow, offline=True)
        lost = await flow.refresh(text, retry="k")
        awaited.clock.advance(seconds=20 * 3600)
        assert (await flow.refresh(text, retry="k")).refresh == lost.refresh

    awaited.run(story())


@pytest.mark.parametrize("other", ["", "another"])
def test_with_another_key_or_none_the_old_token_is_stolen(awaited: Insides, flow: Flow, other: str):
    async def story() -> None:
        text = await first_refresh(flow)
        issued = await flow.refresh(text, retry="k")
        with pytest.raises(InvalidGrant):
            await flow.refresh(text, retry=other)
        assert not await flow.accepted(issued.access.value)

    awaited.run(story())


def test_the_key_is_asked_of_the_newest_rotation_alone(awaited: Insides, flow: Flow):
    async def story() -> None:
        first = await first_refresh(flow)
        second = (await flow.refresh(first, retry="k")).refresh
        third = (await flow.refresh(second)).refresh
        assert (await flow.refresh(second, retry="late")).refresh == third

    awaited.run(story())


@pytest.mark.parametrize("key", ["", "k"])
def test_once_its_successor_was_used_an_old_token_is_stolen(awaited: Insides, flow: Flow, key: str):
    async def story() -> None:
        first = await first_refresh(flow)
        second = (await flow.refresh(first, retry=key)).refresh
        third = await flow.refresh(second, retry="m")
        with pytest.raises(InvalidGrant):
            await flow.refresh(first, retry=key)
        for text in (third.refresh, third.access.value):
            assert not await flow.accepted(text)
        story = await flow.manager.explain(third.access.value)
        assert "a refresh token was presented again" in {step.why for step in story.steps}

    awaited.run(story())


def test_a_rotated_family_never_outlives_the_one_it_is_based_on(awaited: Insides, flow: Flow):
    async def story() -> None:
        info = await flow.manager.get_session_info_by_token(await first_refresh(flow))
        grant = await flow.manager.get_grant(info["session_id"])
        short = UsageRules(expires_in=600_000, supports_minting=("refresh_token",))
        parent = await grant.mint_token("refresh_token", usage_rules=short)
        child = await grant.mint_token("refresh_token", based_on=parent)
        awaited.clock.advance(300_000)
        newest = (await flow.refresh(child.value)).refresh
        stored = await flow.manager.find_token(info["session_id"], newest)
        assert stored is not None
        assert stored.value.expires_at == parent.expires_at

    awaited.run(story())


def test_a_forged_token_ends_nothing(awaited: Insides, flow: Flow):
    """Forged by somebody who even knows where the family lies, which a token does not show."""
    mask = awaited.context.purposes.mask

    async def story() -> None:
        text = await first_refresh(flow)
        newest = (await flow.refresh(text)).refresh
        kind, body = tokens.decode(newest)
        part, family, mac = tokens.partition_of(body, mask), body[2:24], body[-22:]
        for generation in (0, 1, 2, 7):
            rest = family + tokens.number(generation) + "0" * 22
            forged = tokens.encode(kind, tokens.masked(part, rest, mask))
            with pytest.raises(InvalidGrant):
                await flow.refresh(forged)
            assert not (await flow.manager.explain(forged)).known
            assert not await flow.accepted(forged)
        moved = tokens.encode(kind, tokens.masked(part ^ 1, body[2:], mask))
        longer = tokens.encode(kind, tokens.masked(part, body[2:] + mac, mask))
        for forged in (moved, longer):
            with pytest.raises(InvalidGrant):
                await flow.refresh(forged)
        assert await flow.accepted(newest)

    awaited.run(story())


def test_another_clients_refresh_token_is_refused_and_ends_nothing(awaited: Insides, flow: Flow):
    async def story() -> None:
        text = await first_refresh(flow)
        fresh = (await flow.refresh(text)).refresh
        for shown in (text, fresh):
            with pytest.raises(InvalidGrant):
                await flow.refresh(shown, client=flow.other_client())
        assert await flow.accepted(fresh)

    awaited.run(story())


def test_a_client_that_is_not_rotated_keeps_its_token(awaited: Insides, flow: Flow):
    async def story() -> None:
        text = await first_refresh(flow)
        for wanted in (Wanted(access=Order(type="access_token")), JWT):
            issued = await flow.refresh(text, rotate=False, wanted=wanted)
            assert issued.refresh == text
            assert await flow.accepted(issued.access.value)

    awaited.run(story())


def test_access_tokens_never_outlive_their_family(awaited: Insides, flow: Flow):
    async def story() -> None:
        text = await first_refresh(flow)
        end = (await flow.manager.explain(text)).steps[0].until
        awaited.clock.advance(end - awaited.clock.now() - 10_000)
        opaque = await flow.refresh(text)
        jwt = await flow.refresh(opaque.refresh, wanted=JWT)
        assert opaque.access.expires_at == jwt.access.expires_at == end
        awaited.clock.advance(10_000)
        assert not await flow.accepted(opaque.access.value)
        assert not await flow.accepted(jwt.access.value)
        with pytest.raises(InvalidGrant):
            await flow.refresh(jwt.refresh)

    awaited.run(story())


@pytest.mark.parametrize("jwt", [False, True])
def test_revoking_any_generation_ends_the_family_and_its_access_tokens(
    awaited: Insides, flow: Flow, jwt: bool
):
    async def story() -> None:
        first = await first_refresh(flow)
        issued = await flow.refresh(
            first, retry="k", wanted=JWT if jwt else Wanted(access=Order(type="access_token"))
        )
        newest = (await flow.refresh(issued.refresh, retry="m")).refresh
        assert await flow.accepted(issued.access.value)
        assert not await flow.accepted(first)
        assert (await flow.manager.explain(first)).steps[0].why == "rotated"
        await flow.manager.revoke(first)
        for text in (newest, issued.access.value):
            assert not await flow.accepted(text)
        with pytest.raises(InvalidGrant):
            await flow.refresh(newest)

    awaited.run(story())


def test_an_old_generation_mints_nothing(awaited: Insides, flow: Flow):
    async def story() -> None:
        first = await first_refresh(flow)
        second = (await flow.refresh(first)).refresh
        await flow.refresh(second)
        info = await flow.manager.get_session_info_by_token(second)
        grant = await flow.manager.get_grant(info["session_id"])
        with pytest.raises(KeyError):
            await grant.mint_token("access_token", based_on=first)

    awaited.run(story())


def test_a_revocation_beside_64_refreshes_is_final(awaited: Insides, flow: Flow):
    async def story() -> None:
        text = await first_refresh(flow)
        racing = [asyncio.ensure_future(flow.refresh(text)) for _ in range(64)]
        await asyncio.sleep(0)
        await flow.manager.revoke(text)
        acknowledged = await asyncio.gather(*racing, return_exceptions=True)
        for outcome in acknowledged:
            assert isinstance(outcome, Issued | InvalidGrant)
            if isinstance(outcome, Issued):
                assert not await flow.accepted(outcome.access.value)
                assert not await flow.accepted(outcome.refresh)

    awaited.run(story())
