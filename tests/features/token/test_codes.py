"""Codes: bound to their client and request, short-lived, good once."""

from __future__ import annotations

import asyncio

import pytest

from sojourn.errors import InvalidGrant
from sojourn.server.pages.site import Site
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
