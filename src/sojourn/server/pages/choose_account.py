"""The account list: which of the people signed in here goes on."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import PageExpired
from sojourn.model.interaction import Interaction
from sojourn.server.pages import paths, sign_in
from sojourn.server.pages.browser import Browser
from sojourn.server.pages.interactions import Interactions
from sojourn.server.pages.rows import account_row
from sojourn.server.pages.site import Site, see_other
from sojourn.server.pages.view import ChooseAccountView
from sojourn.server.services import http

FORM = "choose-account"


async def show(
    site: Site,
    request: Request,
    browser: Browser,
    interaction: Interaction,
    *,
    set_cookies: tuple[str, ...] = (),
) -> Response:
    """The page."""
    view = ChooseAccountView(
        action=site.url(paths.CHOOSE),
        csrf=browser.csrf(FORM),
        interaction=interaction.id,
        now=site.context.now(),
        accounts=tuple(account_row(held.user, held.signin) for held in browser.held),
        client_name=await sign_in.client_name(site, interaction),
    )
    return site.page(
        request,
        view,
        form_action=sign_in.form_targets(interaction),
        set_cookies=(*browser.cookies(), *set_cookies),
        ui_locales=interaction.request.get("ui_locales", ""),
    )


async def post(site: Site, request: Request) -> Response:
    """Choose an account, sign one out, or go on to sign in with another."""
    form = await http.form(request, site.max_body)
    browser = await Browser.read(site, request)
    browser.check(request, FORM, form.get("csrf", ""))
    interactions = Interactions(site)
    found = await interactions.find(request, form.get("i", ""))
    if found is None:
        raise PageExpired
    there = site.url(paths.CONTINUE, i=found.interaction.id)
    if "sign_out" in form:
        held = browser.by_sid(form["sign_out"])
        if held is not None:
            await site.sessions.signins.end(
                held.user.id, held.signin.id, "sign_out", by=held.user.id
            )
        left = browser.without(frozenset({form["sign_out"]}))
        return see_other(there, browser.cookies(left))
    chosen = browser.by_sid(form.get("account", ""))
    if chosen is None:
        return await sign_in.show(site, request, browser, found.interaction)
    seen = found.interaction.going_on_with(chosen.signin.id)
    kept = await interactions.update(found, seen, chosen.user.id)
    return see_other(there, (*browser.cookies(browser.activated(chosen.signin.id)), *kept))
