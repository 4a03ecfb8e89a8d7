"""Our client races its ways to sign in at our server: a code that wins gives a credential, one that loses ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sojourn import Session
from sojourn.client.dialects.oidc import AuthorizationCode
from sojourn.driver import drive
from sojourn.errors import AuthenticationCancelled
from sojourn.wire.device import GRANT
from tests.client.test_race import Desk
from tests.conformance.browser import Browser
from tests.conformance.setting import Provider
from tests.features.device.conftest import SCOPE, decided, television, typed


def code_of(desk: Desk) -> str:
    assert desk.read.wait(60)
    return str(desk.shown[0].partition("type the code\n\n")[2].split()[0])


@pytest.fixture
def begin(provider: Provider, monkeypatch: pytest.MonkeyPatch):
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sojourn.server.services.sessions.devices.INTERVAL", 1)
    client = television(
        provider,
        grant_types=("authorization_code", "refresh_token", GRANT),
        redirect_uris=("http://127.0.0.1/callback",),
    ).client_id
    with Session(trust_env=False) as session, ThreadPoolExecutor(1) as pool:

        def begin_one(desk: Desk):
            auth = AuthorizationCode(provider.issuer, client, scope=SCOPE)
            env = session.env
            monkeypatch.setattr(env, "now", provider.clock.now)
            return pool.submit(lambda: drive(auth.first(env, desk.answer())))

        yield begin_one


def test_a_person_approves_the_code_that_the_sign_in_shows(
    provider: Provider, browser: Browser, begin
):
    desk = Desk()
    signed_in = begin(desk)
    decided(browser, code_of(desk), provider.diana)
    credential = signed_in.result(60)
    assert credential.refresh_token
    assert credential.claims["sub"]


def test_who_calls_the_sign_in_off_leaves_no_code_behind(browser: Browser, begin):
    desk = Desk()
    signed_in = begin(desk)
    code = code_of(desk)
    desk.cancelled.set()
    with pytest.raises(AuthenticationCancelled):
        signed_in.result(60)
    assert "the code was withdrawn" in typed(browser, code).html
