"""First set-up: the one-time link makes the first administrator. There is no default password, ever."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import InvalidRequest, SetUpDone
from sojourn.model.credential import MIN_LENGTH
from sojourn.server.pages import paths, sign_in
from sojourn.server.pages.browser import Browser
from sojourn.server.pages.password import new_password_fault
from sojourn.server.pages.site import Site, see_other
from sojourn.server.pages.view import SetUpView
from sojourn.server.services import http
from sojourn.server.services.administration.roles import ADMINISTRATOR
from sojourn.server.services.setup import SetUp
from sojourn.server.services.users import normalised

FORM: Final = "set-up"


async def get(site: Site, request: Request) -> Response:
    """The page, for who has the link."""
    token = http.query(request).get("token", "")
    await _check(site, token)
    browser = await Browser.read(site, request)
    return _show(site, request, browser, {"token": token})


async def _check(site: Site, token: str) -> None:
    """Raises SetUpDone unless the link is good and there is no administrator yet, however they were made."""
    await SetUp(site.context).check(token)
    if await site.users.has_administrator():
        raise SetUpDone


def _show(
    site: Site, request: Request, browser: Browser, form: dict[str, str], error: str = ""
) -> Response:
    view = SetUpView(
        action=site.url(paths.SET_UP),
        csrf=browser.csrf(FORM),
        token=form.get("token", ""),
        login=form.get("login", ""),
        name=form.get("name", ""),
        error=error,
        minimum_length=MIN_LENGTH,
    )
    return site.page(request, view, status=400 if error else 200, set_cookies=browser.cookies())


async def post(site: Site, request: Request) -> Response:
    """Make the administrator, use the link up, and sign them in."""
    form = await http.form(request, site.max_body)
    browser = await Browser.read(site, request)
    browser.check(request, FORM, form.get("csrf", ""))
    await _check(site, form.get("token", ""))
    link = SetUp(site.context)
    login, password = form.get("login", ""), form.get("password", "")
    error = _fault(form)
    if error:
        return _show(site, request, browser, form, error)
    hashed = await site.passwords.hash(password)
    if not await link.use(form["token"]):
        raise SetUpDone
    claims = {"name": form["name"]} if form.get("name") else {}
    try:
        await site.users.create(login, claims=claims, roles=(ADMINISTRATOR,), password_hash=hashed)
    except InvalidRequest:
        await link.restore(form["token"])
        return _show(site, request, browser, form, "set_up.login_taken")
    proof = await site.pipeline.sign_in(login, password, address=site.address(request))
    started = await sign_in.begin(site, request, browser, proof)
    return see_other(site.url(paths.SESSIONS), browser.cookies(browser.with_started(started)))


def _fault(form: dict[str, str]) -> str:
    login, password = form.get("login", ""), form.get("password", "")
    if not login or not password:
        return "set_up.empty"
    try:
        normalised(login)
    except InvalidRequest:
        return "set_up.login_wrong"
    return new_password_fault(password, form.get("password_again", ""), login)
