"""Users as administrators see and change them. `desk` stands above it; below it is `services.users`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct

from sojourn.errors import InvalidRequest, UnknownObject
from sojourn.model.credential import MAX_LENGTH, MIN_LENGTH, judge_password
from sojourn.model.user import User
from sojourn.server.services.administration import reading
from sojourn.server.services.administration.roles import ROLES
from sojourn.server.services.sessions.signins import SignIns
from sojourn.server.services.users import Users
from sojourn.wire import oidc

_SCANS: Final = 20
"""Store pages that one filtered answer may read; then it is short, and its cursor goes on."""
_FAULTS: Final[Mapping[str, str]] = {
    "password.short": f"it has fewer than {MIN_LENGTH} characters",
    "password.long": f"it has more than {MAX_LENGTH} characters",
    "password.common": "it is one that everybody tries",
    "password.context": "it is the user name, or the name of this server",
}


class Create(Struct, tag_field="action", tag="create", forbid_unknown_fields=True):
    login: str
    password: str = ""
    claims: dict[str, Any] = {}
    roles: tuple[str, ...] = ()


class SetStatus(Struct, tag_field="action", tag="set_status", forbid_unknown_fields=True):
    user: str
    status: str


class SetRoles(Struct, tag_field="action", tag="set_roles", forbid_unknown_fields=True):
    user: str
    roles: tuple[str, ...]


class SetClaims(Struct, tag_field="action", tag="set_claims", forbid_unknown_fields=True):
    """A claim that is null is removed, one that is not named stays."""

    user: str
    claims: dict[str, Any]


class SetPassword(Struct, tag_field="action", tag="set_password", forbid_unknown_fields=True):
    user: str
    password: str


class Delete(Struct, tag_field="action", tag="delete", forbid_unknown_fields=True):
    user: str


class EndSessions(Struct, tag_field="action", tag="end_sessions", forbid_unknown_fields=True):
    user: str


Asked = Create | SetStatus | SetRoles | SetClaims | SetPassword | Delete | EndSessions


class UserDesk:
    """The area `users`."""

    def __init__(
        self,
        users: Users,
        signins: SignIns,
        *,
        hashed: Callable[[str], Awaitable[str]],
        common: frozenset[str],
    ) -> None:
        self._users = users
        self._signins = signins
        self._hashed = hashed
        self._common = common

    async def found(self, name: str) -> User:
        """The user with this id or login. Raises UnknownObject."""
        user = await self._users.get(name) or await self._users.by_login(name)
        if user is None or user.ended is not UNSET:
            raise UnknownObject(f"There is no user {name!r}.")
        return user

    async def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Users, some at a time; `q` is a part of the login, name or e-mail, `status` one status, `user` one user."""
        reading.refuse_unknown(query, "after", "limit", "q", "status", "user")
        if "user" in query:
            return {"items": [shown(await self.found(query["user"]))], "after": None}
        limit = reading.limit_of(query)
        after = query.get("after")
        items: list[dict[str, Any]] = []
        for _ in range(_SCANS):
            page = await self._users.page(after=after, limit=limit - len(items))
            items += [shown(user) for user in page.users if _matches(user, query)]
            after = page.after
            if after is None or len(items) == limit:
                break
        return {"items": items, "after": after}

    async def act(self, body: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Do what `action` says; answers with the user as it is then."""
        asked: Asked = reading.asked(body, Asked)
        if isinstance(asked, Create):
            return await self._create(asked, actor)
        user = await self.found(asked.user)
        match asked:
            case SetStatus():
                user = await self._users.set_status(user.id, asked.status, actor=actor)
            case SetRoles():
                user = await self._set_roles(user, asked.roles, actor)
            case SetClaims():
                user = await self._set_claims(user, asked.claims, actor)
            case SetPassword():
                accepted = await self._accepted(asked.password, user.login)
                await self._users.set_password(user.id, accepted, actor=actor)
            case Delete():
                await self._users.delete(user.id, actor=actor)
                return {"id": user.id, "deleted": True}
            case EndSessions():
                await self._signins.end_all(user.id, "administrator", by=actor)
        return shown(user)

    async def _create(self, asked: Create, actor: str) -> dict[str, Any]:
        _check_roles(asked.roles)
        accepted = await self._accepted(asked.password, asked.login) if asked.password else ""
        user = await self._users.create(
            asked.login,
            claims=_claims({}, asked.claims),
            roles=asked.roles,
            password_hash=accepted,
            actor=actor,
        )
        return shown(user)

    async def _accepted(self, password: str, login: str) -> str:
        fault = judge_password(password, common=self._common, context=(login, "sojourn"))
        if fault is not None:
            raise InvalidRequest(f"The password is refused: {_FAULTS.get(fault, fault)}.")
        return await self._hashed(password)

    async def _set_roles(self, user: User, roles: tuple[str, ...], actor: str) -> User:
        _check_roles(roles)
        return await self._users.change(
            user.id,
            lambda old: msgspec.structs.replace(old, roles=roles),
            event="user.roles_changed",
            actor=actor,
        )

    async def _set_claims(self, user: User, claims: Mapping[str, Any], actor: str) -> User:
        return await self._users.change(
            user.id,
            lambda old: msgspec.structs.replace(old, claims=_claims(old.claims, claims)),
            event="user.claims_changed",
            actor=actor,
        )


def shown(user: User) -> dict[str, Any]:
    """A user as JSON; `created` is UTC seconds."""
    return {
        "id": user.id,
        "login": user.login,
        "status": user.status,
        "roles": list(user.roles),
        "claims": dict(user.claims),
        "created": reading.seconds(user.created),
    }


def _matches(user: User, query: Mapping[str, str]) -> bool:
    if query.get("status", user.status) != user.status:
        return False
    wanted = query.get("q", "").casefold()
    names = (user.login, user.claims.get("name"), user.claims.get("email"))
    return not wanted or any(wanted in str(name).casefold() for name in names if name)


def _claims(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    for name in new:
        if name in oidc.OF_THE_PROTOCOL:
            raise InvalidRequest(f"{name} is not a claim that can be set.")
    return {name: value for name, value in {**old, **new}.items() if value is not None}


def _check_roles(roles: tuple[str, ...]) -> None:
    unknown = [role for role in roles if role not in ROLES]
    if unknown:
        raise InvalidRequest(f"There is no role {unknown[0]!r}; known: {', '.join(ROLES)}.")
