"""Access tokens presented to this server's own resources (RFC 6750 §2)."""

from __future__ import annotations

from starlette.requests import Request

from sojourn.errors import InsufficientScope, InvalidRequest, InvalidToken
from sojourn.model.admission import USERINFO
from sojourn.server.pages.site import Site
from sojourn.server.services import http
from sojourn.server.services.sessions.acceptance import Accepted
from sojourn.wire import oauth


async def shown(site: Site, request: Request, *, form: bool = False) -> str:
    """The token a request shows, in the header or, where `form` allows, in the body; '' if none.

    Raises InvalidRequest for both or for one in the query, InvalidToken for a header that breaks its grammar.
    """
    if b"access_token" in request.scope["query_string"] and "access_token" in http.query(request):
        message = "The access token must not be in the query."
        raise InvalidRequest(message)
    header = http.single(request, b"authorization")
    in_body = ""
    if form and request.headers.get("content-type"):
        in_body = (await http.form(request, site.max_body)).get("access_token", "")
    if header and in_body:
        message = "The access token was sent twice."
        raise InvalidRequest(message)
    return oauth.bearer_token(header) if header else in_body


async def accepted(site: Site, text: str, *, scope: str = "", audience: str = "") -> Accepted:
    """The token behind `text`, judged, with the scope and for the audience that are needed.

    audience  '' means this server's user information: tokens that name no resource

    Raises InvalidToken or InsufficientScope.
    """
    found = await site.sessions.acceptance.accept(text, USERINFO)
    if audience not in found.audience and (found.audience or audience):
        raise InvalidToken(detail="the token is for another resource")
    if scope and scope not in found.scope:
        raise InsufficientScope(scope=scope)
    return found
