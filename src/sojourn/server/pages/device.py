"""The pages of the device flow (RFC 8628 §3.3): type the code that a device shows, see who asks for what and from
where, say yes or no. Between them the dispatcher decides what comes next. A link that brings the code only fills it in.
"""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import ForgedForm, InvalidRequest, PageExpired, SignInRefused
from sojourn.model.device import DeviceRequest
from sojourn.model.interaction import Interaction
from sojourn.server.login.decision import Situation
from sojourn.server.login.throttle import network_of
from sojourn.server.pages import paths
from sojourn.server.pages.browser import Browser
from sojourn.server.pages.interactions import Interactions
from sojourn.server.pages.rows import account_row, scope_rows
from sojourn.server.pages.site import Site, see_other
from sojourn.server.pages.view import DeviceConfirmView, DeviceDoneView, DeviceView
from sojourn.server.services import http
from sojourn.server.services.sessions.devices import Waiting
from sojourn.wire import device

FORM = "device"
_LONGEST_CODE = 64


def guesser(site: Site, request: Request) -> str:
    """What wrong codes are counted for: where they come from, for codes belong to nobody."""
    return f"user code {network_of(site.address(request))}"


def _show(
    site: Site,
    request: Request,
    browser: Browser,
    code: str,
    *,
    error: str = "",
    wait: int = 0,
    status: int = 200,
) -> Response:
    view = DeviceView(
        action=site.url(paths.DEVICE),
        csrf=browser.csrf(FORM),
        code=code[:_LONGEST_CODE],
        error=error,
        wait_seconds=wait,
    )
    return site.page(request, view, status=status, set_cookies=browser.cookies())


async def get(site: Site, request: Request) -> Response:
    """The page; `user_code` in the address fills the field and does nothing else (RFC 8628 §3.3.1)."""
    code = http.query(request).get("user_code", "")
    return _show(site, request, await Browser.read(site, request), code)


async def post(site: Site, request: Request) -> Response:
    """Find what the code leads to, and begin the page flow about it."""
    form = await http.form(request, site.max_body)
    browser = await Browser.read(site, request)
    browser.check(request, FORM, form.get("csrf", ""))
    code = form.get("user_code", "")
    try:
        waiting = await _found(site, request, code)
    except SignInRefused as refused:
        return _show(
            site, request, browser, code, error="device.wait", wait=refused.wait, status=429
        )
    if waiting is None:
        return _show(site, request, browser, code, error="device.wrong", status=404)
    interactions = Interactions(site)
    begun = interactions.begin({"client_id": waiting.request.client_id})
    flow = msgspec.structs.replace(begun, device=waiting.key)
    jar = (*browser.cookies(), interactions.cookie(flow))
    return see_other(site.url(paths.CONTINUE, i=flow.id), jar)


async def _found(site: Site, request: Request, code: str) -> Waiting | None:
    """What a code leads to. Raises SignInRefused for a guess that comes too early."""
    who, throttle = guesser(site, request), site.throttle
    await throttle.begin(who, site.address(request))
    try:
        waiting = await site.sessions.devices.find(code)
        if waiting is None:
            await throttle.failed(who, site.address(request))
        return waiting
    finally:
        throttle.end(who)


async def confirm(
    site: Site, request: Request, browser: Browser, situation: Situation, *, asked: DeviceRequest
) -> Response:
    """The page on which a signed-in person says yes or no; nobody is spared it, whatever they agreed to before."""
    client, account = situation.client, situation.account
    if account is None:
        raise InvalidRequest(detail="a device without an account")
    here = network_of(site.address(request))
    view = DeviceConfirmView(
        action=site.url(paths.CONFIRM),
        csrf=browser.csrf(_form_of(situation.interaction, account.signin.id)),
        interaction=situation.interaction.id,
        client_name=client.client_name or client.client_id,
        code=device.grouped(asked.user_code),
        account=account_row(account.user, account.signin),
        scopes=scope_rows(situation.request.scope),
        resources=situation.request.resources,
        address=asked.address,
        user_agent=asked.agent,
        elsewhere=network_of(asked.address) != here,
        asked_at=asked.created,
        now=situation.now,
        switch_url=site.url(paths.CONTINUE, i=situation.interaction.id, choose="1"),
    )
    return site.page(request, view, set_cookies=browser.cookies())


def _form_of(interaction: Interaction, sid: str) -> str:
    """Binds the form to the interaction and to the account it was shown for."""
    return f"{FORM} {interaction.id} {sid}"


async def post_confirm(site: Site, request: Request) -> Response:
    """Note what the person decided, and go back to the flow."""
    form = await http.form(request, site.max_body)
    browser = await Browser.read(site, request)
    interactions = Interactions(site)
    found = await interactions.find(request, form.get("i", ""))
    if found is None or not found.interaction.device:
        raise PageExpired
    given = form.get("csrf", "")
    flow = found.interaction
    shown = next(
        (one for one in browser.held if browser.is_of(_form_of(flow, one.signin.id), given)), None
    )
    if shown is None:
        raise ForgedForm
    browser.check(request, _form_of(flow, shown.signin.id), given)
    allowed = form.get("decision") == "allow"
    seen = msgspec.structs.replace(
        flow.going_on_with(shown.signin.id), consented=allowed, denied=not allowed
    )
    kept = await interactions.update(found, seen, shown.user.id)
    return see_other(site.url(paths.CONTINUE, i=flow.id), kept)


def done(
    site: Site,
    request: Request,
    *,
    client_name: str,
    approved: bool,
    set_cookies: tuple[str, ...],
) -> Response:
    """The last page: the device goes on by itself, or does not."""
    view = DeviceDoneView(
        client_name=client_name, approved=approved, sessions_url=site.url(paths.SESSIONS)
    )
    return site.page(request, view, set_cookies=set_cookies)
