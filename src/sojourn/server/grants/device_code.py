"""The device authorization grant (RFC 8628 §3.4): a device asks until the person who typed its code has decided."""

from __future__ import annotations

from sojourn.errors import InvalidRequest
from sojourn.model.grant import Grant
from sojourn.model.token import Token
from sojourn.server.grants import user_tokens
from sojourn.server.grants.contract import TokenRequest, still_granted
from sojourn.server.services.sessions.redemption import Taken, Wanted
from sojourn.wire import device


class DeviceCode:
    """Takes a device code; issues what the person let the device have."""

    name = device.GRANT
    public = True

    def scopes(self, asked: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
        """All that was granted: the request has no `scope` parameter (RFC 8628 §3.4), and one is ignored."""
        del asked
        return granted

    async def take(self, request: TokenRequest) -> Taken:
        code = request.parameters.get("device_code", "")
        if not code:
            message = "The device_code parameter is missing."
            raise InvalidRequest(message)

        async def wanted(grant: Grant, token: Token) -> Wanted:
            scope = self.scopes((), still_granted(request.client, grant))
            return await user_tokens.wanted(request, grant, token, scope=scope, refresh=True)

        approved = await request.sessions.devices.poll(code, request.client)
        return await request.sessions.redemption.approved(
            approved, request.client, jkt=request.jkt, wanted=wanted
        )
