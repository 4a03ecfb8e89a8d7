"""What can be read of the Session Manager's tree: nodes, lists, paths, explanations. `manager` adds the rest."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType

from sojourn.errors import (
    NoSuchClientSession,
    NoSuchGrant,
    NoSuchUser,
    UnknownToken,
    WrongTokenClass,
)
from sojourn.model import ids
from sojourn.model.authentication_event import AuthenticationEvent
from sojourn.model.client_session import ClientSession
from sojourn.model.grant import Grant
from sojourn.model.liveness import Path
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.acceptance import Acceptance
from sojourn.server.services.sessions.authorizing import Authorizing
from sojourn.server.services.sessions.bound import AsyncGrant, Minter
from sojourn.server.services.sessions.delegating import Delegating
from sojourn.server.services.sessions.delegations import Delegations
from sojourn.server.services.sessions.devices import Devices
from sojourn.server.services.sessions.grants import Grants
from sojourn.server.services.sessions.info import SessionInfo, session_info
from sojourn.server.services.sessions.minting import Mint
from sojourn.server.services.sessions.overview import Overviews
from sojourn.server.services.sessions.redemption import Redemption
from sojourn.server.services.sessions.signins import SignIns
from sojourn.server.services.sessions.stores import Stores
from sojourn.server.services.sessions.story import Step, Story, Teller
from sojourn.server.services.sessions.tree import Tree
from sojourn.store import records
from sojourn.store.contract import partition_of
from sojourn.wire import tokens


class StoredToken(Struct, frozen=True):
    """A token as it is stored: all but its text."""

    id: str
    value: Token

    @property
    def type(self) -> str:
        return self.value.type

    def is_active(self, now: int) -> bool:
        """Whether the token itself is good; what stands above it is not looked at."""
        return self.value.is_active(now)


class Reader(Minter):
    """The parts of a manager, and what they can tell."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.tree = Tree(context)
        self.grants_ = Grants(context, self.tree)
        self.signins = SignIns(context, self.tree)
        self.overviews = Overviews(context, self.tree, self.signins)
        self.delegations = Delegations(context, self.tree)
        self.stores = Stores(context, self.overviews, self.grants_)
        self.minting = Mint(context)
        self.authorizing = Authorizing(context, self.tree, self.grants_, self.minting)
        self.devices = Devices(context, self.tree, self.authorizing)
        self.redemption = Redemption(context, self.tree, self.minting)
        self.acceptance = Acceptance(context, self.tree, self.grants_)
        self.delegating = Delegating(self.tree, self.acceptance)
        self.teller = Teller(context, self.tree, self.acceptance)

    def bound(self, grant: Grant) -> AsyncGrant:
        """A grant with the manager's minting on it."""
        return AsyncGrant(self, grant, self.grants_.session_id(grant.user_id, grant.id))

    async def get(self, path: Sequence[str]) -> User | ClientSession | AsyncGrant:
        """The node at `[user_id]`, `[user_id, client_id]` or `[user_id, client_id, grant_id]`.

        Raises NoSuchUser, NoSuchClientSession, NoSuchGrant, or ValueError for a path of another length.
        """
        if len(path) == 1:
            return await self.get_user_session_info(path[0])
        if len(path) == 2:
            return await self._client_session(path[0], path[1])
        if len(path) != 3:
            message = "a path has one to three parts: user, client, grant"
            raise ValueError(message)
        part = ids.partition("user", path[0])
        grant = await self._grant(self.context.keys.grant(part, ids.escaped(path[2])))
        if grant.user_id != path[0] or grant.client_id != path[1]:
            raise NoSuchGrant
        return self.bound(grant)

    async def get_user_session_info(self, user_id: str) -> User:
        """The user at the root of a tree. Raises NoSuchUser."""
        record = await self.context.store.get(self.context.keys.user(user_id))
        if record is None:
            raise NoSuchUser
        return records.value_of(record, User)

    async def _client_session(self, user_id: str, client_id: str) -> ClientSession:
        found = await self.grants_.session(user_id, client_id)
        if found is None:
            raise NoSuchClientSession
        return found

    async def find_grant(self, key: str) -> Grant | None:
        """The grant at a store key."""
        record = await self.context.store.get(key)
        return None if record is None else records.value_of(record, Grant)

    async def _grant(self, key: str) -> Grant:
        grant = await self.find_grant(key)
        if grant is None:
            raise NoSuchGrant
        return grant

    async def get_grant(self, session_id: str) -> AsyncGrant:
        """The grant of a session id or session key, bound. Raises BadSessionId or NoSuchGrant."""
        key, *above = self.grants_.keys_of(session_id)
        grant = await self._grant(key)
        if above and above != [self.context.keys.client_session(grant.user_id, grant.client_id)]:
            raise NoSuchGrant
        return self.bound(grant)

    async def grants(self, user_id: str, client_id: str) -> list[AsyncGrant]:
        """All grants that a user gave a client, live or not, in no order."""
        part = ids.partition("user", user_id)
        found: list[AsyncGrant] = []
        after: str | None = None
        while True:
            page = await self.context.store.find(
                "grant", "session", f"{user_id} {client_id}", partition=part, after=after
            )
            values = [records.value_of(record, Grant) for record in page.records]
            found += [
                self.bound(grant)
                for grant in values
                if (grant.user_id, grant.client_id) == (user_id, client_id)
            ]
            after = page.after
            if after is None:
                return found

    async def find_token(self, session_id: str, token_value: str) -> StoredToken | None:
        """The token with this text, if it belongs to the grant; None if not. JWTs are not stored singly: None."""
        above = self.grants_.keys_of(session_id)
        key = await self.stored_key(partition_of(above[0]), token_value)
        record = await self.context.store.get(key)
        if record is None or not set(above) <= set(record.path):
            return None
        return StoredToken(record.key.rsplit("/", 1)[1], records.value_of(record, Token))

    async def stored_key(self, partition: int, text: str) -> str:
        """Where a token that is stored singly would lie, if its owner's partition is this one: its path tells whether
        it does. A refresh token of any generation leads to its family.
        """
        located = await self.acceptance.locate(text) if text.startswith("sj_r_") else None
        return located.key if located else self.context.keys.token(partition, tokens.digest(text))

    async def get_authentication_event(self, session_id: str) -> AuthenticationEvent | None:
        """The authentication event behind a grant; None if it was made without one."""
        grant = (await self.get_grant(session_id)).value
        event: AuthenticationEvent | UnsetType = grant.authentication_event
        return None if event is UNSET else event

    async def get_client_session_info(self, session_id: str) -> ClientSession:
        """The client session above a grant."""
        grant = (await self.get_grant(session_id)).value
        return await self._client_session(grant.user_id, grant.client_id)

    async def client_session_is_revoked(self, session_id: str) -> bool:
        """Whether the client session above a grant has ended."""
        return (await self.get_client_session_info(session_id)).ended is not UNSET

    async def get_session_info(self, session_id: str) -> SessionInfo:
        """The whole path of a grant: ids, nodes, authentication event and authorization request."""
        keys = self.grants_.keys_of(session_id)
        path = await self._own_path(keys[0])
        if not path or not set(keys) <= {node.key for node in path}:
            raise NoSuchGrant
        return session_info(path, self.grants_.session_id)

    async def _own_path(self, key: str) -> Path:
        """A path of values that nobody shares: who gets them may change the mappings in them."""
        return records.nodes(await self.context.store.path(key))

    async def get_session_info_by_token(self, token_value: str) -> SessionInfo:
        """As `get_session_info`, for the grant that a token belongs to.

        Raises UnknownToken, or WrongTokenClass for a token that leads to no session (an ID token).
        """
        located = await self.acceptance.locate(token_value)
        if located is None:
            if token_value.count(".") == 2:
                raise WrongTokenClass
            raise UnknownToken
        key = next((node.key for node in located.path if type(node.value) is Grant), None)
        if key is None:
            raise WrongTokenClass
        return session_info(await self._own_path(key), self.grants_.session_id)

    async def explain(self, token_value: str) -> Story:
        """Why a token is good or not: each node of its path, from the token up."""
        return await self.teller.explain(token_value)

    async def what_if_revoked(self, session_id: str) -> tuple[Step, ...]:
        """The live tokens that would end with a grant; not those of others' grants that were exchanged with one of them
        as the actor's token, which end too. Raises BadSessionId or NoSuchGrant."""
        await self.get_grant(session_id)
        return await self.teller.below(self.grants_.key_of(session_id))
