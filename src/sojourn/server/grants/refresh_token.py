"""The refresh token grant (RFC 6749 §6), with rotation that cannot log a healthy user out."""

from __future__ import annotations

from sojourn.errors import InvalidRequest
from sojourn.model.grant import Grant
from sojourn.model.token import Token
from sojourn.server.grants import user_tokens
from sojourn.server.grants.contract import TokenRequest, asked_scopes, narrowed, still_granted
from sojourn.server.services.sessions.redemption import Taken, Wanted


class RefreshToken:
    """Takes a refresh token; issues a new access token, and rotates."""

    name = "refresh_token"
    public = True

    def scopes(self, asked: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
        return narrowed(asked, granted)

    async def take(self, request: TokenRequest) -> Taken:
        text = request.parameters.get("refresh_token", "")
        if not text:
            message = "The refresh_token parameter is missing."
            raise InvalidRequest(message)
        asked = asked_scopes(request)

        async def wanted(grant: Grant, token: Token) -> Wanted:
            scope = self.scopes(asked, still_granted(request.client, grant))
            return await user_tokens.wanted(request, grant, token, scope=scope, refresh=False)

        keyed = request.client.token_endpoint_auth_method == "private_key_jwt"
        return await request.sessions.redemption.refresh(
            text,
            request.client,
            retry=request.retry,
            rotate=not keyed,
            jkt=request.jkt,
            wanted=wanted,
        )
