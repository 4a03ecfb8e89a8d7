"""What is issued below a user's grant, whether from a code or from a refresh token."""

from __future__ import annotations

from collections.abc import Mapping

from sojourn.model.grant import Grant
from sojourn.model.token import Token
from sojourn.server.grants.contract import TokenRequest, target
from sojourn.server.services.sessions.minting import Order
from sojourn.server.services.sessions.redemption import Wanted


async def wanted(
    request: TokenRequest,
    grant: Grant,
    token: Token,
    *,
    scope: tuple[str, ...],
    refresh: bool,
) -> Wanted:
    """An access token, a refresh token where the client may have one, and an ID token for `openid`."""
    aim = await target(request, grant.resources)
    access = Order(
        type="access_token",
        scope=() if scope == grant.scope else scope,
        resources=() if aim.resources == grant.resources else aim.resources,
        jwt=aim.jwt,
        jkt=request.jkt,
    )
    id_token = None
    if "openid" in scope:
        id_token = Order(type="id_token", nonce=token.nonce, claims=_id_claims(grant.claims))
    return Wanted(
        access=access,
        refresh=refresh and "refresh_token" in request.client.grant_types,
        # RFC 9449 §5: a client that authenticates holds its refresh tokens by that, and may change its key.
        refresh_jkt=request.jkt if request.client.public else "",
        id_token=id_token,
    )


def _id_claims(claims: Mapping[str, object]) -> Mapping[str, object]:
    asked = claims.get("id_token")
    return asked if isinstance(asked, Mapping) else {}
