"""What a browser, an application and the endpoints do with the Session Manager, in a few words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any

from msgspec import structs

from sojourn.errors import InvalidToken
from sojourn.model.admission import ACCEPT, INTROSPECT, Admitted, Operation
from sojourn.model.authentication_event import create_authn_event
from sojourn.model.client import Client
from sojourn.model.grant import Grant
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.server import AsyncSessionManager
from sojourn.server.grants.contract import TokenRequest
from sojourn.server.grants.token_exchange import TokenExchange
from sojourn.server.services.clients import Clients
from sojourn.server.services.sessions.devices import Begun
from sojourn.server.services.sessions.grants import GrantOrder
from sojourn.server.services.sessions.minting import Minted, Order
from sojourn.server.services.sessions.redemption import Issued, Taken, Wanted
from sojourn.server.services.sessions.signins import Device, Started
from sojourn.store import records
from sojourn.wire import base64url, exchange

VERIFIER = "v" * 64
CHALLENGE = base64url.encode(sha256(VERIFIER.encode()).digest())
CALLBACK = "https://rp.example/cb"
EVERYTHING = Wanted(
    access=Order(type="access_token"), refresh=True, id_token=Order(type="id_token")
)
JWT = Wanted(access=Order(type="access_token", jwt=True), refresh=True)


class Flow:
    """One user with one client on one manager. Every method is awaited."""

    def __init__(self, manager: AsyncSessionManager, user: str = "diana") -> None:
        self.manager = manager
        self.context = manager.context
        self.user = user
        self.client = Client(client_id="shop", created=1, id_token_signed_response_alg="ES256")

    async def registered(self) -> Flow:
        """Write the user and the client."""
        keys, store = self.context.keys, self.context.store
        user = User(id=self.user, created=1)
        await store.put(records.first(keys.user(self.user), user, op_id="0" * 16))
        key = keys.client(self.client.client_id)
        await store.put(records.first(key, self.client, op_id="0" * 16))
        return self

    async def sign_in(self) -> Started:
        event = create_authn_event(self.user, now=self.context.now(), amr=("pwd",))
        return await self.manager.signins.start(event)

    async def admitted(self, started: Started) -> Admitted:
        found = await self.manager.signins.find(started.text)
        assert found is not None
        return found

    async def code(
        self, signin: Admitted, *, offline: bool = False, challenge: str = CHALLENGE
    ) -> str:
        """The code of a new grant below a sign-in."""
        return (await self.minted(signin, offline=offline, challenge=challenge)).value

    async def minted(
        self, signin: Admitted, *, offline: bool = False, challenge: str = CHALLENGE
    ) -> Minted:
        sid = signin.leaf.key.rsplit("/", 1)[1]
        order = GrantOrder(
            user_id=self.user,
            client_id="shop",
            scope=("openid", "mail"),
            signin=sid,
            offline=offline,
            end=self.context.now() + 86_400_000,
        )
        code = Order(type="authorization_code", redirect_uri=CALLBACK, challenge=challenge)
        return await self.manager.authorizing.authorize(signin, order, code, client=self.client)

    async def fresh_code(self, *, offline: bool = False, challenge: str = CHALLENGE) -> str:
        admitted = await self.admitted(await self.sign_in())
        return await self.code(admitted, offline=offline, challenge=challenge)

    async def redeem(
        self,
        code: str,
        *,
        client: Client | None = None,
        verifier: str = VERIFIER,
        redirect_uri: str = CALLBACK,
        wanted: Wanted = EVERYTHING,
        sent: bool = True,
    ) -> Issued:
        """What the token endpoint does with a code."""

        async def take() -> Taken:
            return await self.manager.redemption.code(
                code,
                client or self.client,
                redirect_uri=redirect_uri,
                verifier=verifier,
                wanted=wants(wanted),
            )

        issued = await self.manager.redemption.issue(take)
        if sent:
            await self.manager.redemption.sent(issued.code_key)
        return issued

    async def device(self) -> Begun:
        """What a device of the client is given to show, and to poll with."""
        scope = ("openid", "mail")
        source = Device("192.0.2.1", "television")
        return await self.manager.devices.begin(
            self.client, scope=scope, resources=(), source=source
        )

    async def approve(self, begun: Begun, signin: Admitted) -> None:
        """What the page does when a person says yes."""
        waiting = await self.manager.devices.find(begun.user_code)
        assert waiting is not None
        order = GrantOrder(
            user_id=self.user,
            client_id="shop",
            scope=waiting.request.scope,
            signin=signin.leaf.key.rsplit("/", 1)[1],
            end=self.context.now() + 86_400_000,
        )
        await self.manager.devices.approve(waiting, signin, order, client=self.client)

    async def redeem_device(
        self, device_code: str, *, client: Client | None = None, sent: bool = True
    ) -> Issued:
        """What the token endpoint does with a device code."""

        async def take() -> Taken:
            key = await self.manager.devices.poll(device_code, client or self.client)
            return await self.manager.redemption.approved(
                key, client or self.client, wanted=wants(EVERYTHING)
            )

        issued = await self.manager.redemption.issue(take)
        if sent:
            await self.manager.redemption.sent(issued.code_key)
        return issued

    async def refresh(
        self,
        text: str,
        *,
        client: Client | None = None,
        retry: str = "",
        rotate: bool = True,
        jkt: str = "",
        wanted: Wanted = EVERYTHING,
    ) -> Issued:
        """What the token endpoint does with a refresh token."""

        async def take() -> Taken:
            return await self.manager.redemption.refresh(
                text,
                client or self.client,
                retry=retry,
                rotate=rotate,
                jkt=jkt,
                wanted=wants(wanted),
            )

        return await self.manager.redemption.issue(take)

    async def exchange(
        self, subject: str, *, actor: str = "", jwt: bool = False, jkt: str = ""
    ) -> Issued:
        """What the token endpoint does with a token that the client exchanges; its kind is told by its text."""
        kind = exchange.REFRESH_TOKEN if subject.startswith("sj_r_") else exchange.ACCESS_TOKEN
        said = {"grant_type": exchange.GRANT, "subject_token": subject, "subject_token_type": kind}
        if actor:
            said |= {"actor_token": actor, "actor_token_type": exchange.ACCESS_TOKEN}
        if jwt:
            said["requested_token_type"] = exchange.JWT
        asked = TokenRequest(
            client=structs.replace(self.client, scope=("openid", "mail")),
            parameters=said,
            sessions=self.manager,
            clients=Clients(self.context, self.manager.tree, audiences=()),
            jkt=jkt,
        )
        return await self.manager.redemption.issue(lambda: TokenExchange().take(asked))

    async def accepted(self, text: str, operation: Operation = INTROSPECT) -> bool:
        try:
            await self.manager.acceptance.accept(text, operation)
        except InvalidToken:
            return False
        return True

    async def change_user(self, **changes: Any) -> None:
        """Write some fields of the user's record, as administration does."""
        key = self.context.keys.user(self.user)
        await self.manager.tree.change(key, User, lambda user: structs.replace(user, **changes))

    async def change_client(self, **changes: Any) -> None:
        key = self.context.keys.client("shop")
        await self.manager.tree.change(key, Client, lambda value: structs.replace(value, **changes))

    def other_client(self) -> Client:
        return structs.replace(self.client, client_id="bank")


def wants(wanted: Wanted) -> Callable[[Grant, Token], Awaitable[Wanted]]:
    async def answer(_grant: Grant, _token: Token) -> Wanted:
        return wanted

    return answer


__all__ = ["ACCEPT", "CALLBACK", "CHALLENGE", "EVERYTHING", "JWT", "VERIFIER", "Flow", "wants"]
