"""The sign-in page: one form for name and password, inside an interaction or by itself."""

from __future__ import annotations

from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import NotLive, PageExpired, SignInRefused
from sojourn.model.interaction import Interaction
from sojourn.server.login.pipeline import Proof
from sojourn.server.pages import paths
from sojourn.server.pages.browser import Browser, device
from sojourn.server.pages.interactions import Interactions
from sojourn.server.pages.site import Site, see_other
from sojourn.server.pages.view import SignInView
from sojourn.server.services import http
from sojourn.server.services.sessions.signins import Started
from sojourn.wire import oauth

FORM = "sign-in"


async def client_name(site: Site, interaction: Interaction | None) -> str:
    """Who a page flow is for, as people know it."""
    if interaction is None:
        return ""
    client = await site.clients.get(interaction.request.get("client_id", ""))
    return (client.client_name or client.client_id) if client else ""


def form_targets(interaction: Interaction | None) -> tuple[str, ...]:
    """Origins that a form may end at: where the redirect after it goes."""
    uri = interaction.request.get("redirect_uri", "") if interaction else ""
    return (oauth.origin_of(uri),) if uri else ()


async def show(
    site: Site,
    request: Request,
    browser: Browser,
    interaction: Interaction | None,
    *,
    login: str = "",
    error: str = "",
    wait: int = 0,
    status: int = 200,
    set_cookies: tuple[str, ...] = (),
) -> Response:
    """The page, with the error of the last try if there was one."""
    name = interaction.id if interaction else ""
    there = site.url(paths.CONTINUE, i=name) if interaction else ""
    view = SignInView(
        action=site.url(paths.SIGN_IN),
        csrf=browser.csrf(FORM),
        interaction=name,
        client_name=await client_name(site, interaction),
        login=login or (interaction.request.get("login_hint", "") if interaction else ""),
        error=error,
        wait_seconds=wait,
        can_switch=bool(interaction and browser.held),
        switch_url=site.url(paths.CONTINUE, i=name, choose="1") if interaction else "",
        cancel_url=f"{there}&cancel=1" if there else "",
    )
    return site.page(
        request,
        view,
        status=status,
        form_action=form_targets(interaction),
        set_cookies=(*browser.cookies(), *set_cookies),
        ui_locales=interaction.request.get("ui_locales", "") if interaction else "",
    )


async def get(site: Site, request: Request) -> Response:
    """The page by itself, for someone who comes to see their sessions."""
    return await show(site, request, await Browser.read(site, request), None)


async def post(site: Site, request: Request) -> Response:
    """Sign in, and go back to the flow or to My sessions."""
    form = await http.form(request, site.max_body)
    browser = await Browser.read(site, request)
    browser.check(request, FORM, form.get("csrf", ""))
    interactions = Interactions(site)
    found = await interactions.find(request, form.get("i", ""))
    if found is None and form.get("i"):
        raise PageExpired
    interaction = found.interaction if found else None
    login = form.get("login", "")
    try:
        proof = await site.pipeline.sign_in(
            login, form.get("password", ""), address=site.address(request)
        )
        started = await begin(site, request, browser, proof)
    except SignInRefused as refused:
        error = "sign_in.wait" if refused.wait else "sign_in.refused"
        return await show(
            site,
            request,
            browser,
            interaction,
            login=login,
            error=error,
            wait=refused.wait,
            status=429 if refused.wait else 403,
        )
    jar = browser.cookies(browser.with_started(started))
    if interaction is None:
        return see_other(site.url(paths.SESSIONS), jar)
    seen = msgspec.structs.replace(interaction.going_on_with(started.signin.id), fresh=True)
    kept = await interactions.keep(seen, started.signin.user_id)
    return see_other(site.url(paths.CONTINUE, i=interaction.id), (*jar, kept))


async def begin(site: Site, request: Request, browser: Browser, proof: Proof) -> Started:
    """Begin a sign-in, or step the one up that this browser has of the same user; its text is new in any case.

    Raises SignInRefused when the user ended everything, or was disabled, while the proof was being checked.
    """
    signins, event = site.sessions.signins, proof.event
    held = next((one for one in browser.held if one.user.id == event.uid), None)
    if held is not None:
        # It may have ended meanwhile, or another tab may have stepped it up: a new one then.
        with suppress(NotLive):
            return await signins.renew(held.admitted, event)
    try:
        return await signins.start(event, device(site, request), epoch=proof.epoch)
    except NotLive as error:
        raise SignInRefused(detail=error.detail) from error
