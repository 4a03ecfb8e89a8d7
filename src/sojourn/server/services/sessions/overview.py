"""The overview: all that a user has, as My sessions, the account API and administration show it."""

from __future__ import annotations

from msgspec import UNSET, Struct

from sojourn.errors import NoSuchUser
from sojourn.model import ids
from sojourn.model.admission import verdicts
from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession
from sojourn.model.grant import Grant
from sojourn.model.liveness import Node, Path
from sojourn.model.signin import SignIn
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.model.value import Ending
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.delegations import DelegationEntry, Delegations
from sojourn.server.services.sessions.signins import SignIns
from sojourn.server.services.sessions.tree import Tree
from sojourn.store import records
from sojourn.store.contract import Record


class GrantEntry(Struct, frozen=True):
    """A grant: when a token was last made for it (UTC ms; 0: never), why it is dead ('' when live) and since when, the
    thumbprint of the key that the newest token is bound to ('' for a bearer token), and with which tokens others act.
    """

    grant: Grant
    last_used: int
    why: str
    ended: int
    jkt: str = ""
    delegations: tuple[DelegationEntry, ...] = ()


class SignInEntry(Struct, frozen=True):
    """A sign-in: its last noted use (UTC ms), why it is dead ('' when live) and since when, and what came from it."""

    signin: SignIn
    last_used: int
    why: str
    ended: int
    grants: tuple[GrantEntry, ...]


class Overview(Struct, frozen=True):
    """A user's sign-ins, newest first, and the grants that outlive them, live or ended."""

    user: User
    sign_ins: tuple[SignInEntry, ...]
    offline: tuple[GrantEntry, ...]


class Overviews:
    """Puts overviews together."""

    __slots__ = ("_context", "_delegations", "_signins")

    def __init__(self, context: Context, tree: Tree, signins: SignIns) -> None:
        self._context = context
        self._delegations = Delegations(context, tree)
        self._signins = signins

    async def of(self, user_id: str) -> Overview:
        """All that a user has. Raises NoSuchUser."""
        context = self._context
        record = await context.store.get(context.keys.user(user_id))
        if record is None:
            raise NoSuchUser
        root = Node(record.key, record.version, records.value_of(record, User))
        user = records.value_of(record, User)
        sign_ins = await self._signins.of_user(user_id)
        grants = await self._grants(user_id, root, {one.id: one for one in sign_ins})
        return Overview(
            user,
            tuple([await self._entry(one, root, grants) for one in sign_ins]),
            tuple(entry for entry in grants if entry.grant.offline),
        )

    async def _entry(self, signin: SignIn, root: Node, grants: list[GrantEntry]) -> SignInEntry:
        key = self._signins.key_of(signin.user_id, signin.id)
        path = (Node(key, 1, signin), root)
        why, ended = _end(path, None, now=self._context.now())
        under = tuple(
            entry for entry in grants if entry.grant.signin == signin.id and not entry.grant.offline
        )
        return SignInEntry(signin, await self._signins.last_use(key), why, ended, under)

    async def _grants(
        self, user_id: str, root: Node, sign_ins: dict[str, SignIn]
    ) -> list[GrantEntry]:
        found: list[GrantEntry] = []
        for session in await self._client_sessions(user_id):
            client = await self._client(session.client_id)
            for grant in await self._grants_of(user_id, session.client_id):
                above = Node("", 1, session)
                signin = sign_ins.get(grant.signin)
                last = (Node(f"/signin/{grant.signin}", 1, signin),) if grant.signin else ()
                path = (Node("", 1, grant), above, root, *last)
                why, ended = _end(path, client, now=self._context.now())
                found.append(await self._granted(user_id, grant, why, ended))
        return sorted(found, key=lambda entry: entry.grant.created, reverse=True)

    async def _client(self, client_id: str) -> Client | None:
        record = await self._context.store.get(self._context.keys.client(client_id))
        return None if record is None else records.value_of(record, Client)

    async def _granted(self, user_id: str, grant: Grant, why: str, ended: int) -> GrantEntry:
        """A grant with what its tokens tell: opaque ones, families, and all that was given in exchange are kept."""
        found = await self._tokens(user_id, grant)
        newest, jkt = max(((_made(token), token.jkt) for _, token in found), default=(0, ""))
        return GrantEntry(grant, newest, why, ended, jkt, await self._delegations.of(found))

    async def _tokens(self, user_id: str, grant: Grant) -> list[tuple[Record, Token]]:
        found: list[tuple[Record, Token]] = []
        part, after = ids.partition("user", user_id), None
        while True:
            page = await self._context.store.find(
                "token", "parent", grant.id, partition=part, after=after
            )
            found += [(record, records.value_of(record, Token)) for record in page.records]
            after = page.after
            if after is None:
                return found

    async def _client_sessions(self, user_id: str) -> list[ClientSession]:
        found: list[ClientSession] = []
        part, after = ids.partition("user", user_id), None
        while True:
            page = await self._context.store.find(
                "csession", "user", user_id, partition=part, after=after
            )
            found += [records.value_of(record, ClientSession) for record in page.records]
            after = page.after
            if after is None:
                return found

    async def _grants_of(self, user_id: str, client_id: str) -> list[Grant]:
        found: list[Grant] = []
        part, after = ids.partition("user", user_id), None
        value = f"{user_id} {client_id}"
        while True:
            page = await self._context.store.find(
                "grant", "session", value, partition=part, after=after
            )
            found += [records.value_of(record, Grant) for record in page.records]
            after = page.after
            if after is None:
                return found


def _made(token: Token) -> int:
    """UTC ms of the moment a token went to the client; a code is none yet, and one that another acts with is not it."""
    if token.is_code or token.delegation is not UNSET:
        return 0
    return max(token.issued_at, token.family.rotated if token.family is not UNSET else 0)


def _end(path: Path, client: Client | None, *, now: int) -> tuple[str, int]:
    """Why the leaf of a path is dead ('' when live), and the UTC ms since which it is."""
    values = [*(node.value for node in path), client]
    for verdict, value in zip(verdicts(path, client=client, now=now), values, strict=False):
        if verdict.why:
            return verdict.why, _since(value, path) or _created(path)
    return "", 0


def _since(value: object, path: Path) -> int:
    ending: object = getattr(value, "ended", UNSET)
    if isinstance(ending, Ending):
        return ending.at
    user = next((node.value for node in path if isinstance(node.value, User)), None)
    if user is not None and isinstance(value, SignIn | Grant):
        signin = value.signin if isinstance(value, Grant) else value.id
        cut = user.cut_of(value.epoch, signin)
        ends = (value.end, cut.at if cut is not None else 0)
        return min((at for at in ends if at), default=0)
    return 0


def _created(path: Path) -> int:
    return int(getattr(path[0].value, "created", 0))
