"""The desk: one object that answers `get(area, query)` and `act(area, body)` for every area of administration.

The administration endpoints and the offline command line stand above it; each checks who asks before it comes here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sojourn.errors import InvalidRequest, Malformed
from sojourn.server.services.administration import reading
from sojourn.server.services.administration.clients import ClientDesk
from sojourn.server.services.administration.keys import KeyDesk
from sojourn.server.services.administration.sessions import SessionDesk
from sojourn.server.services.administration.users import UserDesk
from sojourn.server.services.clients import Clients
from sojourn.server.services.sessions.manager import AsyncSessionManager
from sojourn.server.services.users import Users

Body = Mapping[str, Any]
Query = Mapping[str, str]


class Administration:
    """All areas: users, clients, resources, keys, sessions, and the explanation of a token."""

    def __init__(
        self,
        manager: AsyncSessionManager,
        users: Users,
        clients: Clients,
        *,
        hashed: Callable[[str], Awaitable[str]],
        common: frozenset[str],
    ) -> None:
        """`hashed` makes the hash of a new password; `common` holds passwords that everybody tries, casefolded."""
        self.users = UserDesk(users, manager.signins, hashed=hashed, common=common)
        self.sessions = SessionDesk(manager, clients)
        desk, keys = ClientDesk(manager.context, clients), KeyDesk(manager.context)
        self._get: Mapping[str, Callable[[Query], Awaitable[dict[str, Any]]]] = {
            "users": self.users.listed,
            "clients": desk.listed,
            "resources": desk.resources,
            "keys": keys.listed,
            "sessions": self._sessions,
        }
        self._act: Mapping[str, Callable[[Body, str], Awaitable[dict[str, Any]]]] = {
            "users": self.users.act,
            "clients": desk.act,
            "resources": desk.act_on_resource,
            "keys": keys.act,
            "sessions": self._end,
            "explain": self._explain,
        }

    async def get(self, area: str, query: Query) -> dict[str, Any]:
        """What an area holds: `{"items": [...], "after": cursor or null}`, or the tree of `sessions`.

        Raises InvalidRequest, also for a cursor that no answer gave, or UnknownObject.
        """
        try:
            return await self._get[area](query)
        except Malformed as error:
            raise InvalidRequest("after is no cursor of ours.") from error

    async def act(self, area: str, body: Body, *, actor: str) -> dict[str, Any]:
        """Do what `body` asks for; `actor` is who does it, for the events. Raises InvalidRequest or UnknownObject."""
        return await self._act[area](body, actor)

    async def _sessions(self, query: Query) -> dict[str, Any]:
        reading.refuse_unknown(query, "user")
        return await self.sessions.tree(await self.users.found(_text(query, "user")))

    async def _end(self, body: Body, actor: str) -> dict[str, Any]:
        user = await self.users.found(_text(body, "user"))
        rest = {name: value for name, value in body.items() if name != "user"}
        return await self.sessions.end(user, rest, actor=actor)

    async def _explain(self, body: Body, actor: str) -> dict[str, Any]:
        return await self.sessions.story(_text(body, "token"))


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidRequest(f"Say {name}.")
    return value
