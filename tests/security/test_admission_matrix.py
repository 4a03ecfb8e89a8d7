"""security.md §4.6, 22 to 28: every path that hands out or accepts a token, crossed with every state that must stop it.

Each cell is a test: the path works, then something above it dies, then the path refuses. Cells that do not stop a path
are listed with their reason, and are tests too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from sojourn.errors import (
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidToken,
    MintingNotAllowed,
    NotLive,
)
from sojourn.model.admission import (
    ACCEPT,
    INTROSPECT,
    USERINFO,
    Operation,
)
from sojourn.model.value import Ending
from tests.features.sessions.conftest import awaited, clock
from tests.features.sessions.faces import Insides
from tests.features.sessions.flow import JWT, Flow
from tests.security.stay import Stay, own_token, stay

__all__ = ["awaited", "clock"]


# the paths


def accepting(name: str, operation: Operation) -> Callable[[Stay], Awaitable[object]]:
    async def path(held: Stay) -> object:
        accept = held.flow.manager.acceptance.accept
        return await accept(held.text(name), operation, key=held.proved(name))

    return path


async def by_code(held: Stay) -> object:
    return await held.flow.redeem(held.code)


async def by_device_code(held: Stay) -> object:
    return await held.flow.redeem_device(held.device_code)


async def by_approving_a_device(held: Stay) -> object:
    # The page was shown to a live sign-in; the person says yes after it died.
    begun = await held.flow.device()
    await held.flow.approve(begun, held.admitted)
    return begun


async def by_refresh(held: Stay) -> object:
    return await held.flow.refresh(held.fresh.refresh)


async def by_refresh_unrotated(held: Stay) -> object:
    return await held.flow.refresh(held.fresh.refresh, rotate=False, wanted=JWT)


async def by_retry(held: Stay) -> object:
    return await held.flow.refresh(held.jwt.refresh)


def exchanging(name: str) -> Callable[[Stay], Awaitable[object]]:
    async def path(held: Stay) -> object:
        return await held.flow.exchange(held.text(name), jkt=held.proved(name))

    return path


async def by_embedding(held: Stay) -> object:
    return await held.grant.mint_token("access_token", jwt=True)


async def by_parent(held: Stay) -> object:
    return await held.grant.mint_token("access_token", based_on=held.fresh.refresh)


async def by_cookie(held: Stay) -> object:
    found = await held.flow.manager.signins.find(held.started.text)
    if found is None:
        raise NotLive(node="sign-in", why="not found")
    return found


async def by_authorizing(held: Stay) -> object:
    # The endpoint judged the sign-in before the page was shown; the person answers after it died.
    return await held.flow.code(held.admitted, offline=True)


async def by_client_credentials(held: Stay) -> object:
    return await own_token(held.flow, jwt=True)


USERS = {
    "code": by_code,
    "device code": by_device_code,
    "approve a device": by_approving_a_device,
    "refresh": by_refresh,
    "refresh unrotated": by_refresh_unrotated,
    "refresh retried": by_retry,
    "mint": by_embedding,
    "mint below a token": by_parent,
    "authorize": by_authorizing,
    "userinfo": accepting("opaque", USERINFO),
    "userinfo, JWT": accepting("jwt", USERINFO),
    "resource": accepting("opaque", ACCEPT),
    "resource, JWT": accepting("jwt", ACCEPT),
    "introspection": accepting("opaque", INTROSPECT),
    "introspection, JWT": accepting("jwt", INTROSPECT),
    "introspection of a refresh token": accepting("refresh", INTROSPECT),
    "userinfo, exchanged": accepting("exchanged", USERINFO),
    "resource, exchanged": accepting("exchanged", ACCEPT),
    "resource, exchanged JWT": accepting("exchanged_jwt", ACCEPT),
    "introspection, exchanged": accepting("exchanged", INTROSPECT),
    "introspection, exchanged JWT": accepting("exchanged_jwt", INTROSPECT),
    "exchange": exchanging("opaque"),
    "exchange of a JWT": exchanging("jwt"),
    "exchange of a refresh token": exchanging("refresh"),
    "exchange of what was exchanged": exchanging("exchanged"),
    "exchange of a JWT that was exchanged": exchanging("exchanged_jwt"),
    "userinfo, bound": accepting("bound", USERINFO),
    "userinfo, bound JWT": accepting("bound_jwt", USERINFO),
    "resource, bound": accepting("bound", ACCEPT),
    "resource, bound JWT": accepting("bound_jwt", ACCEPT),
    "introspection, bound": accepting("bound", INTROSPECT),
    "introspection, bound JWT": accepting("bound_jwt", INTROSPECT),
    "exchange of a bound token": exchanging("bound"),
    "exchange of a bound JWT": exchanging("bound_jwt"),
}
COOKIE = {"session cookie": by_cookie}
CLIENTS = {
    "client_credentials": by_client_credentials,
    "resource, client's own": accepting("own", ACCEPT),
    "resource, client's own JWT": accepting("own_jwt", ACCEPT),
    "introspection, client's own": accepting("own", INTROSPECT),
    "introspection, client's own JWT": accepting("own_jwt", INTROSPECT),
    "resource, client's own exchanged JWT": accepting("own_exchanged_jwt", ACCEPT),
    "introspection, client's own exchanged JWT": accepting("own_exchanged_jwt", INTROSPECT),
    "exchange of a client's own": exchanging("own"),
    "exchange of a client's own JWT that was exchanged": exchanging("own_exchanged_jwt"),
}
PATHS = USERS | COOKIE | CLIENTS


# the states


async def user_locked(held: Stay) -> None:
    await held.flow.change_user(status="locked")


async def user_disabled(held: Stay) -> None:
    await held.flow.change_user(status="disabled")


async def user_ended(held: Stay) -> None:
    await held.flow.change_user(ended=Ending(1, "erased"))


async def user_deleted(held: Stay) -> None:
    await held.flow.context.store.drop(held.flow.context.keys.user(held.flow.user))


async def password_changed(held: Stay) -> None:
    await held.flow.manager.signins.end_all(held.flow.user, "password_changed")


async def ended_from_elsewhere(held: Stay) -> None:
    other = await held.flow.sign_in()
    await held.flow.manager.signins.end_all(held.flow.user, "asked", but=other.signin.id)


async def signed_out(held: Stay) -> None:
    await held.flow.manager.signins.end(held.flow.user, held.started.signin.id, "signed_out")


async def sign_in_deleted(held: Stay) -> None:
    signins = held.flow.manager.signins
    await held.flow.context.store.drop(signins.key_of(held.flow.user, held.started.signin.id))


async def consent_withdrawn(held: Stay) -> None:
    await held.flow.manager.grants_.end_session(held.flow.user, "shop", "withdrawn")


async def client_session_deleted(held: Stay) -> None:
    keys = held.flow.context.keys
    await held.flow.context.store.drop(keys.client_session(held.flow.user, "shop"))


async def grant_revoked(held: Stay) -> None:
    await held.flow.manager.revoke_grant(held.grant.session_id)


async def family_revoked(held: Stay) -> None:
    await held.flow.manager.revoke(held.opaque.refresh)


async def client_disabled(held: Stay) -> None:
    await held.flow.change_client(status="disabled")


async def client_ended(held: Stay) -> None:
    await held.flow.change_client(ended=Ending(1, "removed"))


async def client_deleted(held: Stay) -> None:
    await held.flow.context.store.drop(held.flow.context.keys.client("shop"))


State = Callable[[Stay], Awaitable[None]]
OF_THE_USER = [user_locked, user_disabled, user_ended, user_deleted, password_changed]
OF_THE_SIGN_IN = [ended_from_elsewhere, signed_out, sign_in_deleted]
OF_THE_CLIENT_SESSION = [consent_withdrawn, client_session_deleted]
OF_THE_CLIENT = [client_disabled, client_ended, client_deleted]

SPARED = {
    ("code", grant_revoked): "its code is of another grant",
    ("code", family_revoked): "its code is of another grant",
    ("device code", grant_revoked): "its code is of another grant",
    ("device code", family_revoked): "its code is of another grant",
    ("authorize", grant_revoked): "a new grant",
    ("authorize", family_revoked): "a new grant",
    ("authorize", consent_withdrawn): "the client session is begun anew, and consent asked again",
    ("authorize", client_session_deleted): "the client session is begun anew",
    ("approve a device", grant_revoked): "a new grant",
    ("approve a device", family_revoked): "a new grant",
    ("approve a device", consent_withdrawn): "the client session is begun anew",
    ("approve a device", client_session_deleted): "the client session is begun anew",
    ("mint", family_revoked): "minted straight from the grant, not from the family",
}
"""Cells that go on working, each with its reason."""

CELLS: list[tuple[str, State]] = [
    (path, state)
    for path in USERS
    for state in (
        *OF_THE_USER,
        *OF_THE_SIGN_IN,
        *OF_THE_CLIENT_SESSION,
        grant_revoked,
        family_revoked,
        *OF_THE_CLIENT,
    )
]
CELLS += [("session cookie", state) for state in (*OF_THE_USER, *OF_THE_SIGN_IN)]
CELLS += [(path, state) for path in CLIENTS for state in OF_THE_CLIENT]


NEEDS_ITS_CLIENT = (
    by_code,
    by_device_code,
    by_approving_a_device,
    by_refresh,
    by_refresh_unrotated,
    by_retry,
    by_authorizing,
)
REFUSALS = (
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidToken,
    MintingNotAllowed,
    NotLive,
)


async def prepared(awaited: Insides) -> Stay:
    return await stay(await Flow(awaited.inner).registered())


async def asked(path: str, held: Stay) -> object:
    """Go a path as a request does: with the client's record as it is now, or without any."""
    client = await held.flow.manager.tree.client("shop")
    if client is None and PATHS[path] in NEEDS_ITS_CLIENT:
        raise InvalidClient
    held.flow.client = client or held.flow.client
    return await PATHS[path](held)


@pytest.mark.parametrize("path", PATHS)
def test_the_path_works_while_all_is_live(awaited: Insides, path: str):
    async def story() -> None:
        assert await PATHS[path](await prepared(awaited))

    awaited.run(story())


BOUND = [path for path in USERS if "bound" in path and "introspection" not in path]


@pytest.mark.parametrize("path", BOUND)
def test_what_is_bound_goes_no_path_without_its_key(awaited: Insides, path: str):
    async def story() -> None:
        held = await prepared(awaited)
        held.key = ""
        with pytest.raises(REFUSALS):
            await PATHS[path](held)

    awaited.run(story())


@pytest.mark.parametrize(("path", "state"), CELLS, ids=lambda cell: getattr(cell, "__name__", cell))
def test_a_dead_state_stops_the_path(awaited: Insides, path: str, state: State):
    async def story() -> None:
        held = await prepared(awaited)
        await state(held)
        if (path, state) in SPARED:
            assert await asked(path, held)
            return
        with pytest.raises(REFUSALS):
            await asked(path, held)

    awaited.run(story())
