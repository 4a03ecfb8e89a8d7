"""Client sessions and grants: made, found, listed and ended. Consent is kept on the client session.

A grant's session id is opaque text that leads to it; a session key spells the same path in clear. Every method takes
either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote

import msgspec
from msgspec import UNSET, Struct, UnsetType

from sojourn.errors import (
    BadSessionId,
    Conflict,
    Malformed,
    NoSuchClientSession,
    NoSuchUser,
    NotLive,
)
from sojourn.model import ids
from sojourn.model.admission import SIGN_IN, Admitted, judge
from sojourn.model.authentication_event import AuthenticationEvent
from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession, Consent
from sojourn.model.grant import Grant
from sojourn.model.liveness import Node, Path
from sojourn.model.policy import UsageRules
from sojourn.model.signin import SignIn
from sojourn.model.subject import subject
from sojourn.model.user import User
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.tree import ATTEMPTS, Tree, checks
from sojourn.store import records
from sojourn.store.contract import Check, Put, Step, partition_of
from sojourn.wire import tokens

_SEPARATOR: Final = ";;"


def session_key(user_id: str, client_id: str, grant_id: str) -> str:
    """The path of a grant in clear: escaped, and reversible by `split_session_key`."""
    return _SEPARATOR.join(quote(part, safe="") for part in (user_id, client_id, grant_id))


def split_session_key(key: str) -> tuple[str, str, str]:
    """What `session_key` was made of. Raises BadSessionId for any other text."""
    parts = [unquote(part) for part in key.split(_SEPARATOR)]
    if len(parts) != 3 or not all(parts) or session_key(*parts) != key:
        raise BadSessionId
    return parts[0], parts[1], parts[2]


class GrantOrder(Struct, frozen=True, kw_only=True):
    """What a new grant is to be. Fields as in `model.grant.Grant`."""

    user_id: str
    client_id: str
    sub_type: str = "public"
    sector: str = ""
    scope: tuple[str, ...] = ()
    claims: Mapping[str, object] = {}
    resources: tuple[str, ...] = ()
    signin: str = ""
    offline: bool = False
    end: int = 0
    usage_rules: Mapping[str, UsageRules] = {}
    event: AuthenticationEvent | UnsetType = UNSET
    request: Mapping[str, object] = {}


class Prepared(Struct, frozen=True):
    """A grant that is not written yet: the path it will have, and the steps that write it with what it needs."""

    grant: Grant
    partition: int
    path: Path
    steps: tuple[Step, ...]


class Grants:
    """All that is done to client sessions and grants."""

    __slots__ = ("_context", "_tree")

    def __init__(self, context: Context, tree: Tree) -> None:
        self._context = context
        self._tree = tree

    def session_id(self, user_id: str, grant_id: str) -> str:
        """The opaque id of a grant."""
        part = ids.partition("user", user_id)
        return self._context.grant_text(part, grant_id)

    def key_of(self, session_id: str) -> str:
        """The store key of the grant that a session id or a session key names. Raises BadSessionId."""
        keys = self._context.keys
        if _SEPARATOR in session_id:
            user_id, _, grant_id = split_session_key(session_id)
            return keys.grant(ids.partition("user", user_id), ids.escaped(grant_id))
        try:
            kind, body = tokens.decode(session_id)
            part = tokens.partition_of(body, self._context.purposes.mask)
        except Malformed as error:
            raise BadSessionId from error
        if kind != "g" or len(body) != 2 + tokens.ID:
            raise BadSessionId
        return keys.grant(part, body[2:])

    def keys_of(self, session_id: str) -> tuple[str, ...]:
        """The store keys that a path must have to be what `session_id` names: of a session key, also those of the user
        and the client it spells. Raises BadSessionId.
        """
        grant_key = self.key_of(session_id)
        if _SEPARATOR not in session_id:
            return (grant_key,)
        user_id, client_id, _ = split_session_key(session_id)
        return (grant_key, self._context.keys.client_session(user_id, client_id))

    async def _user(self, user_id: str) -> tuple[User, Node, Step]:
        context = self._context
        key = context.keys.user(user_id)
        record = await context.store.get(key)
        if record is not None:
            user = self._tree.decoded.value(record, User)
            if user.refusal():
                raise NotLive(node="user", why=user.refusal())
            return user, Node(key, record.version, user), Check(key, record.version)
        if not context.register_missing:
            raise NoSuchUser
        user = User(id=user_id, created=context.now())
        return user, Node(key, 1, user), Put(records.first(key, user, op_id=context.op_id()))

    async def _signed_in(self, order: GrantOrder) -> Admitted:
        key = self._context.keys.signin(ids.partition("user", order.user_id), order.signin)
        path = await self._tree.path(key)
        return judge(SIGN_IN, path, client=None, now=self._context.now())

    async def _roots(
        self, order: GrantOrder, standing: Admitted | None
    ) -> tuple[User, tuple[Node, ...], tuple[Step, ...]]:
        """The user, the nodes a grant hangs from beside its client session, and the steps that hold them still.

        A sign-in and its user are taken as they were judged together: with a user read later, an offline grant, which
        its sign-in is not judged for, could be made after everything of that user had been ended.
        """
        if not order.signin:
            user, node, step = await self._user(order.user_id)
            return user, (node,), (step,)
        if standing is None:
            standing = await self._signed_in(order)
        signin, user_node = standing.path
        user_value = user_node.value
        if not isinstance(user_value, User) or user_value.id != order.user_id:
            raise NotLive(node="sign-in", why="of another user")
        if not isinstance(signin.value, SignIn) or signin.value.id != order.signin:
            raise NotLive(node="sign-in", why="another one was judged")
        return user_value, (user_node, signin), checks(standing, partition_of(signin.key))

    async def _register_client(self, client_id: str) -> None:
        context = self._context
        key = context.keys.client(client_id)
        record = await context.store.get(key)
        if record is not None:
            why = records.value_of(record, Client).refusal()
            if why:
                raise NotLive(node="client", why=why)
            return
        client = Client(client_id=client_id, created=context.now())
        try:
            await context.store.put(records.first(key, client, op_id=context.op_id()))
        except Conflict:
            return

    async def _session(
        self, order: GrantOrder, *, must_exist: bool, consent: Consent | UnsetType
    ) -> tuple[ClientSession, Node, Step]:
        context = self._context
        key = context.keys.client_session(order.user_id, order.client_id)
        record = await context.store.get(key)
        if record is None:
            if must_exist:
                raise NoSuchClientSession
            session = ClientSession(
                user_id=order.user_id,
                client_id=order.client_id,
                created=context.now(),
                consent=consent,
            )
            path = (context.keys.user(order.user_id),)
            fresh = records.first(key, session, op_id=context.op_id(), path=path)
            return session, Node(key, 1, session), Put(fresh, session)
        session = self._tree.decoded.value(record, ClientSession)
        if session.ended is UNSET and consent is UNSET:
            return session, Node(key, record.version, session), Check(key, record.version)
        if session.ended is not UNSET:
            if must_exist:
                raise NotLive(node="client session", why=session.ended.why)
            session = msgspec.structs.replace(
                session, ended=UNSET, generation=session.generation + 1, consent=UNSET
            )
        if consent is not UNSET:
            session = msgspec.structs.replace(session, consent=consent)
        fresh = records.successor(record, session, op_id=context.op_id())
        return session, Node(key, fresh.version, session), Put(fresh, session)

    async def prepare(
        self,
        order: GrantOrder,
        *,
        standing: Admitted | None = None,
        must_exist: bool = False,
        consent: Consent | UnsetType = UNSET,
    ) -> Prepared:
        """Work out a grant with its client session and user, without writing yet.

        standing  the sign-in of `order.signin` as it was judged, if it was; it is held still by the write

        Raises NoSuchUser, NoSuchClientSession (`must_exist`), NotLive for a user or sign-in that has ended, or
        ValueError for a missing id or a subject that lacks a part.
        """
        context = self._context
        if not order.user_id or not order.client_id:
            message = "a grant needs a user id and a client id"
            raise ValueError(message)
        if context.register_missing:
            await self._register_client(order.client_id)
        user, roots, held = await self._roots(order, standing)
        session, session_node, session_step = await self._session(
            order, must_exist=must_exist, consent=consent
        )
        part = ids.partition("user", order.user_id)
        grant = self._grant(order, user, session)
        above = (session_node, *roots)
        record = records.first(
            context.keys.grant(part, grant.id),
            grant,
            op_id=context.op_id(),
            path=tuple(node.key for node in above),
            expires=grant.end,
        )
        # Without its value: who asked has the mappings in it, and may change them.
        steps = (*held, session_step, Put(record))
        return Prepared(grant, part, (Node(record.key, 1, grant), *above), steps)

    def subject_of(self, user_id: str, client: Client) -> str:
        """The `sub` by which a client knows a user; empty for ephemeral subjects, which nobody knows again."""
        if client.subject_type == "ephemeral":
            return ""
        return subject(
            client.subject_type,
            key=self._context.purposes.subject,
            realm=self._context.keys.realm,
            user_id=user_id,
            sector=client.sector_identifier,
        )

    def _grant(self, order: GrantOrder, user: User, session: ClientSession) -> Grant:
        context = self._context
        nonce = context.random(16).hex() if order.sub_type == "ephemeral" else ""
        sub = subject(
            order.sub_type,
            key=context.purposes.subject,
            realm=context.keys.realm,
            user_id=order.user_id,
            sector=order.sector,
            nonce=nonce,
        )
        return Grant(
            id=tokens.digits(tokens.ID, context.random),
            user_id=order.user_id,
            client_id=order.client_id,
            created=context.now(),
            sub=sub,
            sub_type=order.sub_type,
            scope=order.scope,
            claims=order.claims,
            resources=order.resources,
            signin=order.signin,
            offline=order.offline,
            epoch=user.epoch,
            generation=session.generation,
            end=order.end,
            usage_rules=order.usage_rules,
            authentication_event=order.event,
            authorization_request=order.request,
        )

    async def create(self, order: GrantOrder, *, must_exist: bool = False) -> Prepared:
        """Write a new grant, with its client session and user where they are missing."""
        for _ in range(ATTEMPTS):
            prepared = await self.prepare(order, must_exist=must_exist)
            try:
                await self._tree.commit(prepared.partition, prepared.steps)
            except Conflict:
                continue
            return prepared
        raise Conflict

    async def session(self, user_id: str, client_id: str) -> ClientSession | None:
        """What a user has with a client, live or ended; None if they never met."""
        record = await self._context.store.get(
            self._context.keys.client_session(user_id, client_id)
        )
        return None if record is None else self._tree.decoded.value(record, ClientSession)

    async def end_session(self, user_id: str, client_id: str, why: str, *, by: str = "") -> bool:
        """End all that a user has with a client, consent with it. True if it was live."""
        key = self._context.keys.client_session(user_id, client_id)
        return await self._tree.end(key, ClientSession, why, by=by, subject=user_id)

    async def end_grant(self, key: str, why: str, *, by: str = "", subject: str = "") -> bool:
        """End one grant and its tokens. True if it was live."""
        return await self._tree.end(key, Grant, why, by=by, subject=subject)
