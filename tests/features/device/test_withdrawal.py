"""A device whose person signed in in another way asks no longer: the code ends (RFC 7009), and what came of it."""

from __future__ import annotations

import asyncio
import dataclasses

import httpx2
import pytest
from msgspec import UNSET

from sojourn.errors import InvalidGrant
from sojourn.model.event import Event
from sojourn.model.grant import Grant
from sojourn.server import AsyncSessionManager
from sojourn.store import records
from sojourn.store.contract import kind_of
from tests.conformance.browser import Browser, Page
from tests.conformance.setting import Provider
from tests.features.device.conftest import Television, decided, signed_in, television, typed
from tests.features.sessions.conftest import awaited, clock
from tests.features.sessions.faces import Insides
from tests.features.sessions.flow import Flow

__all__ = ["awaited", "clock"]


def withdraw(tv: Television, **form: str) -> httpx2.Response:
    hint = {"token_type_hint": "device_code"}
    return tv.post("/revoke", token=tv.said["device_code"], **(hint | form))


def test_a_code_that_was_withdrawn_leads_to_a_page_that_says_so(
    provider: Provider, tv: Television, browser: Browser
):
    tv.ask()
    assert (withdraw(tv).status_code, withdraw(tv).status_code) == (200, 200)
    assert tv.told() == "invalid_grant"
    page = typed(browser, tv.user_code)
    assert page.status == 410
    assert "the code was withdrawn" in page.html


def test_who_has_the_page_open_is_told_so_and_lets_nobody_in(
    provider: Provider, tv: Television, browser: Browser
):
    tv.ask()
    page = signed_in(browser, typed(browser, tv.user_code), provider.diana)
    withdraw(tv)
    last = browser.submit(page, button=("decision", "allow"))
    assert isinstance(last, Page)
    assert "the code was withdrawn" in last.html
    assert tv.told() == "invalid_grant"


def test_tokens_that_were_fetched_at_the_same_moment_end_too(
    provider: Provider, tv: Television, browser: Browser
):
    tv.ask()
    decided(browser, tv.user_code, provider.diana)
    tokens = tv.poll().json()
    withdraw(tv)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert tv.http.get(f"{provider.issuer}/userinfo", headers=bearer).status_code == 401


def test_another_client_withdraws_nothing(provider: Provider, tv: Television, browser: Browser):
    tv.ask()
    other = television(provider)
    other.said = tv.said
    answer = withdraw(other)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    decided(browser, tv.user_code, provider.diana)
    assert tv.told() == ""


def test_what_is_no_code_is_taken_as_gone(tv: Television):
    tv.said = {"device_code": "sj_d_" + "0" * 51}
    assert withdraw(tv).status_code == 200


async def grant_of(flow: Flow, key: str) -> Grant:
    path = await flow.manager.context.store.path(key)
    return next(
        records.value_of(r, Grant) for r in path if r is not None and kind_of(r.key) == "grant"
    )


def test_an_approval_that_was_not_fetched_ends(awaited: Insides):
    async def story() -> tuple[bool, bool]:
        flow = await Flow(awaited.inner).registered()
        begun = await flow.device()
        await flow.approve(begun, await flow.admitted(await flow.sign_in()))
        key = await flow.manager.devices.poll(begun.device_code, flow.client)
        before = (await grant_of(flow, key)).ended is UNSET
        await flow.manager.devices.withdraw(begun.device_code, flow.client)
        return before, (await grant_of(flow, key)).ended is UNSET

    assert awaited.run(story()) == (True, False)


def test_whichever_comes_first_of_approval_and_withdrawal_nothing_is_left(awaited: Insides):
    async def story() -> list[str]:
        context = dataclasses.replace(awaited.inner.context, outbox=True)
        flow = await Flow(AsyncSessionManager(context)).registered()
        signin = await flow.admitted(await flow.sign_in())
        for _ in range(12):
            begun = await flow.device()
            end = flow.manager.devices.withdraw(begun.device_code, flow.client)
            found = await asyncio.gather(flow.approve(begun, signin), end, return_exceptions=True)
            assert found[1] is None
            with pytest.raises(InvalidGrant):
                await flow.manager.devices.poll(begun.device_code, flow.client)
        page = await context.store.find("event", "pending", "1", limit=1000)
        return [records.value_of(record, Event).type for record in page.records]

    told = awaited.run(story())
    assert told.count("grant.created") == told.count("grant.ended")
    assert told.count("device.withdrawn") == 12
