"""Sessions as their owner and administrators see and end them, and the stories of tokens. `desk` and the
account API stand above it; below it is the Session Manager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from sojourn.errors import InvalidRequest, NotLive, UnknownObject
from sojourn.model import ids
from sojourn.model.grant import Grant
from sojourn.model.signin import SignIn
from sojourn.model.user import User
from sojourn.server.services.administration import reading
from sojourn.server.services.clients import Clients
from sojourn.server.services.sessions.delegations import DelegationEntry
from sojourn.server.services.sessions.manager import AsyncSessionManager
from sojourn.server.services.sessions.overview import GrantEntry, SignInEntry
from sojourn.server.services.sessions.stores import StoreEntry, store_of, stores_of
from sojourn.server.services.sessions.story import Step
from sojourn.store import records

_DESK: Final = "administrator"
"""Why something ended that somebody else ended."""


class EndSignIn(Struct, tag_field="action", tag="end_sign_in", forbid_unknown_fields=True):
    id: str


class EndClient(Struct, tag_field="action", tag="end_client", forbid_unknown_fields=True):
    """`id` is the client's id: everything that the user has with it ends."""

    id: str


class EndGrant(Struct, tag_field="action", tag="end_grant", forbid_unknown_fields=True):
    id: str


class EndDelegation(Struct, tag_field="action", tag="end_delegation", forbid_unknown_fields=True):
    """`id` is that of a token that was given in exchange, such as a job's: it ends with all that came of it."""

    id: str


class EndStore(Struct, tag_field="action", tag="end_store", forbid_unknown_fields=True):
    """`id` is that of a store in which a program keeps tokens: all that is kept there ends."""

    id: str


class EndOthers(Struct, tag_field="action", tag="end_others", forbid_unknown_fields=True):
    """All but the sign-in that the request itself came from."""


Asked = EndSignIn | EndClient | EndGrant | EndDelegation | EndStore | EndOthers


class SessionDesk:
    """The sessions of one user at a time."""

    def __init__(self, manager: AsyncSessionManager, clients: Clients) -> None:
        self._manager = manager
        self._clients = clients

    async def tree(self, user: User, *, current: str = "") -> dict[str, Any]:
        """All that a user has, as JSON: `sign_ins` with their `grants`, grants that outlive them as `offline`,
        and the `stores` in which programs keep what is live.

        Times are UTC seconds or null. `why` is empty for what is live.
        """
        overview = await self._manager.overviews.of(user.id)
        entries = [*overview.offline, *(g for one in overview.sign_ins for g in one.grants)]
        handed = [one for entry in entries for one in entry.delegations]
        clients = {entry.grant.client_id for entry in entries}
        names = await self._names(clients | {one.token.client_id for one in handed})
        return {
            "user": {"id": user.id, "login": user.login, "name": user.claims.get("name", "")},
            "sign_ins": [_sign_in(one, names, current) for one in overview.sign_ins],
            "offline": [_grant(entry, names) for entry in overview.offline],
            "stores": [_store(entry) for entry in stores_of(overview)],
        }

    async def _names(self, client_ids: set[str]) -> dict[str, str]:
        found = {name: await self._clients.get(name) for name in client_ids}
        return {name: client.client_name if client else "" for name, client in found.items()}

    async def end(
        self, user: User, body: Mapping[str, Any], *, current: str = "", actor: str
    ) -> dict[str, Any]:
        """Do what `action` says. Raises UnknownObject for what is not this user's."""
        asked: Asked = reading.asked(body, Asked)
        manager = self._manager
        why, others = ("revoked", "others_ended") if actor == user.id else (_DESK, _DESK)
        match asked:
            case EndSignIn():
                sid = reading.identifier(asked.id, "sign-in")
                await self._own(manager.signins.key_of(user.id, sid), SignIn, user)
                done = await manager.signins.end(user.id, sid, why, by=actor)
            case EndClient():
                if await manager.grants_.session(user.id, asked.id) is None:
                    raise UnknownObject(f"{user.login or user.id} has nothing with {asked.id!r}.")
                done = await manager.grants_.end_session(user.id, asked.id, why, by=actor)
            case EndGrant():
                name = reading.identifier(asked.id, "grant")
                key = manager.context.keys.grant(ids.partition("user", user.id), name)
                await self._own(key, Grant, user)
                done = await manager.grants_.end_grant(key, why, by=actor, subject=user.id)
            case EndDelegation():
                name = reading.identifier(asked.id, "job")
                done = await manager.delegations.end(user.id, name, why, by=actor)
            case EndStore():
                name = reading.identifier(asked.id, "store")
                done = await manager.stores.end(user.id, name, why, by=actor)
            case EndOthers():
                await self._end_others(user, others, current=current, actor=actor)
                done = True
        return {"ended": done}

    async def _end_others(self, user: User, why: str, *, current: str, actor: str) -> None:
        try:
            await self._manager.signins.end_all(user.id, why, but=current, by=actor)
        except NotLive as error:
            message = "Your own sign-in has ended, so there are no others. Sign in again first."
            raise InvalidRequest(message) from error

    async def _own(self, key: str, shape: type[SignIn | Grant], user: User) -> None:
        """Two users may share a partition, so a key that is there need not be this user's."""
        record = await self._manager.context.store.get(key)
        if record is None or records.value_of(record, shape).user_id != user.id:
            raise UnknownObject(f"{user.login or user.id} has no {_WORDS[shape]} of this id.")

    async def story(self, text: str, *, of: User | None = None) -> dict[str, Any]:
        """Why a token is good or not, node by node; with `of`, another user's token is as unknown as none."""
        told = await self._manager.explain(text)
        if of is not None and not any(s.node == "user" and s.id == of.id for s in told.steps):
            return {"known": False, "live": False, "steps": []}
        return {"known": told.known, "live": told.live, "steps": [_step(s) for s in told.steps]}


