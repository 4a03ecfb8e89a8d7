"""The client credentials grant (RFC 6749 §4.4): a client acts for itself, and owns the tree."""

from __future__ import annotations

from sojourn.errors import InvalidScope
from sojourn.model.admission import CLIENT_CREDENTIALS, judge
from sojourn.model.liveness import Node
from sojourn.server.grants.contract import TokenRequest, asked_scopes, target
from sojourn.server.services.sessions.minting import Order
from sojourn.server.services.sessions.redemption import Taken, Wanted

OF_PEOPLE = frozenset({"openid", "profile", "email", "address", "phone", "offline_access"})
"""Scopes that speak of a person; there is none here."""


class ClientCredentials:
    """Takes nothing but the client; issues an access token below it."""

    name = "client_credentials"
    public = False

    def scopes(self, asked: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
        own = tuple(name for name in granted if name not in OF_PEOPLE)
        if set(asked) - set(own):
            raise InvalidScope
        return asked or own

    async def take(self, request: TokenRequest) -> Taken:
        client, context = request.client, request.sessions.context
        scope = self.scopes(asked_scopes(request), client.scope)
        aim = await target(request, client.resources)
        key = context.keys.client(client.client_id)
        admitted = judge(
            CLIENT_CREDENTIALS,
            (Node(key, 0, client),),
            client=client,
            now=context.now(),
            key=request.jkt,
        )
        order = Order(
            type="access_token",
            scope=scope,
            resources=aim.resources,
            jwt=aim.jwt,
            jkt=request.jkt,
        )
        return Taken(root=request.sessions.minting.root(admitted), wanted=Wanted(access=order))
