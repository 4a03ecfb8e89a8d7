"""Endings against everything that grows the tree: what was acknowledged as ended stays so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sojourn.errors import InvalidGrant, NotLive, SessionError
from sojourn.model.authentication_event import create_authn_event
from sojourn.model.client import Client
from sojourn.model.grant import Grant
from sojourn.model.token import Token
from sojourn.server.services.sessions.grants import GrantOrder, Grants, Prepared
from sojourn.server.services.sessions.minting import Mint, Minted, Order
from sojourn.server.services.sessions.redemption import Taken, Wanted
from sojourn.server.services.sessions.root import Root
from sojourn.server.services.sessions.tree import Tree
from sojourn.store.contract import Put
from tests.features.sessions.faces import Insides
from tests.features.sessions.flow import CALLBACK, EVERYTHING, JWT, VERIFIER, Flow

Ending = Callable[[Flow, str], Awaitable[object]]


@pytest.fixture
def flow(awaited: Insides) -> Flow:
    registered: Flow = awaited.run(Flow(awaited.inner).registered())
    return registered


async def _revoke_grant(flow: Flow, text: str) -> None:
    info = await flow.manager.get_session_info_by_token(text)
    await flow.manager.revoke_grant(info["session_id"])


async def _revoke_client_session(flow: Flow, text: str) -> None:
    info = await flow.manager.get_session_info_by_token(text)
    await flow.manager.revoke_client_session(info["session_id"])


async def _sign_out(flow: Flow, text: str) -> None:
    info = await flow.manager.get_session_info_by_token(text)
    await flow.manager.signins.end(flow.user, info["grant"].signin, "signed_out")


async def _end_all(flow: Flow, text: str) -> None:
    await flow.manager.signins.end_all(flow.user, "password_changed")


async def _disable(flow: Flow, text: str) -> None:
    await flow.change_user(status="disabled")


ENDINGS = [_revoke_grant, _revoke_client_session, _sign_out, _end_all, _disable]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("pauses", range(4))
def test_nothing_is_minted_after_an_acknowledged_ending(
    awaited: Insides, flow: Flow, ending: Ending, pauses: int
):
    """However the steps interleave, what succeeded did so before the ending and is dead after it."""

    async def story() -> None:
        refresh = (await flow.redeem(await flow.fresh_code())).refresh
        info = await flow.manager.get_session_info_by_token(refresh)
        grant = await flow.manager.get_grant(info["session_id"])
        ended = asyncio.Event()
        succeeded: list[str] = []

        async def mint() -> None:
            for _ in range(6):
                late = ended.is_set()
                try:
                    token = await grant.mint_token("access_token")
                except NotLive:
                    continue
                assert not late
                succeeded.append(token.value)

        async def end() -> None:
            for _ in range(pauses):
                await asyncio.sleep(0)
            await ending(flow, refresh)
            ended.set()

        await asyncio.gather(end(), *(mint() for _ in range(8)))
        assert ended.is_set()
        with pytest.raises(NotLive):
            await grant.mint_token("access_token")
        with pytest.raises(InvalidGrant):
            await flow.refresh(refresh)
        for text in succeeded:
            assert not await flow.accepted(text)

    awaited.run(story())


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("jwt", [False, True])
def test_an_ending_after_the_path_was_read_is_not_overtaken_by_a_mint(
    awaited: Insides, flow: Flow, ending: Ending, jwt: bool
):
    class SlowTree(Tree):
        """Reads the client only after something above the grant has ended."""

        __slots__ = ("ended",)

        async def client(self, client_id: str) -> Client | None:
            if not getattr(self, "ended", False):
                self.ended = True
                await ending(flow, refresh[0])
            return await super().client(client_id)

    async def story() -> None:
        refresh.append((await flow.redeem(await flow.fresh_code())).refresh)
        info = await flow.manager.get_session_info_by_token(refresh[0])
        for parent in (None, refresh[0]):
            grant = await flow.manager.get_grant(info["session_id"])
            flow.manager.tree = SlowTree(flow.context)
            with pytest.raises(NotLive):
                await grant.mint_token("access_token", based_on=parent, jwt=jwt)

    refresh: list[str] = []
    awaited.run(story())


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("ending", [_sign_out, _end_all, _disable])
@pytest.mark.parametrize("pauses", range(5))
def test_no_grant_grows_from_a_sign_in_that_has_ended(
    awaited: Insides, flow: Flow, ending: Ending, offline: bool, pauses: int
):
    async def story() -> None:
        admitted = await flow.admitted(await flow.sign_in())
        probe = await flow.code(admitted)

        async def end() -> None:
            for _ in range(pauses):
                await asyncio.sleep(0)
            await ending(flow, probe)

        racing = [asyncio.ensure_future(flow.code(admitted, offline=offline)) for _ in range(8)]
        await end()
        outcomes = await asyncio.gather(*racing, return_exceptions=True)
        with pytest.raises(NotLive):
            await flow.code(admitted, offline=offline)
        for outcome in outcomes:
            assert isinstance(outcome, str | NotLive)
            if isinstance(outcome, str) and not (offline and ending is _sign_out):
                # Offline grants made before a sign-out outlive it: that is what they are for.
                assert not (await flow.manager.explain(outcome)).live

    awaited.run(story())


@pytest.mark.parametrize("ending", [_sign_out, _end_all, _disable])
def test_an_offline_grant_prepared_across_an_ending_is_not_written(
    awaited: Insides, flow: Flow, ending: Ending
):
    """Once written it would outlive its sign-in, so both the sign-in and the user must be held still."""

    class Slow(Grants):
        """Works out the grant, and then something ends before it is written."""

        __slots__ = ("ended",)

        async def prepare(self, order: GrantOrder, **named: Any) -> Prepared:
            prepared = await super().prepare(order, **named)
            if not getattr(self, "ended", False):
                self.ended = True
                await ending(flow, probe[0])
            return prepared

    async def story() -> None:
        admitted = await flow.admitted(await flow.sign_in())
        probe.append(await flow.code(admitted))
        flow.manager.authorizing._grants = Slow(flow.context, flow.manager.tree)
        with pytest.raises(NotLive):
            await flow.code(admitted, offline=True)

    probe: list[str] = []
    awaited.run(story())


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("by", ["code", "refresh"])
@pytest.mark.parametrize("rotate", [True, False])
def test_an_ending_between_judging_and_writing_is_not_overtaken(
    awaited: Insides, flow: Flow, ending: Ending, by: str, rotate: bool
):
    """What a grant type wants is worked out after the token was judged: anything may happen meanwhile."""

    async def story() -> None:
        started = await flow.admitted(await flow.sign_in())
        code = await flow.code(started)
        refresh = (await flow.redeem(await flow.code(started))).refresh
        shown = code if by == "code" else refresh
        written: list[Minted] = []
        prepare = flow.manager.redemption._mint.prepare

        class Watched(Mint):
            __slots__ = ()

            def prepare(self, root: Root, order: Order, *, access: str = "") -> Minted:
                written.append(prepare(root, order, access=access))
                return written[-1]

        async def wanted(_grant: Grant, _token: Token) -> Wanted:
            if not written:
                await ending(flow, shown)
            return JWT if not rotate else EVERYTHING

        async def take() -> Taken:
            redemption = flow.manager.redemption
            if by == "code":
                return await redemption.code(
                    code, flow.client, redirect_uri=CALLBACK, verifier=VERIFIER, wanted=wanted
                )
            return await redemption.refresh(
                refresh, flow.client, retry="", rotate=rotate, wanted=wanted
            )

        flow.manager.redemption._mint = Watched(flow.context)
        with pytest.raises(InvalidGrant):
            await flow.manager.redemption.issue(take)
        assert written
        for minted in written:
            for step in minted.steps:
                assert isinstance(step, Put)
                assert await flow.context.store.get(step.record.key) is None

    awaited.run(story())


def test_64_uses_at_once_are_all_counted(awaited: Insides, flow: Flow):
    async def setup() -> tuple[object, str]:
        event = create_authn_event(flow.user, now=awaited.clock.now())
        grant = await flow.manager.create_grant(event, {"client_id": "shop"}, flow.user)
        return grant, (await grant.mint_token("refresh_token")).value

    grant, text = awaited.run(setup())
    outcomes = awaited.race(lambda _: grant.register_usage(text))
    counts = [outcome.used for outcome in outcomes if isinstance(outcome, Token)]
    assert sorted(counts) == list(range(1, 65))


def test_64_first_sessions_at_once_make_one_user_and_one_client_session(
    awaited: Insides, flow: Flow
):
    event = create_authn_event("new", now=awaited.clock.now())
    outcomes = awaited.race(
        lambda _: flow.manager.create_session(event, {"client_id": "new-client"}, "new")
    )
    assert len({outcome for outcome in outcomes if isinstance(outcome, str)}) == 64
    assert len(awaited.run(flow.manager.grants("new", "new-client"))) == 64


def test_a_client_session_ended_while_it_is_begun_anew_ends_what_was_before(
    awaited: Insides, flow: Flow
):
    async def story() -> None:
        old = (await flow.redeem(await flow.fresh_code())).refresh
        admitted = await flow.admitted(await flow.sign_in())
        await _revoke_client_session(flow, old)
        fresh = await asyncio.gather(*(flow.code(admitted) for _ in range(16)))
        assert not await flow.accepted(old)
        assert all([(await flow.manager.explain(code)).live for code in fresh])
        with pytest.raises(InvalidGrant):
            await flow.refresh(old)

    awaited.run(story())


def test_two_who_end_all_others_at_once_do_not_both_lose_or_revive(awaited: Insides, flow: Flow):
    async def story() -> None:
        mine, thief = await flow.sign_in(), await flow.sign_in()
        ends = flow.manager.signins.end_all
        outcomes = await asyncio.gather(
            ends(flow.user, "asked", but=mine.signin.id),
            ends(flow.user, "asked", but=thief.signin.id),
            return_exceptions=True,
        )
        kept = [await flow.manager.signins.find(s.text) is not None for s in (mine, thief)]
        assert kept == [outcome is None for outcome in outcomes]
        assert sorted(kept) == [False, True]
        assert any(isinstance(outcome, NotLive) for outcome in outcomes)

    awaited.run(story())


def test_a_revoked_jwt_stays_revoked_however_often_and_by_whom(awaited: Insides, flow: Flow):
    async def story() -> None:
        issued = await flow.redeem(await flow.fresh_code(), wanted=JWT)
        text = issued.access.value
        assert await flow.accepted(text)
        outcomes = await asyncio.gather(
            *(flow.manager.revoke(text) for _ in range(16)), return_exceptions=True
        )
        assert not [outcome for outcome in outcomes if isinstance(outcome, SessionError)]
        assert not await flow.accepted(text)
        assert await flow.accepted(issued.refresh)

    awaited.run(story())
