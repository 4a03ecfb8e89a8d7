"""The account API: a user's own sessions and tokens, for the command line and applications with the scope `account`.

Its resource is `urn:sojourn:account`. `app` routes here; below it is the desk of `administration`.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import InvalidRequest
from sojourn.model.resource import ACCOUNT
from sojourn.server.endpoints import caller, rendering
from sojourn.server.pages.site import Site
from sojourn.server.services import http
from sojourn.server.services.administration import reading
from sojourn.server.services.administration.roles import ACCOUNT_SCOPE

SESSIONS: Final = "/account/sessions"
EXPLAIN: Final = "/account/explain"


async def get_sessions(site: Site, request: Request) -> Response:
    """The tree of the caller's sessions."""
    found, user = await caller.owner(site, request, resource=ACCOUNT, scope=ACCOUNT_SCOPE)
    reading.refuse_unknown(http.query(request))
    return rendering.answer(await caller.desk(site).sessions.tree(user, current=found.signin))


async def post_sessions(site: Site, request: Request) -> Response:
    """End one of the caller's sign-ins, clients or grants, or all but the one that calls."""
    found, user = await caller.owner(site, request, resource=ACCOUNT, scope=ACCOUNT_SCOPE)
    body = await http.json_body(request, site.max_body)
    sessions = caller.desk(site).sessions
    done = await sessions.end(user, body, current=found.signin, actor=user.id)
    return rendering.answer(done)


async def post_explain(site: Site, request: Request) -> Response:
    """Why one of the caller's own tokens is good or not."""
    _, user = await caller.owner(site, request, resource=ACCOUNT, scope=ACCOUNT_SCOPE)
    body = await http.json_body(request, site.max_body)
    token = body.get("token")
    if not isinstance(token, str):
        message = "Say token."
        raise InvalidRequest(message)
    return rendering.answer(await caller.desk(site).sessions.story(token, of=user))
