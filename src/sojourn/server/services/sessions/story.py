"""Explaining: why a token is good or not (up its path), and what would end with a node (down from it)."""

from __future__ import annotations

from msgspec import UNSET, Struct

from sojourn.model.admission import Node, Verdict, verdicts
from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession
from sojourn.model.grant import Grant
from sojourn.model.signin import SignIn
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.model.value import Ending, Value
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.acceptance import Acceptance
from sojourn.server.services.sessions.tree import Tree
from sojourn.store import records


class Step(Struct, frozen=True, kw_only=True):
    """One node of a story.

    node   what it is: `access token`, `grant`, `client session`, `sign-in`, `user`, `client`
    id     its name in the store
    about  a few words on it
    since  UTC ms it was made; 0: unknown
    until  UTC ms it ends by itself; 0: never
    live   whether it is good; `why` says why not
    ended  UTC ms it was ended; 0: it was not
    """

    node: str
    id: str
    about: str = ""
    since: int = 0
    until: int = 0
    live: bool = True
    why: str = ""
    ended: int = 0
    by: str = ""


class Story(Struct, frozen=True, kw_only=True):
    """What `explain` found: whether the token is known, whether it is live, and each node up to the root."""

    known: bool
    live: bool
    steps: tuple[Step, ...] = ()


def _span(value: Value) -> tuple[int, int]:
    if isinstance(value, Token):
        return value.issued_at, value.expires_at
    if isinstance(value, SignIn | Grant):
        return value.created, value.end
    if isinstance(value, ClientSession | User | Client):
        return value.created, 0
    return 0, 0


def _about(value: Value) -> str:
    if isinstance(value, Grant):
        return " ".join(value.scope) + (" (offline)" if value.offline else "")
    if isinstance(value, Token):
        return " ".join(value.scope)
    if isinstance(value, SignIn):
        return value.agent
    if isinstance(value, User):
        return value.login or value.id
    if isinstance(value, ClientSession | Client):
        return value.client_id
    return ""


def told(node: Node, verdict: Verdict) -> Step:
    """One node with what was found of it."""
    value = node.value
    name = node.key.rsplit("/", 1)[1]
    if value is None:
        return Step(node="missing", id=name, live=not verdict.why, why=verdict.why)
    since, until = _span(value)
    ending: object = getattr(value, "ended", UNSET)
    return Step(
        node=verdict.node,
        id=name,
        about=_about(value),
        since=since,
        until=until,
        live=not verdict.why,
        why=verdict.why,
        ended=ending.at if isinstance(ending, Ending) else 0,
        by=ending.by if isinstance(ending, Ending) else "",
    )


class Teller:
    """Tells the stories of tokens and nodes."""

    __slots__ = ("_acceptance", "_context", "_tree")

    def __init__(self, context: Context, tree: Tree, acceptance: Acceptance) -> None:
        self._context = context
        self._tree = tree
        self._acceptance = acceptance

    async def explain(self, text: str) -> Story:
        """Why a token is good or not: each node from the token up to its root, the client last."""
        located = await self._acceptance.locate(text)
        if located is None:
            return Story(known=False, live=False)
        now = self._context.now()
        path = located.path
        steps: list[Step] = []
        if located.claims is not None:
            steps.append(await self._jwt_step(located.key, located.claims, now))
        client_id = _client_id(path, located.claims)
        client = await self._tree.client(client_id)
        found = verdicts(path, client=client, now=now)
        steps += [told(node, verdict) for node, verdict in zip(path, found, strict=False)]
        steps += [
            Step(node=v.node, id=v.key, about=v.key, live=not v.why, why=v.why)
            for v in found[len(path) :]
        ]
        if client is None:
            steps.append(Step(node="client", id=client_id, live=False, why="missing"))
        return Story(known=True, live=all(step.live for step in steps), steps=tuple(steps))

    async def _jwt_step(self, tombstone: str, claims: dict[str, object], now: int) -> Step:
        record = await self._context.store.get(tombstone)
        until, since = _seconds(claims, "exp"), _seconds(claims, "iat")
        ended = records.value_of(record, Token).ended if record is not None else UNSET
        why = ended.why if ended is not UNSET else "expired" if now >= until else ""
        return Step(
            node="access token (JWT)",
            id=str(claims.get("jti", "")),
            about=str(claims.get("scope", "")),
            since=since,
            until=until,
            live=not why,
            why=why,
            ended=ended.at if ended is not UNSET else 0,
            by=ended.by if ended is not UNSET else "",
        )

    async def below(self, grant_key: str) -> tuple[Step, ...]:
        """The live tokens that would end with a grant."""
        part = int(grant_key.split("/", 2)[1], 16)
        name = grant_key.rsplit("/", 1)[1]
        now = self._context.now()
        found: list[Step] = []
        after: str | None = None
        while True:
            page = await self._context.store.find(
                "token", "parent", name, partition=part, after=after
            )
            for record in page.records:
                token = records.value_of(record, Token)
                if token.is_active(now):
                    node = Node(record.key, record.version, token)
                    found.append(told(node, Verdict(token.type.replace("_", " "), record.key, "")))
            after = page.after
            if after is None:
                return tuple(found)


def _seconds(claims: dict[str, object], name: str) -> int:
    value = claims.get(name)
    return value * 1000 if isinstance(value, int) else 0


def _client_id(path: tuple[Node, ...], claims: dict[str, object] | None) -> str:
    if claims is not None:
        return str(claims.get("client_id", ""))
    leaf = path[0].value if path else None
    return leaf.client_id if isinstance(leaf, Token | Grant | ClientSession) else ""
