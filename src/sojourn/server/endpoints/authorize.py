"""The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2). Its work is in `checks` and `dispatcher`."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sojourn.server.endpoints import answers, checks, dispatcher
from sojourn.server.pages.interactions import Interactions
from sojourn.server.pages.site import Site
from sojourn.server.services import http
from sojourn.wire import oauth


async def get(site: Site, request: Request) -> Response:
    """Take a request from the query."""
    return await dispatcher.begin(site, request, http.query(request, many=oauth.REPEATABLE))


async def post(site: Site, request: Request) -> Response:
    """Take a request from a form. A form on another site brings no cookies, so it is kept and met again by a GET."""
    parameters = await http.form(request, site.max_body, many=oauth.REPEATABLE)
    try:
        asked, _ = await checks.check(site, parameters)
    except checks.Redirected as refused:
        return answers.with_error(site, request, refused.request, refused.error)
    return dispatcher.set_out(site, request, asked, Interactions(site).begin(parameters))
