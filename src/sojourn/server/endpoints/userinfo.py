"""The userinfo endpoint (OpenID Connect Core §5.3)."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import InsufficientScope
from sojourn.model.user import User
from sojourn.server.endpoints import rendering
from sojourn.server.endpoints.bearer import Shown, accepted, shown
from sojourn.server.pages.site import Site
from sojourn.server.services.sessions.acceptance import Accepted
from sojourn.wire import oidc


async def get(site: Site, request: Request) -> Response:
    """The claims, for a token in the header."""
    return await _answer(site, await shown(site, request))


async def post(site: Site, request: Request) -> Response:
    """The claims, for a token in the header or in the body."""
    return await _answer(site, await shown(site, request, form=True))


async def _answer(site: Site, found: Shown) -> Response:
    if not found.text:
        return rendering.no_token()
    return rendering.answer(claims_of(await accepted(site, found, scope="openid")))


def claims_of(found: Accepted) -> dict[str, object]:
    """What a token may know of its user. Raises InsufficientScope for a token without one."""
    user = found.admitted.value(User)
    if found.grant is None or not isinstance(user, User):
        raise InsufficientScope(scope="openid")
    claims: dict[str, object] = {"sub": found.sub}
    # What the application asked for by name is not for whoever acts with less (RFC 8693): their scope says all.
    asked = None if found.token.delegation else found.grant.claims.get("userinfo")
    named = tuple(asked) if isinstance(asked, Mapping) else ()
    for name in (*oidc.claims_of(found.scope), *named):
        if name in user.claims and name not in oidc.OF_THE_PROTOCOL:
            claims[name] = user.claims[name]
    if "preferred_username" not in claims and "profile" in found.scope and user.login:
        claims["preferred_username"] = user.login
    return claims
