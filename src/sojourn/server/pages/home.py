"""The start page: what this server is, and the way to one's sessions."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sojourn.server.pages import paths
from sojourn.server.pages.browser import Browser
from sojourn.server.pages.rows import account_row, links
from sojourn.server.pages.site import Site
from sojourn.server.pages.view import HomeView


async def get(site: Site, request: Request) -> Response:
    """The page."""
    browser = await Browser.read(site, request)
    me = browser.active
    view = HomeView(
        issuer=site.issuer,
        sign_in_url=site.url(paths.SIGN_IN),
        discovery_url=site.url(paths.DISCOVERY),
        account=account_row(me.user, me.signin) if me else None,
        links=links(site) if me else None,
    )
    return site.page(request, view, set_cookies=browser.cookies())
