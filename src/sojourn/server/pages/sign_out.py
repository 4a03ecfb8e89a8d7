"""Signing out: the question, the deed, and the page that says it is done. RP-initiated logout ends here too."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sojourn.server.pages import paths
from sojourn.server.pages.browser import Browser, Held
from sojourn.server.pages.rows import account_row
from sojourn.server.pages.site import Site, see_other
from sojourn.server.pages.view import SignedOutView, SignOutView
from sojourn.server.services import http

FORM: Final = "sign-out"


async def get(site: Site, request: Request) -> Response:
    """Ask; or say that nobody is signed in."""
    browser = await Browser.read(site, request)
    return ask(site, request, browser)


def ask(
    site: Site,
    request: Request,
    browser: Browser,
    *,
    client_name: str = "",
    ui_locales: str = "",
) -> Response:
    """The question whether to sign out; without a sign-in, that it is done."""
    me = browser.active
    if me is None:
        return done(site, request, browser, ui_locales=ui_locales)
    view = SignOutView(
        action=site.url(paths.SIGN_OUT),
        csrf=browser.csrf(FORM),
        account=account_row(me.user, me.signin),
        client_name=client_name,
    )
    return site.page(request, view, set_cookies=browser.cookies(), ui_locales=ui_locales)


async def post(site: Site, request: Request) -> Response:
    """End the sign-in that is active here, if the person says so."""
    form = await http.form(request, site.max_body)
    browser = await Browser.read(site, request)
    browser.check(request, FORM, form.get("csrf", ""))
    if form.get("decision") != "sign_out" or browser.active is None:
        return see_other(site.url(paths.SESSIONS))
    jar = await end(site, browser, browser.active)
    return done(site, request, browser, set_cookies=jar)


async def end(site: Site, browser: Browser, held: Held) -> tuple[str, ...]:
    """End a sign-in of this browser; returns the Set-Cookie texts that take it out."""
    await site.sessions.signins.end(held.user.id, held.signin.id, "sign_out", by=held.user.id)
    return browser.cookies(browser.without(frozenset({held.signin.id})))


def done(
    site: Site,
    request: Request,
    browser: Browser,
    *,
    client_name: str = "",
    set_cookies: tuple[str, ...] | None = None,
    ui_locales: str = "",
) -> Response:
    """The page that says it is done."""
    left = len(browser.held) - (1 if set_cookies is not None else 0)
    view = SignedOutView(
        sign_in_url=site.url(paths.SIGN_IN), client_name=client_name, others=max(0, left)
    )
    jar = browser.cookies() if set_cookies is None else set_cookies
    return site.page(request, view, set_cookies=jar, ui_locales=ui_locales)
