"""Changing the password: the old one proves who asks; every other sign-in ends with the change."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import NotLive, SignInRefused
from sojourn.model.credential import MIN_LENGTH, judge_password
from sojourn.server.login.authenticators.password import common_passwords
from sojourn.server.pages import paths, sign_in
from sojourn.server.pages.browser import Browser, Held
from sojourn.server.pages.rows import account_row, links
from sojourn.server.pages.site import Site, see_other
from sojourn.server.pages.view import ChangePasswordView
from sojourn.server.services import http

FORM: Final = "password"


async def get(site: Site, request: Request) -> Response:
    """The page."""
    browser = await Browser.read(site, request)
    if browser.active is None:
        return see_other(site.url(paths.SIGN_IN), browser.cookies())
    done = http.query(request).get("done") == "1"
    return _show(site, request, browser, browser.active, done=done)


def _show(
    site: Site,
    request: Request,
    browser: Browser,
    me: Held,
    *,
    done: bool = False,
    error: str = "",
    wait: int = 0,
) -> Response:
    view = ChangePasswordView(
        action=site.url(paths.PASSWORD),
        csrf=browser.csrf(FORM),
        account=account_row(me.user, me.signin),
        error=error,
        notice="change_password.done" if done else "",
        minimum_length=MIN_LENGTH,
        wait_seconds=wait,
        links=links(site),
    )
    return site.page(request, view, status=403 if error else 200, set_cookies=browser.cookies())


async def post(site: Site, request: Request) -> Response:
    """Change it. The sign-in here gets a new cookie text and is spared; all else ends in the same write."""
    form = await http.form(request, site.max_body)
    browser = await Browser.read(site, request)
    browser.check(request, FORM, form.get("csrf", ""))
    me = browser.active
    if me is None:
        return see_other(site.url(paths.SIGN_IN))
    fresh = form.get("password", "")
    error = new_password_fault(fresh, form.get("password_again", ""), me.user.login)
    if not error and fresh == form.get("current", ""):
        error = "change_password.same"
    if error:
        return _show(site, request, browser, me, error=error)
    try:
        proof = await site.pipeline.sign_in(
            me.user.login, form.get("current", ""), address=site.address(request)
        )
        hashed = await site.passwords.hash(fresh)
        started = await sign_in.begin(site, request, browser, proof)
    except SignInRefused as refused:
        error = "change_password.wait" if refused.wait else "change_password.wrong"
        return _show(site, request, browser, me, error=error, wait=refused.wait)
    try:
        await site.users.set_password(me.user.id, hashed, keep=started.signin.id)
    except NotLive:
        return see_other(site.url(paths.SIGN_IN))
    jar = browser.cookies(browser.with_started(started))
    return see_other(site.url(paths.PASSWORD, done="1"), jar)


def new_password_fault(password: str, again: str, login: str) -> str:
    """The message id of what is wrong with a new password; '' when it will do."""
    if password != again:
        return "password.differs"
    context = (login, login.partition("@")[0], "sojourn")
    return judge_password(password, common=common_passwords(), context=context) or ""
