"""Codes: bound to their client and request, short-lived, good once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest

from sojourn.errors import InvalidGrant, StoreUnavailable
from sojourn.model.token import Token
from sojourn.server.pages.site import Site
from sojourn.store.contract import Store
from sojourn.testing.server import ServerInTest
from tests.conformance.browser import Browser
from tests.conformance.relying_party import RelyingParty, refused
from tests.conformance.setting import Provider
from tests.features.sessions.flow import Flow


def test_a_code_is_bound_to_its_client(provider: Provider, rp: RelyingParty, browser: Browser):
    sent, landing = rp.ask(browser, provider.diana)
    other = provider.relying_party()
    assert refused(other.redeem(landing.parameters["code"], sent), "invalid_grant")
    rp.redeemed(landing, sent)


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "https://rp.example/other"},
        {"redirect_uri": ""},
        {"code_verifier": ""},
        {"code_verifier": "w" * 43},
        {"code_verifier": "w" * 42},
    ],
)
def test_a_code_is_bound_to_its_request(
    provider: Provider, rp: RelyingParty, browser: Browser, wrong: dict[str, str]
):
    sent, landing = rp.ask(browser, provider.diana)
    assert refused(rp.redeem(landing.parameters["code"], sent, **wrong), "invalid_grant")
    rp.redeemed(landing, sent)


def test_a_verifier_without_a_challenge_is_refused(provider: Provider, browser: Browser):
    rp = provider.relying_party(pkce=False)
    sent, landing = rp.ask(browser, provider.diana)
    assert refused(
        rp.redeem(landing.parameters["code"], sent, code_verifier="w" * 43), "invalid_grant"
    )
    rp.redeemed(landing, sent)


def test_a_code_lives_a_minute(provider: Provider, rp: RelyingParty, browser: Browser):
    sent, landing = rp.ask(browser, provider.diana)
    provider.clock.advance(seconds=60)
    assert refused(rp.redeem(landing.parameters["code"], sent), "invalid_grant")


def test_a_code_that_comes_again_while_its_first_use_is_noted_ends_its_grant(provider: Provider):
    async def story(site: Site) -> bool:
        flow = await Flow(site.sessions).registered()
        code = await flow.fresh_code()
        issued = await flow.redeem(code, sent=False)
        noting = asyncio.create_task(site.sessions.redemption.sent(issued.code_key))
        await asyncio.sleep(0)
        assert not noting.done()
        with pytest.raises(InvalidGrant):
            await flow.redeem(code)
        await noting
        return await flow.accepted(issued.access.value)

    assert provider.server.call(story) is False


def test_what_was_noted_of_a_code_is_written_before_the_server_ends(tmp_path: Path):
    with ServerInTest(tmp_path) as server:

        async def redeemed(site: Site) -> str:
            flow = await Flow(site.sessions).registered()
            issued = await flow.redeem(await flow.fresh_code(), sent=False)
            site.sessions.redemption.note_sent(issued.code_key)
            return issued.code_key

        key = server.call(redeemed)
    with ServerInTest(tmp_path) as server:
        (code, *_) = server.call(lambda site: site.sessions.tree.path(key))
    assert isinstance(code.value, Token)
    assert code.value.sent


def test_a_code_that_was_noted_as_spent_ends_its_grant_when_it_comes_again(tmp_path: Path):
    async def story(site: Site) -> bool:
        flow = await Flow(site.sessions).registered()
        code = await flow.fresh_code()
        issued = await flow.redeem(code, sent=False)
        site.sessions.redemption.note_sent(issued.code_key)
        with pytest.raises(InvalidGrant):
            await flow.redeem(code)
        return await flow.accepted(issued.access.value)

    with ServerInTest(tmp_path) as server:
        assert server.call(story) is False


class Full:
    """A store whose disk is full."""

    def __init__(self, store: Store) -> None:
        self.get, self.path = store.get, store.path

    async def batch(self, _partition: int, _steps: object) -> None:
        raise StoreUnavailable("The disk is full.")


def test_a_mark_that_cannot_be_written_stays_noted_and_the_code_spent(tmp_path: Path):
    async def story(site: Site) -> tuple[bool, tuple[str, ...]]:
        flow = await Flow(site.sessions).registered()
        redemption, tree = site.sessions.redemption, site.sessions.tree
        code = await flow.fresh_code()
        issued = await flow.redeem(code, sent=False)
        redemption.note_sent(issued.code_key)
        tree._store = cast("Store", Full(site.context.store))
        with pytest.raises(StoreUnavailable):
            await redemption.sent(issued.code_key)
        tree._store = site.context.store
        assert redemption.noted() == (issued.code_key,)
        with pytest.raises(InvalidGrant):
            await flow.redeem(code)
        await redemption.sent(issued.code_key)
        return await flow.accepted(issued.access.value), redemption.noted()

    with ServerInTest(tmp_path) as server:
        assert server.call(story) == (False, ())


def test_marks_that_were_being_written_when_the_server_was_stopped_are_written(tmp_path: Path):
    with ServerInTest(tmp_path) as server:

        async def redeemed(site: Site) -> list[str]:
            flow = await Flow(site.sessions).registered()
            issued = [await flow.redeem(await flow.fresh_code(), sent=False) for _ in range(80)]
            for one in issued:
                site.sessions.redemption.note_sent(one.code_key)
            writing = asyncio.create_task(server.application._write_sent())
            await asyncio.sleep(0)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
            assert site.sessions.redemption.noted()
            return [one.code_key for one in issued]

        keys = server.call(redeemed)
    with ServerInTest(tmp_path) as server:

        async def marks(site: Site) -> list[bool]:
            paths = [await site.sessions.tree.path(key) for key in keys]
            return [isinstance(code.value, Token) and code.value.sent for code, *_ in paths]

        assert server.call(marks) == [True] * 80
