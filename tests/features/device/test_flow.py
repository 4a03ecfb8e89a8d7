"""The whole flow at the endpoints: asked for, polled, decided by a person, redeemed once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from sojourn.model.client import Client
from sojourn.model.resource import Resource
from sojourn.wire import base64url, device
from tests.conformance.browser import Browser, Page
from tests.conformance.setting import Provider
from tests.features.device.conftest import Television, decided, television, typed

AT_PEACE = 6  # seconds between two polls that are in order


def claims_of(id_token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64url.decode(id_token.split(".")[1]))
    return found


def test_discovery_names_the_endpoint_and_the_grant(provider: Provider):
    told = httpx2.get(f"{provider.issuer}/.well-known/openid-configuration", trust_env=False).json()
    assert told["device_authorization_endpoint"] == f"{provider.issuer}/device_authorization"
    assert device.GRANT in told["grant_types_supported"]


def test_a_device_is_told_what_to_show(provider: Provider, tv: Television):
    answer = tv.ask()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said["verification_uri"] == f"{provider.issuer}/device"
    complete = urlsplit(said["verification_uri_complete"])
    assert parse_qs(complete.query) == {"user_code": [said["user_code"]]}
    assert (said["expires_in"], said["interval"]) == (600, 5)
    left, _, right = said["user_code"].partition("-")
    assert len(left) == len(right) == 4
    assert set(left + right) <= set(device.ALPHABET)


def test_a_person_approves_and_the_device_gets_what_they_allowed(
    provider: Provider, tv: Television, browser: Browser
):
    tv.ask()
    assert tv.told() == "authorization_pending"
    last = decided(browser, tv.user_code, provider.diana)
    assert "Your device is connected" in last.html
    answer = tv.poll()
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer"
    assert set(tokens["scope"].split()) == {"openid", "profile", "offline_access"}
    claims = claims_of(tokens["id_token"])
    assert (claims["aud"], "nonce" in claims) == (tv.client_id, False)
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    said = tv.http.get(f"{provider.issuer}/userinfo", headers=bearer).json()
    assert (said["sub"], said["name"]) == (claims["sub"], "Diana Krall")
    renewed = tv.post("/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert renewed.status_code == 200


def test_what_a_device_got_outlives_the_code_that_gave_it(provider: Provider, browser: Browser):
    tv = television(provider)
    tv.ask()
    decided(browser, tv.user_code, provider.diana)
    tokens = tv.poll().json()
    assert tokens["expires_in"] == 3600
    for _ in range(3):
        provider.clock.advance(seconds=20 * 86_400)
        answer = tv.post(
            "/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        )
        assert answer.status_code == 200, answer.text
        tokens = answer.json()


def test_a_person_who_says_no_is_told_of_to_the_device(
    provider: Provider, tv: Television, browser: Browser
):
    tv.ask()
    last = decided(browser, tv.user_code, provider.diana, "deny")
    assert "The device was told no" in last.html
    assert [tv.told(), tv.told()] == ["access_denied", "access_denied"]


def test_who_asks_too_often_is_slowed_down_by_five_seconds_each_time(
    provider: Provider, tv: Television
):
    tv.ask()
    assert tv.told() == "authorization_pending"
    assert tv.told() == "slow_down"
    provider.clock.advance(seconds=AT_PEACE)
    assert tv.told() == "slow_down"
    provider.clock.advance(seconds=15)
    assert tv.told() == "authorization_pending"


def test_a_network_that_brings_a_poll_a_little_early_is_forgiven(
    provider: Provider, tv: Television
):
    tv.ask()
    assert tv.told() == "authorization_pending"
    provider.clock.advance(ms=4_600)
    assert tv.told() == "authorization_pending"


def test_a_request_ends_after_ten_minutes(provider: Provider, tv: Television, browser: Browser):
    tv.ask()
    provider.clock.advance(seconds=600)
    assert tv.told() == "expired_token"
    page = browser.submit(browser.open(f"{provider.issuer}/device"), user_code=tv.user_code)  # type: ignore[arg-type]
    assert "No device waits for this code" in page.html  # type: ignore[union-attr]


def test_what_was_approved_and_not_fetched_in_time_is_gone(
    provider: Provider, tv: Television, browser: Browser
):
    tv.ask()
    decided(browser, tv.user_code, provider.diana)
    provider.clock.advance(seconds=600)
    assert tv.told() == "expired_token"


def test_a_device_code_gives_tokens_once_and_a_second_time_ends_them(
    provider: Provider, tv: Television, browser: Browser
):
    tv.ask()
    decided(browser, tv.user_code, provider.diana)
    tokens = tv.poll().json()
    assert tv.told() == "invalid_grant"
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert tv.http.get(f"{provider.issuer}/userinfo", headers=bearer).status_code == 401


def test_of_many_polls_at_once_one_wins(provider: Provider, tv: Television, browser: Browser):
    tv.ask()
    decided(browser, tv.user_code, provider.diana)
    with ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(lambda _: tv.poll(), range(16)))
    assert sorted({answer.status_code for answer in answers}) == [200, 400]
    assert [answer.status_code for answer in answers].count(200) == 1
    assert {a.json()["error"] for a in answers if a.status_code == 400} == {"invalid_grant"}


def test_a_device_code_is_bound_to_its_client(provider: Provider, tv: Television, browser: Browser):
    tv.ask()
    other = television(provider)
    other.said = tv.said
    assert other.told() == "invalid_grant"
    decided(browser, tv.user_code, provider.diana)
    assert other.told() == "invalid_grant"
    assert tv.told() == ""


@pytest.mark.parametrize("code", ["", "x", "sj_d_" + "0" * 51, "sj_c_" + "0" * 51])
def test_another_text_is_no_device_code(tv: Television, code: str):
    tv.ask()
    assert tv.told(device_code=code) == ("invalid_grant" if code else "invalid_request")


def test_a_client_that_is_not_registered_for_it_may_not_ask(provider: Provider):
    shop = television(provider, grant_types=("refresh_token",))
    assert shop.ask().json()["error"] == "unauthorized_client"
    assert shop.told(device_code="any") == "unauthorized_client"


def test_a_confidential_client_authenticates_here_as_at_the_token_endpoint(provider: Provider):
    secret = provider.server.add_client(
        Client(client_id="kiosk", grant_types=(device.GRANT,), scope=("openid",))
    )
    kiosk = television(provider, "kiosk")
    bare = kiosk.ask(scope="openid")
    assert (bare.status_code, bare.json()["error"]) == (401, "invalid_client")
    kiosk.http.auth = httpx2.BasicAuth("kiosk", secret)
    assert kiosk.ask(scope="openid").status_code == 200


@pytest.mark.parametrize("scope", [None, "users:write", "open\\id"])
def test_scopes_of_which_none_is_left_are_refused(tv: Television, scope: str | None):
    assert tv.ask(scope=scope).json()["error"] == "invalid_scope"


def test_a_device_asks_for_resources_and_gets_tokens_for_them(provider: Provider, browser: Browser):
    notes = "https://notes.example"
    provider.server.add_resource(Resource(identifier=notes))
    tv = television(provider, resources=(notes,))
    assert tv.ask(resource="https://other.example").json()["error"] == "invalid_target"
    assert tv.ask(resource=[notes]).status_code == 200
    decided(browser, tv.user_code, provider.diana)
    tokens = tv.poll().json()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert tv.http.get(f"{provider.issuer}/userinfo", headers=bearer).status_code == 401


def test_parameters_that_come_twice_are_refused(tv: Television):
    body = f"client_id={tv.client_id}&scope=openid&scope=profile"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = tv.http.post(f"{tv.issuer}/device_authorization", content=body, headers=kind)
    assert answer.json()["error"] == "invalid_request"


def test_a_device_that_wants_a_new_sign_in_gets_one(provider: Provider, browser: Browser):
    page = browser.open(f"{provider.issuer}/sessions")
    assert isinstance(page, Page)
    browser.sign_in(page, provider.diana)
    tv = television(provider)
    provider.clock.advance(seconds=60)
    for max_age, kind in (("61", "confirm"), ("60", "sign-in")):
        assert tv.ask(max_age=max_age).status_code == 200
        assert typed(browser, tv.user_code).kind == kind
    assert tv.ask(max_age="soon").json()["error"] == "invalid_request"


def test_the_step_up_of_a_device_is_told_in_its_tokens(provider: Provider, browser: Browser):
    tv = television(provider)
    tv.ask()
    decided(browser, tv.user_code, provider.diana)
    provider.clock.advance(seconds=AT_PEACE)
    first = claims_of(tv.poll().json()["id_token"])
    provider.clock.advance(seconds=100)
    tv.ask(max_age="100")
    decided(browser, tv.user_code, provider.diana)
    provider.clock.advance(seconds=AT_PEACE)
    second = claims_of(tv.poll().json()["id_token"])
    assert second["auth_time"] >= first["auth_time"] + 100