_WORDS: Mapping[type, str] = {SignIn: "sign-in", Grant: "grant"}


def _sign_in(entry: SignInEntry, names: Mapping[str, str], current: str) -> dict[str, Any]:
    signin = entry.signin
    return {
        "id": signin.id,
        "current": signin.id == current,
        "live": not entry.why,
        "why": entry.why,
        "created": reading.seconds(signin.created),
        "authenticated": reading.seconds(signin.event.authn_time),
        "last_used": reading.seconds(entry.last_used),
        "ends": reading.seconds(signin.end),
        "address": signin.address,
        "agent": signin.agent,
        "acr": signin.event.acr,
        "amr": list(signin.event.amr),
        "grants": [_grant(grant, names) for grant in entry.grants],
    }


def _grant(entry: GrantEntry, names: Mapping[str, str]) -> dict[str, Any]:
    grant = entry.grant
    return {
        "id": grant.id,
        "client_id": grant.client_id,
        "client_name": names.get(grant.client_id, ""),
        "live": not entry.why,
        "why": entry.why,
        "created": reading.seconds(grant.created),
        "ends": reading.seconds(grant.end),
        "scope": " ".join(grant.scope),
        "resources": list(grant.resources),
        "offline": grant.offline,
        "jkt": entry.jkt,
        "store": store.name if (store := store_of(grant)) else "",
        "delegations": [_delegation(one, names) for one in entry.delegations],
    }


def _delegation(entry: DelegationEntry, names: Mapping[str, str]) -> dict[str, Any]:
    token = entry.token
    return {
        "id": entry.id,
        "job": entry.told.job,
        "client_id": token.client_id,
        "client_name": names.get(token.client_id, ""),
        "act": entry.told.act(),
        "live": not entry.why,
        "why": entry.why,
        "created": reading.seconds(token.issued_at),
        "ends": reading.seconds(token.expires_at),
        "scope": " ".join(token.scope),
        "resources": list(token.resources),
    }


def _store(entry: StoreEntry) -> dict[str, Any]:
    return {
        "id": entry.store.id,
        "name": entry.store.name,
        "since": reading.seconds(entry.since),
        "last_used": reading.seconds(entry.last_used),
        "grants": [one.grant.id for one in entry.grants],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "node": step.node,
        "id": step.id,
        "about": step.about,
        "live": step.live,
        "why": step.why,
        "handed_over": step.handed_over,
        "since": reading.seconds(step.since),
        "until": reading.seconds(step.until),
        "ended": reading.seconds(step.ended),
        "by": step.by,
    }
