"""No credentials at all, for services that ask for none. Sessions stand above it; below it is the
fixed endpoint."""

from __future__ import annotations

from sojourn.client.auth import Stamp
from sojourn.client.dialects.keystone.fixed import FixedEndpoint
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Request


class NoAuth(FixedEndpoint):
    """Sends nothing; `endpoint` answers every filter."""

    def __init__(self, endpoint: str | None = None) -> None:
        super().__init__(endpoint)

    async def authorize(self, env: Env, request: Request) -> Stamp:
        return Stamp()
