"""The tokens below a grant with which others act, and jobs: what the overview lists of them, and how one is ended."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET, Struct

from sojourn.errors import UnknownObject
from sojourn.model import ids
from sojourn.model.admission import verdicts
from sojourn.model.allowance import losses
from sojourn.model.beside import ALONE, Beside, beside_verdicts, needed_beside
from sojourn.model.client import Client
from sojourn.model.delegation import Delegation
from sojourn.model.grant import Grant
from sojourn.model.liveness import Node, Path, Verdict
from sojourn.model.token import Token
from sojourn.model.value import Ending
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.tree import Tree
from sojourn.store import records
from sojourn.store.contract import Record
from sojourn.wire.exchange import GRANT


class DelegationEntry(Struct, frozen=True):
    """A token that was given in exchange: why it is dead ('' when live), and since when (UTC ms)."""

    id: str
    token: Token
    told: Delegation
    why: str
    ended: int


class _Seen:
    """What was read for one list: a thousand jobs of one session stand below the same few nodes."""

    def __init__(self, context: Context, tree: Tree) -> None:
        self._context = context
        self._tree = tree
        self._nodes: dict[str, Node] = {}
        self._clients: dict[str, Client | None] = {}
        self._beside: dict[tuple[frozenset[str], frozenset[str]], Beside] = {}

    async def node(self, key: str) -> Node:
        if key not in self._nodes:
            record = await self._context.store.get(key)
            self._nodes[key] = (
                Node(key, 0, None) if record is None else self._tree.decoded.node(record)
            )
        return self._nodes[key]

    async def client(self, client_id: str) -> Client | None:
        if client_id not in self._clients:
            self._clients[client_id] = await self._tree.client(client_id)
        return self._clients[client_id]

    async def beside(self, path: Path) -> Beside:
        needed = needed_beside(path)
        if needed not in self._beside:
            self._beside[needed] = await self._tree.beside(path)
        return self._beside[needed]


class Delegations:
    """Finds and ends tokens that were given in exchange."""

    __slots__ = ("_context", "_tree")

    def __init__(self, context: Context, tree: Tree) -> None:
        self._context = context
        self._tree = tree

    async def of(self, found: Iterable[tuple[Record, Token]]) -> tuple[DelegationEntry, ...]:
        """Those among some tokens that were given in exchange, newest first."""
        seen = _Seen(self._context, self._tree)
        entries = [
            await self._entry(record, token, token.delegation, seen)
            for record, token in found
            if token.delegation is not UNSET
        ]
        return tuple(sorted(entries, key=lambda entry: entry.token.issued_at, reverse=True))

    async def _entry(
        self, record: Record, token: Token, told: Delegation, seen: _Seen
    ) -> DelegationEntry:
        path: Path = (Node(record.key, record.version, token),)
        client: Client | None = None
        beside = ALONE
        if token.is_active(self._context.now()):
            path = (*path, *[await seen.node(key) for key in record.path])
            client = await seen.client(token.client_id)
            beside = await seen.beside(path)
        why, ended = self._why(path, client, beside)
        name = record.key.rsplit("/", 1)[1]
        return DelegationEntry(name, token, told, why, ended)

    def _why(self, path: Path, client: Client | None, beside: Beside) -> tuple[str, int]:
        now = self._context.now()
        found: list[Verdict] = list(verdicts(path, client=client, now=now))
        values: list[object] = [node.value for node in path]
        found += beside_verdicts(path, beside, now=now)
        if client is not None and not self._context.register_missing:
            grant = next((value for value in values if type(value) is Grant), None)
            found += losses(path, client, beside, grant=grant, exchange=GRANT)
        for at, verdict in enumerate(found):
            if verdict.why:
                return verdict.why, _since(values[at] if at < len(values) else None, path)
        return "", 0

    async def end(self, user_id: str, name: str, why: str, *, by: str) -> bool:
        """End one of a user's, with all that came of it. True if it was live; UnknownObject for what is not theirs."""
        key = self._context.keys.token(ids.partition("user", user_id), name)
        record = await self._context.store.get(key)
        if record is None or self._context.keys.user(user_id) not in record.path:
            raise UnknownObject
        if records.value_of(record, Token).delegation is UNSET:
            raise UnknownObject
        return await self._tree.end(key, Token, why, by=by, subject=user_id)


def _since(value: object, path: Path) -> int:
    ending: object = getattr(value, "ended", UNSET)
    if isinstance(ending, Ending):
        return ending.at
    leaf = path[0].value
    return leaf.expires_at if isinstance(leaf, Token) and value is leaf else 0
