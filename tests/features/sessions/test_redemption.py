"""Codes: one winner, replays that end the grant, repeats after a crash, and what must match."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec import structs

from sojourn.errors import InvalidGrant
from sojourn.model.policy import UsageRules
from sojourn.server import AsyncSessionManager
from sojourn.server.grants.contract import TokenRequest
from sojourn.server.services.clients import Clients
from sojourn.server.services.sessions.minting import Order
from sojourn.server.services.sessions.redemption import Issued, Wanted
from tests.features.sessions.faces import Insides
from tests.features.sessions.flow import CHALLENGE, JWT, VERIFIER, Flow


@pytest.fixture
def flow(awaited: Insides) -> Flow:
    registered: Flow = awaited.run(Flow(awaited.inner).registered())
    return registered


def run(awaited: Insides, coroutine: Any) -> Any:
    return awaited.run(coroutine)


def test_a_code_gives_tokens_that_are_good(awaited: Insides, flow: Flow):
    async def story() -> None:
        issued = await flow.redeem(await flow.fresh_code())
        assert await flow.accepted(issued.access.value)
        assert await flow.accepted(issued.refresh)
        assert issued.id_token.count(".") == 2
        assert issued.grant is not None
        assert issued.access.scope == issued.grant.scope
        assert issued.access.value not in repr(issued)

    run(awaited, story())


def test_what_a_request_and_an_order_hold_is_not_shown(awaited: Insides, flow: Flow):
    asked = TokenRequest(
        client=flow.client,
        parameters={"client_secret": "sj_k_secret", "subject_token": "sj_a_secret"},
        sessions=awaited.inner,
        clients=Clients(flow.context, flow.manager.tree, audiences=()),
        retry="secret",
    )
    assert "secret" not in repr(asked)
    assert "secret" not in repr(Wanted(access=Order(type="access_token", value="secret")))


def test_a_code_used_by_64_at_once_has_one_winner(awaited: Insides, flow: Flow):
    code = run(awaited, flow.fresh_code())
    outcomes = awaited.race(lambda _: flow.redeem(code, sent=False))
    winners = [outcome for outcome in outcomes if isinstance(outcome, Issued)]
    assert len(winners) == 1
    assert sum(isinstance(outcome, InvalidGrant) for outcome in outcomes) == 63
    assert run(awaited, flow.accepted(winners[0].access.value))


def test_64_at_once_that_go_on_after_the_tokens_went_out_are_a_replay(awaited: Insides, flow: Flow):
    code = run(awaited, flow.fresh_code())
    outcomes = awaited.race(lambda _: flow.redeem(code))
    winners = [outcome for outcome in outcomes if isinstance(outcome, Issued)]
    assert len(winners) == 1
    assert all(isinstance(outcome, Issued | InvalidGrant) for outcome in outcomes)
    with pytest.raises(InvalidGrant):
        run(awaited, flow.redeem(code))
    assert not run(awaited, flow.accepted(winners[0].access.value))


def test_a_consumed_code_presented_again_ends_its_grant(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        issued = await flow.redeem(code)
        jwt_code = await flow.fresh_code()
        jwt = await flow.redeem(jwt_code, wanted=JWT)
        for replayed in (code, jwt_code):
            with pytest.raises(InvalidGrant):
                await flow.redeem(replayed)
        for text in (issued.access.value, issued.refresh, jwt.access.value, jwt.refresh):
            assert not await flow.accepted(text)
        story = await flow.manager.explain(issued.access.value)
        assert {step.why for step in story.steps} == {"", "used", "the code was presented again"}

    run(awaited, story())


def test_a_parent_that_is_gone_is_told_as_that_and_ends_what_it_handed_over_only_when_it_says_so(
    awaited: Insides, flow: Flow
):
    async def story() -> None:
        code = await flow.fresh_code()
        issued = await flow.redeem(code)
        told = await flow.manager.explain(issued.access.value)
        assert told.live
        steps = [(s.live, s.why, s.handed_over) for s in told.steps if s.node.endswith("code")]
        assert steps == [(False, "used", True)]
        await flow.manager.revoke(code, recursive=False)
        told = await flow.manager.explain(issued.access.value)
        assert told.live
        steps = [(s.live, s.why, s.handed_over) for s in told.steps if s.node.endswith("code")]
        assert steps == [(False, "revoked", True)]
        await flow.manager.revoke(code)
        told = await flow.manager.explain(issued.access.value)
        assert not told.live
        steps = [(s.live, s.why, s.handed_over) for s in told.steps if s.node.endswith("code")]
        assert steps == [(False, "revoked", False)]

    run(awaited, story())


def test_a_used_code_itself_is_told_as_used_up(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        await flow.redeem(code)
        own = await flow.manager.explain(code)
        assert (own.live, own.steps[0].why, own.steps[0].handed_over) == (False, "used up", False)

    run(awaited, story())


def test_a_replay_ends_the_grant_even_when_the_code_has_expired(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        issued = await flow.redeem(code)
        awaited.clock.advance(seconds=600)
        with pytest.raises(InvalidGrant):
            await flow.redeem(code)
        assert not await flow.accepted(issued.refresh)

    run(awaited, story())


def test_a_crash_before_the_tokens_were_sent_lets_the_same_client_repeat(
    awaited: Insides, flow: Flow
):
    async def story() -> None:
        code = await flow.fresh_code()
        await flow.redeem(code, sent=False)
        restarted = Flow(AsyncSessionManager(flow.context))
        again = await restarted.redeem(code)
        assert await restarted.accepted(again.access.value)
        with pytest.raises(InvalidGrant):
            await restarted.redeem(code)
        assert not await restarted.accepted(again.access.value)

    run(awaited, story())


def test_after_a_crash_another_verifier_is_a_thief(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        issued = await flow.redeem(code, sent=False)
        restarted = Flow(AsyncSessionManager(flow.context))
        with pytest.raises(InvalidGrant):
            await restarted.redeem(code, verifier="x" * 64)
        assert not await restarted.accepted(issued.access.value)

    run(awaited, story())


def test_tokens_that_could_not_be_sent_may_be_asked_for_again(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        issued = await flow.redeem(code, sent=False)
        with pytest.raises(InvalidGrant):
            await flow.redeem(code)
        flow.manager.redemption.unsent(issued.code_key)
        assert await flow.accepted((await flow.redeem(code)).access.value)

    run(awaited, story())


def test_a_repeat_comes_in_the_codes_time_or_not_at_all(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        await flow.redeem(code, sent=False)
        restarted = Flow(AsyncSessionManager(flow.context))
        awaited.clock.advance(seconds=60)
        with pytest.raises(InvalidGrant):
            await restarted.redeem(code)

    run(awaited, story())


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://rp.example/cb/"},
        {"redirect_uri": ""},
        {"verifier": ""},
        {"verifier": "w" * 64},
        {"verifier": CHALLENGE},
    ],
)
def test_what_does_not_match_is_refused_and_spends_nothing(
    awaited: Insides, flow: Flow, wrong: dict[str, str]
):
    async def story() -> None:
        code = await flow.fresh_code()
        with pytest.raises(InvalidGrant):
            await flow.redeem(code, **wrong)  # type: ignore[arg-type]
        assert await flow.accepted((await flow.redeem(code)).access.value)

    run(awaited, story())


def test_a_code_of_another_client_is_refused_and_spends_nothing(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        with pytest.raises(InvalidGrant):
            await flow.redeem(code, client=flow.other_client())
        issued = await flow.redeem(code)
        with pytest.raises(InvalidGrant):
            await flow.redeem(code, client=flow.other_client())
        assert await flow.accepted(issued.access.value)

    run(awaited, story())


def test_a_verifier_without_a_challenge_is_a_downgrade(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code(challenge="")
        with pytest.raises(InvalidGrant):
            await flow.redeem(code, verifier=VERIFIER)
        assert (await flow.redeem(code, verifier="")).refresh

    run(awaited, story())


def test_an_expired_code_gives_nothing(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        awaited.clock.advance(59_999)
        assert (await flow.manager.explain(code)).live
        awaited.clock.advance(1)
        with pytest.raises(InvalidGrant):
            await flow.redeem(code)

    run(awaited, story())


def test_a_code_whose_grant_is_gone_is_invalid_and_no_crash(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        await flow.redeem(code)
        awaited.clock.advance(seconds=86_400)
        # A store may sweep in any order: here the grant goes first.
        located = await flow.manager.acceptance.locate(code)
        assert located is not None
        grant = next(node.key for node in located.path if "/grant/" in node.key)
        await flow.context.store.drop(grant)
        with pytest.raises(InvalidGrant):
            await flow.redeem(code)

    run(awaited, story())


@pytest.mark.parametrize(
    "text", ["", "sj_c_", "nonsense", "sj_c_" + "0" * 46 + "000000", "a.b.c", "é", "\ud800"]
)
def test_what_is_no_code_is_an_invalid_grant(awaited: Insides, flow: Flow, text: str):
    for use in (flow.redeem, flow.refresh):
        with pytest.raises(InvalidGrant):
            run(awaited, use(text))


def test_one_kind_of_token_does_not_pass_for_another(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        issued = await flow.redeem(code)
        for text in (issued.access.value, issued.refresh, issued.id_token):
            with pytest.raises(InvalidGrant):
                await flow.redeem(text)
        for text in (code, issued.access.value, issued.id_token):
            with pytest.raises(InvalidGrant):
                await flow.refresh(text)
        for text in (code, issued.id_token):
            assert not await flow.accepted(text)

    run(awaited, story())


def test_a_grants_rules_say_what_its_code_gives(awaited: Insides, flow: Flow):
    async def story() -> None:
        admitted = await flow.admitted(await flow.sign_in())
        rules = UsageRules(expires_in=60_000, max_usage=1, supports_minting=("access_token",))
        await flow.change_client(token_lives={"authorization_code": rules})
        flow.client = structs.replace(flow.client, token_lives={"authorization_code": rules})
        with pytest.raises(InvalidGrant):
            await flow.redeem(await flow.code(admitted))
        plain = Wanted(access=Order(type="access_token"))
        issued = await flow.redeem(await flow.code(admitted), wanted=plain)
        assert not issued.refresh

    run(awaited, story())


def test_a_scope_beyond_the_grant_is_never_issued(awaited: Insides, flow: Flow):
    async def story() -> None:
        wide = Wanted(access=Order(type="access_token", scope=("openid", "admin")))
        with pytest.raises(InvalidGrant):
            await flow.redeem(await flow.fresh_code(), wanted=wide)

    run(awaited, story())


def test_a_cancelled_redemption_holds_nothing_back(awaited: Insides, flow: Flow):
    async def story() -> None:
        code = await flow.fresh_code()
        task = asyncio.ensure_future(flow.redeem(code))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await flow.accepted((await flow.redeem(code)).access.value)

    run(awaited, story())
