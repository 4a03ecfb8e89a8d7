"""Token revocation (RFC 7009): a client ends a token of its own. Of a refresh token, the whole grant ends; of a device
code, the request that waits for a person, and what came of it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import InvalidRequest, UnauthorizedClient
from sojourn.model.grant import Grant
from sojourn.model.token import Token
from sojourn.server.endpoints import rendering
from sojourn.server.endpoints.client_authentication import authenticated
from sojourn.server.pages.site import Site
from sojourn.server.services import http
from sojourn.server.services.sessions.acceptance import Located
from sojourn.wire import json_text


async def post(site: Site, request: Request) -> Response:
    """End a token. 200 also for one that is unknown or has ended (§2.2); for a JWT it says until when it may still
    be accepted by a resource that judges it offline.
    """
    parameters = await http.form(request, site.max_body)
    client = await authenticated(site, request, parameters)
    text = parameters.get("token", "")
    if not text:
        message = "The token parameter is missing."
        raise InvalidRequest(message)
    located = await site.sessions.acceptance.locate(text)
    if located is None:
        await site.sessions.devices.withdraw(text, client)
        return rendering.answer({})
    if _client_of(located) != client.client_id:
        message = "The token was not issued to this client."
        raise UnauthorizedClient(message)
    grant = _grant_of(located)
    if grant is not None and _is_refresh(located):
        key, value = grant
        await site.sessions.grants_.end_grant(
            key, "revoked by the client", by=client.client_id, subject=value.user_id
        )
        return rendering.answer({})
    await site.sessions.acceptance.revoke(located, "revoked by the client", by=client.client_id)
    if located.claims is None:
        return rendering.answer({})
    return rendering.answer(
        {"accepted_offline_until": json_text.moment(located.claims, "exp") // 1000}
    )


def _client_of(located: Located) -> str:
    if located.claims is not None:
        return json_text.text(located.claims, "client_id")
    leaf = located.path[0].value
    return leaf.client_id if isinstance(leaf, Token) else ""


def _is_refresh(located: Located) -> bool:
    leaf = located.path[0].value
    return isinstance(leaf, Token) and leaf.type == "refresh_token"


def _grant_of(located: Located) -> tuple[str, Grant] | None:
    return next(
        ((node.key, node.value) for node in located.path if isinstance(node.value, Grant)), None
    )
