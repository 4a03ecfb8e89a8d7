"""Token introspection (RFC 7662): for the client a token was issued to, and for the resource it is meant for."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import InvalidClient, InvalidRequest, InvalidToken
from sojourn.model.admission import INTROSPECT
from sojourn.model.client import Client
from sojourn.model.resource import Resource
from sojourn.model.user import User
from sojourn.server.endpoints import rendering
from sojourn.server.endpoints.client_authentication import authenticated
from sojourn.server.pages.site import Site
from sojourn.server.services import http
from sojourn.server.services.sessions.acceptance import Accepted

_INACTIVE = b'{"active":false}'


async def post(site: Site, request: Request) -> Response:
    """Whether a token is active, and what it says; `{"active": false}` tells nothing more (§2.2)."""
    parameters = await http.form(request, site.max_body)
    client = await authenticated(site, request, parameters)
    if client.public:
        raise InvalidClient(detail="introspection needs client authentication (RFC 7662 §2.1)")
    text = parameters.get("token", "")
    if not text:
        message = "The token parameter is missing."
        raise InvalidRequest(message)
    try:
        found = await site.sessions.acceptance.accept(text, INTROSPECT)
    except InvalidToken:
        return rendering.raw(_INACTIVE)
    resources = [await site.clients.resource(identifier) for identifier in found.audience]
    if None in resources or not (
        found.client_id == client.client_id or _is_for(found, client, resources)
    ):
        return rendering.raw(_INACTIVE)
    return rendering.answer(_members(site, found))


def _is_for(found: Accepted, client: Client, resources: Sequence[Resource | None]) -> bool:
    """Whether one of the token's resources is the caller's own. A refresh token is nobody's but its client's."""
    if found.type != "access_token":
        return False
    return any(one is not None and one.client_id == client.client_id for one in resources)


def _members(site: Site, found: Accepted) -> dict[str, object]:
    members: dict[str, object] = {
        "active": True,
        "iss": site.issuer,
        "sub": found.sub,
        "client_id": found.client_id,
        "scope": " ".join(found.scope),
        "iat": found.issued_at // 1000,
    }
    if found.expires_at:
        members["exp"] = found.expires_at // 1000
    if found.type == "access_token":
        members["token_type"] = "DPoP" if found.jkt else "Bearer"
    if found.jkt:
        members["cnf"] = {"jkt": found.jkt}
    if found.audience:
        members["aud"] = found.audience[0] if len(found.audience) == 1 else found.audience
    if found.token.delegation:
        members["act"] = found.token.delegation.act()
    grant = found.grant
    if grant is None:
        return members
    user = found.admitted.value(User)
    if isinstance(user, User) and user.login and "profile" in found.scope:
        members["username"] = user.login
    event = grant.authentication_event
    if event:
        members["auth_time"] = event.authn_time // 1000
        members |= {"acr": event.acr} if event.acr else {}
    return members
