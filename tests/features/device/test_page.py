"""The page where a person types the code and decides: nothing happens without them, and nobody else can do it."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import msgspec
import pytest

from sojourn.model.device import APPROVED, DeviceRequest
from sojourn.server.pages.site import Site
from sojourn.testing.clock import Clock
from sojourn.testing.server import ServerInTest
from sojourn.wire import device, tokens
from tests.conformance.browser import Browser, Page
from tests.conformance.setting import Provider, running
from tests.features.device.conftest import (
    Television,
    decided,
    signed_in,
    television,
    typed,
)


def opened(browser: Browser, url: str) -> Page:
    page = browser.open(url)
    assert isinstance(page, Page)
    return page


def confirm_page(provider: Provider, tv: Television, browser: Browser) -> Page:
    tv.ask()
    page = typed(browser, tv.user_code)
    return signed_in(browser, page, provider.diana) if page.kind == "sign-in" else page


def test_the_link_with_the_code_fills_the_field_and_does_nothing_else(
    provider: Provider, tv: Television, browser: Browser
):
    said = tv.ask().json()
    page = opened(browser, said["verification_uri_complete"])
    assert page.form.fields["user_code"] == said["user_code"]
    assert tv.told() == "authorization_pending"


@pytest.mark.parametrize("way", [str.lower, lambda code: code.replace("-", " "), "{} ".format])
def test_a_code_is_typed_in_any_case_and_with_anything_between(
    provider: Provider, tv: Television, browser: Browser, way
):
    tv.ask()
    assert typed(browser, way(tv.user_code)).kind == "sign-in"


def test_the_page_says_who_asks_for_what_and_from_where(provider: Provider, browser: Browser):
    tv = television(provider)
    tv.http.headers["user-agent"] = "sojourn/0.1 (Linux)"
    page = confirm_page(provider, tv, browser)
    for told in (tv.user_code, "Big Screen", "Sojourn on Linux", "127.0.0.1", "Diana Krall"):
        assert told in page.html
    assert "see your name and profile" in page.html
    assert "from another network" not in page.html


def test_who_is_signed_in_and_has_agreed_before_is_asked_all_the_same(
    provider: Provider, browser: Browser
):
    tv = television(provider, trusted=True)
    for _ in range(2):
        page = confirm_page(provider, tv, browser)
        assert page.kind == "confirm"
        last = browser.submit(page, button=("decision", "allow"))
        assert isinstance(last, Page)
        assert "Your device is connected" in last.html


def test_what_was_agreed_to_for_a_device_is_not_remembered_for_anything_else(
    provider: Provider, browser: Browser
):
    shop = provider.relying_party(grant_types=("authorization_code", device.GRANT, "refresh_token"))
    tv = television(provider, shop.client.client_id)
    tv.http.auth = (shop.client.client_id, shop.secret)
    tv.ask(client_id=None)
    decided(browser, tv.user_code, provider.diana)
    _, page = shop.start(browser, scope="openid")
    assert isinstance(page, Page)
    assert page.kind == "consent"


def test_a_code_is_of_no_use_once_it_was_decided(
    provider: Provider, tv: Television, browser: Browser
):
    tv.ask()
    decided(browser, tv.user_code, provider.diana)
    assert "No device waits for this code" in typed(provider.browser(), tv.user_code).html


def test_of_two_people_who_hold_the_page_the_first_to_decide_has_decided(
    provider: Provider, tv: Television, browser: Browser
):
    emma = provider.person(f"emma-{tv.client_id}")
    mine = confirm_page(provider, tv, browser)
    other = provider.browser()
    hers = signed_in(other, typed(other, tv.user_code), emma)
    last = browser.submit(mine, button=("decision", "deny"))
    assert isinstance(last, Page)
    assert "told no" in last.html
    late = other.submit(hers, button=("decision", "allow"))
    assert isinstance(late, Page)
    assert "This page has expired" in late.html
    assert tv.told() == "access_denied"


def test_an_answer_counts_once(provider: Provider, tv: Television, browser: Browser):
    page = confirm_page(provider, tv, browser)
    browser.submit(page, button=("decision", "allow"))
    again = browser.submit(page, button=("decision", "deny"))
    assert isinstance(again, Page)
    assert again.status == 400
    assert tv.told() == ""


def test_cancelling_the_sign_in_decides_nothing(
    provider: Provider, tv: Television, browser: Browser
):
    tv.ask()
    page = typed(browser, tv.user_code)
    assert opened(browser, page.link("cancel=1")).kind == "device"
    assert tv.told() == "authorization_pending"
    assert decided(browser, tv.user_code, provider.diana).status == 200


def test_a_person_goes_on_with_another_account(
    provider: Provider, tv: Television, browser: Browser
):
    emma = provider.person(f"emma2-{tv.client_id}")
    page = confirm_page(provider, tv, browser)
    chosen = opened(browser, page.link("choose=1"))
    other = browser.submit(chosen, button=("action", "other"))
    assert isinstance(other, Page)
    mine = signed_in(browser, other, emma)
    assert emma.login in mine.html
    browser.submit(mine, button=("decision", "allow"))
    tokens = tv.poll().json()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    said = tv.http.get(f"{provider.issuer}/userinfo", headers=bearer).json()
    assert "Diana Krall" not in said.values()


@pytest.mark.parametrize("which", ["device", "confirm"])
@pytest.mark.parametrize("wrong", ["origin", "token", "browser"])
def test_a_form_from_elsewhere_changes_nothing(
    provider: Provider, tv: Television, browser: Browser, which: str, wrong: str
):
    if which == "confirm":
        page = confirm_page(provider, tv, browser)
    else:
        tv.ask()
        page = opened(browser, f"{provider.issuer}/device")
    fields = page.form.fields | {"user_code": tv.user_code, "decision": "allow"}
    where = urljoin(page.url, page.form.action)
    origin = "https://evil.example" if wrong == "origin" else browser.origin
    fields |= {"csrf": "x" * 24} if wrong == "token" else {}
    http = provider.browser().http if wrong == "browser" else browser.http
    answer = http.post(where, data=fields, headers={"origin": origin})
    assert answer.status_code in (400, 403)
    assert tv.told() == "authorization_pending"


def test_the_confirmation_of_one_flow_does_not_serve_another(
    provider: Provider, tv: Television, browser: Browser
):
    mine = confirm_page(provider, tv, browser)
    other = television(provider)
    theirs = confirm_page(provider, other, browser)
    fields = theirs.form.fields | {"i": mine.form.fields["i"], "decision": "allow"}
    where = urljoin(theirs.url, theirs.form.action)
    answer = browser.http.post(where, data=fields, headers={"origin": browser.origin})
    assert answer.status_code == 403
    assert [tv.told(), other.told()] == ["authorization_pending"] * 2


def test_a_consent_page_cannot_stand_in_for_the_confirmation(
    provider: Provider, tv: Television, browser: Browser
):
    page = confirm_page(provider, tv, browser)
    answer = browser.http.post(
        f"{provider.issuer}/consent",
        data=page.form.fields | {"decision": "allow"},
        headers={"origin": browser.origin},
    )
    assert answer.status_code == 403
    assert tv.told() == "authorization_pending"


def test_a_client_that_lost_the_grant_meanwhile_is_refused_at_the_page(
    provider: Provider, tv: Television, browser: Browser
):
    page = confirm_page(provider, tv, browser)
    grants = ("refresh_token",)
    provider.server.call(
        lambda site: site.clients.change(
            tv.client_id,
            lambda old: msgspec.structs.replace(old, grant_types=grants),
            event="client.changed",
        )
    )
    late = browser.submit(page, button=("decision", "allow"))
    assert isinstance(late, Page)
    assert late.status == 400


def test_wrong_codes_are_slowed_down_and_an_approval_forgives_them(tmp_path):
    with running(tmp_path) as provider:
        browser, tv = provider.browser(), television(provider)
        for _ in range(5):
            assert typed(browser, "BCDF-GHJK").status == 404
        page = typed(browser, "BCDF-GHJL")
        assert (page.status, "Too many wrong codes" in page.html) == (429, True)
        tv.ask()
        assert typed(browser, tv.user_code).status == 429
        provider.clock.advance(seconds=2)
        decided(browser, tv.user_code, provider.diana)
        assert tv.told() == ""
        assert [typed(browser, "BCDF-GHJK").status for _ in range(4)] == [404] * 4


def test_knowing_a_code_of_ones_own_does_not_forgive_wrong_ones(tmp_path):
    with running(tmp_path) as provider:
        browser, tv = provider.browser(), television(provider)
        tv.ask()
        for _ in range(4):
            typed(browser, "BCDF-GHJK")
            assert typed(browser, tv.user_code).kind == "sign-in"
        typed(browser, "BCDF-GHJK")
        assert typed(browser, tv.user_code).status == 429


def test_a_request_from_another_network_is_told_of(tmp_path):
    clock = Clock()
    options = {"trusted_proxies": ("127.0.0.1",)}
    with ServerInTest(tmp_path, now=clock.now, options=options) as server:
        provider = Provider(server, clock)
        tv, browser = television(provider), provider.browser()
        tv.http.headers["x-forwarded-for"] = "203.0.113.7"
        browser.http.headers["x-forwarded-for"] = "198.51.100.1"
        page = confirm_page(provider, tv, browser)
        assert "from another network" in page.html
        assert "203.0.113.7" in page.html
        provider.let_go()


def test_an_approval_that_broke_off_halfway_can_be_repeated_by_the_same_person_alone(
    provider: Provider, tv: Television, browser: Browser
):
    mine = confirm_page(provider, tv, browser)
    emma = provider.person(f"emma3-{tv.client_id}")
    other = provider.browser()
    hers = signed_in(other, typed(other, tv.user_code), emma)

    async def claim(site: Site) -> str:
        waiting = await site.sessions.devices.find(tv.user_code)
        assert waiting is not None
        user = await site.users.by_login(provider.diana.login)
        assert user is not None
        await site.sessions.tree.change(
            waiting.key,
            DeviceRequest,
            lambda old: msgspec.structs.replace(old, decision=APPROVED, user_id=user.id),
        )
        return waiting.key

    provider.server.call(claim)
    assert tv.told() == "authorization_pending"
    late = other.submit(hers, button=("decision", "allow"))
    assert isinstance(late, Page)
    assert late.status == 400
    browser.submit(mine, button=("decision", "allow"))
    assert tv.told() == ""


def test_what_expired_is_swept(provider: Provider, tv: Television):
    tv.ask()

    async def kept(site: Site) -> bool:
        code = device.typed(tv.user_code)
        key = site.keys.user_code(code, tokens.digest(code))
        return await site.context.store.get(key) is not None

    assert provider.server.call(kept)
    provider.clock.advance(seconds=600)
    assert tv.told() == "expired_token"
    provider.clock.advance(seconds=600)
    provider.server.call(lambda site: site.context.store.sweep(provider.clock.now(), 10_000))
    assert not provider.server.call(kept)
    assert tv.told() == "invalid_grant"


def test_a_device_hangs_from_the_sign_in_that_approved_it_unless_it_is_offline(
    provider: Provider, browser: Browser
):
    tv = television(provider)
    tv.ask(scope="openid")
    decided(browser, tv.user_code, provider.diana)
    online = tv.poll().json()["access_token"]
    tv.ask()
    decided(browser, tv.user_code, provider.diana)
    offline = tv.poll().json()["access_token"]
    page = opened(browser, f"{provider.issuer}/sign-out")
    browser.submit(page, button=("decision", "sign_out"))

    def status(token: str) -> int:
        bearer = {"authorization": f"Bearer {token}"}
        return tv.http.get(f"{provider.issuer}/userinfo", headers=bearer).status_code

    assert [status(online), status(offline)] == [401, 200]


def test_the_page_speaks_german_and_french(provider: Provider, browser: Browser):
    for tag, words in (("de", "Gerät verbinden"), ("fr", "Connecter un appareil")):
        browser.http.headers["accept-language"] = tag
        page = opened(browser, f"{provider.issuer}/device")
        assert words in page.html
        assert urlsplit(page.url).path == "/device"
