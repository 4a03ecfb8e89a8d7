"""A token that is held and the endpoint that it is for. Sessions stand above it; below it is the fixed
endpoint."""

from __future__ import annotations

from sojourn.client.auth import Stamp
from sojourn.client.dialects.keystone.fixed import FixedEndpoint
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Fields, Request


class Token(FixedEndpoint):
    """Sends `token` as X-Auth-Token; it is never renewed, and `endpoint` answers every filter."""

    label = "a token"

    def __init__(self, endpoint: str | None, token: str) -> None:
        super().__init__(endpoint)
        self._token = token

    async def authorize(self, env: Env, request: Request) -> Stamp:
        return Stamp(self._proof())

    async def token(self, env: Env) -> str:
        return self._token

    def _proof(self) -> Fields:
        return (("X-Auth-Token", self._token),)
