"""All that a person who is signed in with an application has, and the application for itself, below HTTP."""

from __future__ import annotations

from msgspec import Struct

from sojourn.model.admission import CLIENT_CREDENTIALS, Admitted, judge
from sojourn.server.services.sessions.bound import AsyncGrant
from sojourn.server.services.sessions.minting import Order
from sojourn.server.services.sessions.redemption import Issued, Taken, Wanted
from sojourn.server.services.sessions.signins import Started
from tests.features.sessions.flow import EVERYTHING, JWT, Flow

KEY = "k" * 42 + "A"
"""The thumbprint of the key that some of it is bound to (RFC 9449)."""


class Stay(Struct):
    """A person signed in with a client, and all that this gave."""

    flow: Flow
    started: Started
    admitted: Admitted
    code: str
    device_code: str
    opaque: Issued
    jwt: Issued
    fresh: Issued
    grant: AsyncGrant
    own: Issued
    own_jwt: Issued
    exchanged: Issued
    exchanged_jwt: Issued
    bound: Issued
    bound_jwt: Issued
    own_exchanged_jwt: Issued
    key: str = KEY

    def proved(self, name: str) -> str:
        """The key that goes with what is bound to one."""
        return self.key if name.startswith("bound") else ""

    def text(self, name: str) -> str:
        """A token: an access token, or the refresh token."""
        tokens = {
            name: value
            for name in self.__struct_fields__
            if isinstance(value := getattr(self, name), Issued)
        } | {"opaque": self.fresh}
        return self.fresh.refresh if name == "refresh" else tokens[name].access.value


def bound_to_key(*, jwt: bool) -> Wanted:
    return Wanted(access=Order(type="access_token", jwt=jwt, jkt=KEY))


async def stay(flow: Flow) -> Stay:
    """Everything here hangs from one grant, but for unspent codes and the client's own tokens."""
    started = await flow.sign_in()
    admitted = await flow.admitted(started)
    opaque = await flow.redeem(await flow.code(admitted))
    jwt = await flow.refresh(opaque.refresh, wanted=JWT)
    fresh = await flow.refresh(jwt.refresh, wanted=EVERYTHING)
    exchanged = await flow.exchange(fresh.refresh)
    info = await flow.manager.get_session_info_by_token(fresh.refresh)
    own = await own_token(flow, jwt=False)
    return Stay(
        flow,
        started,
        admitted,
        await flow.code(admitted),
        await approved_device(flow, admitted),
        opaque,
        jwt,
        fresh,
        await flow.manager.get_grant(info["session_id"]),
        own,
        await own_token(flow, jwt=True),
        exchanged,
        await flow.exchange(exchanged.access.value, jwt=True),
        await flow.refresh(fresh.refresh, rotate=False, jkt=KEY, wanted=bound_to_key(jwt=False)),
        await flow.refresh(fresh.refresh, rotate=False, jkt=KEY, wanted=bound_to_key(jwt=True)),
        await flow.exchange(own.access.value, jwt=True),
    )


async def approved_device(flow: Flow, admitted: Admitted) -> str:
    begun = await flow.device()
    await flow.approve(begun, admitted)
    return begun.device_code


async def own_token(flow: Flow, *, jwt: bool) -> Issued:
    async def take() -> Taken:
        path = await flow.manager.tree.path(flow.context.keys.client("shop"))
        client = await flow.manager.tree.client("shop")
        admitted = judge(CLIENT_CREDENTIALS, path, client=client, now=flow.context.now())
        root = flow.manager.minting.root(admitted)
        return Taken(root=root, wanted=Wanted(access=Order(type="access_token", jwt=jwt)))

    return await flow.manager.redemption.issue(take)
