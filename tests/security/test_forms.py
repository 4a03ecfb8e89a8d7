"""Forms of our pages, posted by somebody else: cross-site, with another browser's token, or another form's."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.security.browser import PASSWORD, Browser, authorize_url, hidden
from tests.security.place import Place
from tests.security.wire import Answer, request

EVIL = "https://evil.example"


def consent_page(place: Place, browser: Browser, login: str) -> Answer:
    """Signed in, and asked by an application for more than before."""
    browser.sign_in(login)
    return browser.follow(browser.get(authorize_url(browser, place.client_id)))


def shown_code(place: Place) -> str:
    """The code that a device of the command line shows."""
    form = {"client_id": "sojourn-cli", "scope": "openid"}
    code: str = request(place.issuer, "POST", "/device_authorization", form=form).json["user_code"]
    return code


def device_page(place: Place, browser: Browser) -> Answer:
    """Signed in, and asked whether a device may come in."""
    page = browser.get(f"{place.issuer}/device")
    form = hidden(page.text) | {"user_code": shown_code(place)}
    return browser.follow(browser.post(f"{place.issuer}/device", form))


def form_of(place: Place, path: str, browser: Browser, login: str) -> dict[str, str]:
    """A form of a page, filled in so that it would do something."""
    if path == "/sign-in":
        page = browser.get(f"{place.issuer}/sign-in")
        return hidden(page.text) | {"login": login, "password": PASSWORD}
    if path == "/consent":
        return hidden(consent_page(place, browser, login).text) | {"decision": "allow"}
    if path == "/device":
        page = browser.get(f"{place.issuer}/device")
        return hidden(page.text) | {"user_code": shown_code(place)}
    browser.sign_in(login)
    if path == "/device/confirm":
        return hidden(device_page(place, browser).text) | {"decision": "allow"}
    if path == "/choose-account":
        url = authorize_url(browser, place.client_id, prompt="select_account")
        page = browser.follow(browser.get(url))
        return hidden(page.text) | {"action": "other"}
    page = browser.get(f"{place.issuer}{path}")
    return (
        hidden(page.text)
        | {
            "/sessions": {"action": "end_others", "id": "x"},
            "/sign-out": {"decision": "sign_out"},
            "/password": {
                "current": PASSWORD,
                "password": "another long river",
                "password_again": "another long river",
            },
        }[path]
    )


PATHS = (
    "/sign-in",
    "/consent",
    "/choose-account",
    "/device",
    "/device/confirm",
    "/sessions",
    "/sign-out",
    "/password",
)


def require_forged(place: Place, browser: Browser, path: str, form: dict[str, str], **headers: str):
    before = dict(browser.jar)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = browser.post(f"{place.issuer}{path}", form, headers=named)
    assert answer.status == 403, (answer.status, answer.location)
    assert not answer.location
    assert browser.jar == before
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_a_form_without_its_token_from_elsewhere_or_from_another_browser_is_refused(
    place: Place, path: str
):
    browser, login = place.browser(), place.somebody()
    form = form_of(place, path, browser, login)
    ours = browser.origin
    stranger = place.browser()
    other = form_of(place, path, stranger, place.somebody())

    require_forged(place, browser, path, form | {"csrf": ""}, Origin=ours)
    require_forged(place, browser, path, form | {"csrf": other["csrf"]}, Origin=ours)
    require_forged(place, browser, path, form | {"csrf": form["csrf"][:-1]}, Origin=ours)
    require_forged(place, browser, path, form, Origin=EVIL)
    require_forged(place, browser, path, form, Origin="null")
    require_forged(place, browser, path, form, Origin=ours + ".evil.example")
    require_forged(place, browser, path, form, Origin=ours.upper())
    require_forged(place, browser, path, form, Origin=f"{ours}/")
    require_forged(place, browser, path, form, Origin=EVIL, Sec_Fetch_Site="same-origin")
    for site in ("cross-site", "same-site", "none"):
        require_forged(place, browser, path, form, Sec_Fetch_Site=site)

    answer = browser.post(f"{place.issuer}{path}", form)
    assert answer.status in (200, 303), answer.text


@pytest.mark.parametrize("path", PATHS)
def test_the_token_of_one_form_opens_no_other(place: Place, path: str):
    browser, login = place.browser(), place.somebody()
    form = form_of(place, path, browser, login)
    foreign = hidden(browser.get(f"{place.issuer}/password").text)
    if path == "/password":
        foreign = hidden(browser.get(f"{place.issuer}/sign-out").text)
    if not foreign:
        browser.sign_in(login)
        foreign = hidden(browser.get(f"{place.issuer}/password").text)
    require_forged(place, browser, path, form | {"csrf": foreign["csrf"]}, Origin=browser.origin)


def test_nobody_is_signed_in_as_the_attacker(place: Place):
    """Login CSRF: the attacker's own form, posted by the victim's browser."""
    attacker, victim = place.browser(), place.browser()
    form = form_of(place, "/sign-in", attacker, place.somebody())
    require_forged(place, victim, "/sign-in", form, Origin=EVIL)
    require_forged(place, victim, "/sign-in", form, Origin=victim.origin)
    victim.get(f"{place.issuer}/sign-in")
    require_forged(place, victim, "/sign-in", form, Origin=victim.origin)
    assert not victim.cookie("signins")


def test_a_consent_form_shown_for_one_account_cannot_be_posted_for_another(place: Place):
    browser, one, other = place.browser(), place.somebody(), place.somebody()
    browser.sign_in(other)
    page = consent_page(place, browser, one)
    form = hidden(page.text) | {"decision": "allow"}
    texts = browser.cookie("signins").split(".")
    assert len(texts) == 2
    browser.plant("signins", texts[1])
    require_forged(place, browser, "/consent", form, Origin=browser.origin)


def test_consent_of_one_account_is_not_that_of_the_account_chosen_after_it(place: Place):
    browser, one, other = place.browser(), place.somebody(), place.somebody()
    browser.sign_in(other)
    page = consent_page(place, browser, one)
    form = hidden(page.text)
    there = f"{place.issuer}/continue?i={form['i']}"
    chooser = browser.get(f"{there}&choose=1")
    agreed = browser.post(f"{place.issuer}/consent", form | {"decision": "allow"})
    assert agreed.location == there
    sids = [part.split('"')[0] for part in chooser.text.split('name="account" value="')[1:]]
    assert len(sids) == 2
    browser.post(f"{place.issuer}/choose-account", hidden(chooser.text) | {"account": sids[1]})
    after = browser.get(there)
    assert after.status == 200, after.location
    assert f'action="{place.issuer}/consent"' in after.text


def test_a_yes_of_one_account_to_a_device_is_not_that_of_the_account_chosen_after_it(place: Place):
    browser, one, other = place.browser(), place.somebody(), place.somebody()
    browser.sign_in(other)
    browser.sign_in(one)
    form = hidden(device_page(place, browser).text)
    there = f"{place.issuer}/continue?i={form['i']}"
    chooser = browser.get(f"{there}&choose=1")
    agreed = browser.post(f"{place.issuer}/device/confirm", form | {"decision": "allow"})
    assert agreed.location == there
    sids = [part.split('"')[0] for part in chooser.text.split('name="account" value="')[1:]]
    browser.post(f"{place.issuer}/choose-account", hidden(chooser.text) | {"account": sids[1]})
    after = browser.get(there)
    assert after.status == 200, after.location
    assert f'action="{place.issuer}/device/confirm"' in after.text


def test_a_fresh_sign_in_of_one_account_is_not_that_of_the_account_chosen_after_it(place: Place):
    """ASVS 7.5.3: `prompt=login` and `max_age` ask who goes on, not anybody who knows some password."""
    for asked in ({"prompt": "login"}, {"max_age": "0"}):
        browser, mine, theirs = place.browser(), place.somebody(), place.somebody()
        browser.sign_in(theirs)
        url = authorize_url(browser, place.client_id, **asked)
        page = browser.follow(browser.get(url))
        form = hidden(page.text)
        proved = browser.post(
            f"{place.issuer}/sign-in", form | {"login": mine, "password": PASSWORD}
        )
        chooser = browser.get(f"{proved.location}&choose=1")
        sids = [part.split('"')[0] for part in chooser.text.split('name="account" value="')[1:]]
        browser.post(f"{place.issuer}/choose-account", hidden(chooser.text) | {"account": sids[1]})
        after = browser.get(proved.location)
        assert after.status == 200
        assert f'action="{place.issuer}/sign-in"' in after.text


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/device", "/sessions", "/password", "/sign-out", "/nowhere"]
)
def test_no_page_can_be_framed_sniffed_or_kept(place: Place, path: str):
    browser = place.browser()
    browser.sign_in(place.somebody())
    answer = browser.get(f"{place.issuer}{path}")
    policy = answer.header("content-security-policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert answer.header("x-frame-options") == "DENY"
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "same-origin"
    assert answer.header("cache-control") == "no-store"


def test_no_answer_lets_another_origin_read_what_cookies_bring(place: Place):
    """RFC 9700 §2.6 and its like: CORS is for public documents alone."""
    browser = place.browser()
    browser.sign_in(place.somebody())
    for path in ("/authorize", "/sessions", "/sign-in", "/userinfo", "/account/sessions"):
        answer = browser.get(f"{place.issuer}{path}", headers={"Origin": EVIL})
        assert not answer.all("access-control-allow-origin"), path
        assert not answer.all("access-control-allow-credentials"), path


def test_every_cookie_is_http_only_lax_and_for_this_host_alone(place: Place):
    browser = place.browser()
    found = [*browser.get(f"{place.issuer}/sign-in").all("set-cookie")]
    found += browser.get(authorize_url(browser, place.client_id)).all("set-cookie")
    found += browser.sign_in(place.somebody()).all("set-cookie")
    assert len(found) >= 3
    for text in found:
        assert "; HttpOnly" in text
        assert "; SameSite=Lax" in text
        assert "; Path=/" in text
        assert "domain" not in text.lower()
        assert "expires" not in text.lower()


def test_an_application_name_is_text_and_never_markup(place: Place):
    from tests.security.browser import app

    name = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    client = app("markup", client_name=name, client_uri="javascript:alert(3)")
    place.server.add_client(client)
    browser, login = place.browser(), place.somebody()
    browser.sign_in(login)
    page = browser.follow(browser.get(authorize_url(browser, "markup", login_hint=name)))
    assert "<script>" not in page.text
    assert "<img" not in page.text
    assert "javascript:" not in page.text
    fresh = place.browser()
    page = fresh.follow(fresh.get(authorize_url(fresh, "markup", login_hint=name)))
    assert "<script>" not in page.text
    assert "onerror=" not in page.text.replace("&lt;img src=x onerror=", "")
    assert urlsplit(place.issuer).netloc in page.text
