"""The authorization code grant (RFC 6749 §4.1.3, RFC 7636, OpenID Connect Core §3.1.3)."""

from __future__ import annotations

from sojourn.errors import InvalidRequest
from sojourn.model.grant import Grant
from sojourn.model.token import Token
from sojourn.server.grants import user_tokens
from sojourn.server.grants.contract import TokenRequest, still_granted
from sojourn.server.services.sessions.redemption import Taken, Wanted


class AuthorizationCode:
    """Takes a code; issues what its grant gives."""

    name = "authorization_code"
    public = True

    def scopes(self, asked: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
        """All that was granted: the request has no `scope` parameter (RFC 6749 §4.1.3), and one is ignored."""
        del asked
        return granted

    async def take(self, request: TokenRequest) -> Taken:
        code = request.parameters.get("code", "")
        if not code:
            message = "The code parameter is missing."
            raise InvalidRequest(message)

        async def wanted(grant: Grant, token: Token) -> Wanted:
            scope = self.scopes((), still_granted(request.client, grant))
            return await user_tokens.wanted(request, grant, token, scope=scope, refresh=True)

        return await request.sessions.redemption.code(
            code,
            request.client,
            redirect_uri=request.parameters.get("redirect_uri", ""),
            verifier=request.parameters.get("code_verifier", ""),
            jkt=request.jkt,
            wanted=wanted,
        )
