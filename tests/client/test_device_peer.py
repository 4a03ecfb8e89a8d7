"""The device flow of our client at npm oidc-provider: the person approves, or says no, between two polls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any

import pytest

from sojourn import errors
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import DeviceCode
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.env.contract import Env
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.driver import drive
from sojourn.wire.device import DeviceAuthorization
from tests.client.peer import OidcProvider
from tests.peers import person

pytestmark = pytest.mark.peer


class Hurried(BlockingEnv):
    """Real requests, and no waiting: what would be slept is noted, and something may happen meanwhile."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self.transport = HttpxTransport(Trust(), Proxies(None, trust_env=False))
        super().__init__(self.transport)
        self.slept: list[float] = []
        self._meanwhile = meanwhile

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == 2:
            self._meanwhile()

    async def race(
        self, *factories: Callable[[Env], Awaitable[Any]], cancel: Event | None = None
    ) -> Any:
        (only,) = factories
        return await only(self)


def signed_in(
    provider: OidcProvider, env: Hurried, shown: list[DeviceAuthorization]
) -> tuple[DeviceCode, Credential]:
    plugin = DeviceCode(provider.issuer, "television", show=shown.append)
    try:
        return plugin, drive(plugin.first(env))
    finally:
        env.transport.close()


def test_a_person_approves_and_the_tokens_are_good_and_renewed(provider, monkeypatch):
    monkeypatch.setenv("PERSON_LOGIN", "ada")
    shown: list[DeviceAuthorization] = []
    env = Hurried(lambda: person.visit(shown[0].verification_uri_complete or ""))
    plugin, credential = signed_in(provider, env, shown)
    assert env.slept == [5, 5]
    assert credential.claims["sub"] == "ada"
    fresh = Hurried(lambda: None)
    renewed = drive(plugin.renew(fresh, credential, "nonce"))
    fresh.transport.close()
    assert renewed.access_token != credential.access_token
    assert renewed.key == credential.key
    told = Hurried(lambda: None)
    assert drive(plugin.endpoints.userinfo(told, renewed, subject="ada"))["sub"] == "ada"
    told.transport.close()


def test_a_person_who_says_no_ends_the_waiting(provider, monkeypatch):
    monkeypatch.setenv("PERSON_LOGIN", "bob")
    monkeypatch.setenv("PERSON_SAYS", "no")
    shown: list[DeviceAuthorization] = []
    env = Hurried(lambda: person.visit(shown[0].verification_uri_complete or ""))
    with pytest.raises(errors.AuthenticationCancelled):
        signed_in(provider, env, shown)
