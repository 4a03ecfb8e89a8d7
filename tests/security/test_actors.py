"""security.md §4.6 for delegation: whoever acts is judged too. A token that was given in exchange dies with the token,
grant, sign-in, user or client by which its actor was shown; as does all that was exchanged from it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from msgspec import Struct

from sojourn.errors import InvalidRequest, InvalidToken
from sojourn.model.admission import ACCEPT, INTROSPECT, USERINFO, Operation
from sojourn.model.user import User
from sojourn.server.services.sessions.minting import Order
from sojourn.server.services.sessions.redemption import Issued, Wanted
from sojourn.server.services.sessions.signins import Started
from sojourn.store import records
from tests.features.sessions.conftest import awaited, clock
from tests.features.sessions.faces import Insides
from tests.features.sessions.flow import EVERYTHING, JWT, Flow

__all__ = ["awaited", "clock"]


class Acting(Struct):
    """Diana's session, and Max, who acts for her with the same application; `text` is what the exchange gave."""

    diana: Flow
    max: Flow
    started: Started
    shown: Issued
    text: str


async def acting(insides: Insides, shown: Wanted) -> Acting:
    """`shown`: what Max's token is."""
    diana = await Flow(insides.inner).registered()
    session = await diana.redeem(await diana.fresh_code())
    other = Flow(insides.inner, "max")
    key = other.context.keys.user("max")
    await other.context.store.put(records.first(key, User(id="max", created=1), op_id="0" * 16))
    started = await other.sign_in()
    of_max = await other.redeem(await other.code(await other.admitted(started)), wanted=shown)
    given = await diana.exchange(session.access.value, actor=of_max.access.value)
    return Acting(diana, other, started, of_max, given.access.value)


async def token_revoked(held: Acting) -> None:
    await held.max.manager.revoke(held.shown.access.value)


async def grant_ended(held: Acting) -> None:
    info = await held.max.manager.get_session_info_by_token(held.shown.access.value)
    await held.max.manager.revoke_grant(info["session_id"])


async def session_ended(held: Acting) -> None:
    await held.max.manager.grants_.end_session("max", "shop", "withdrawn")


async def signed_out(held: Acting) -> None:
    await held.max.manager.signins.end("max", held.started.signin.id, "signed_out")


async def password_changed(held: Acting) -> None:
    await held.max.manager.signins.end_all("max", "password_changed")


async def user_disabled(held: Acting) -> None:
    await held.max.change_user(status="disabled")


async def user_deleted(held: Acting) -> None:
    await held.max.context.store.drop(held.max.context.keys.user("max"))


async def client_disabled(held: Acting) -> None:
    await held.max.change_client(status="disabled")


async def everything_forgotten(held: Acting) -> None:
    """Records may be dropped: what is missing is dead."""
    located = await held.max.manager.acceptance.locate(held.shown.access.value)
    assert located is not None
    for node in located.path:
        await held.max.context.store.drop(node.key)


State = Callable[[Acting], Awaitable[None]]
STATES: list[State] = [
    token_revoked,
    grant_ended,
    session_ended,
    signed_out,
    password_changed,
    user_disabled,
    user_deleted,
    client_disabled,
    everything_forgotten,
]
OPERATIONS = [USERINFO, ACCEPT, INTROSPECT]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@pytest.mark.parametrize("shown", [EVERYTHING, JWT], ids=["opaque", "JWT"])
def test_what_ends_the_actor_ends_the_token(awaited: Insides, state: State, shown: Wanted):
    async def story() -> None:
        held = await acting(awaited, shown)
        further = (await held.diana.exchange(held.text)).access.value
        assert await held.diana.accepted(held.text)
        assert await held.diana.accepted(further)
        await state(held)
        for text in (held.text, further):
            for operation in OPERATIONS:
                await _refused(held, text, operation)
            with pytest.raises(InvalidRequest):
                await held.diana.exchange(text)

    awaited.run(story())


async def _refused(held: Acting, text: str, operation: Operation) -> None:
    with pytest.raises(InvalidToken):
        await held.diana.manager.acceptance.accept(text, operation)


def test_it_ends_no_later_than_the_actors_token(awaited: Insides):
    async def story() -> None:
        held = await acting(awaited, EVERYTHING)
        short = await held.max.redeem(
            await held.max.fresh_code(),
            wanted=Wanted(access=Order(type="access_token", life=5_000)),
        )
        session = await held.diana.redeem(await held.diana.fresh_code())
        given = await held.diana.exchange(session.access.value, actor=short.access.value)
        assert given.access.expires_at == short.access.expires_at < session.access.expires_at

    awaited.run(story())


def test_the_other_persons_session_is_not_the_actors_to_end(awaited: Insides):
    async def story() -> None:
        held = await acting(awaited, EVERYTHING)
        await held.max.manager.revoke(held.text)
        assert not await held.diana.accepted(held.text)
        assert await held.diana.accepted(held.shown.access.value)

    awaited.run(story())
