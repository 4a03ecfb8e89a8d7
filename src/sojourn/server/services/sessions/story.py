"""Explaining: why a token is good or not (up its path), and what would end with a node (down from it)."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, Struct

from sojourn.model.admission import verdicts
from sojourn.model.allowance import losses
from sojourn.model.beside import ALONE, Beside, beside_verdicts
from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession
from sojourn.model.grant import Grant
from sojourn.model.ids import is_of_jwt
from sojourn.model.liveness import Node, Path, Verdict, name_of
from sojourn.model.signin import SignIn
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.model.value import Ending, Value
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.acceptance import Acceptance
from sojourn.server.services.sessions.delegations import Delegations
from sojourn.server.services.sessions.tree import Tree
from sojourn.store import records
from sojourn.store.contract import Record, partition_of
from sojourn.wire.exchange import GRANT

_JWT: Final = "access token (JWT)"


class Step(Struct, frozen=True, kw_only=True):
    """One node of a story.

    node   what it is: `access token`, `grant`, `client session`, `sign-in`, `user`, `client`, `actor`
    id     its name in the store
    about  a few words on it
    since  UTC ms it was made; 0: unknown
    until  UTC ms it ends by itself; 0: never
    live   whether it is good; `why` says why not
    handed_over   whether nothing below depends on its being good: a used code has handed its grant over
    ended  UTC ms it was ended; 0: it was not
    """

    node: str
    id: str
    about: str = ""
    since: int = 0
    until: int = 0
    live: bool = True
    why: str = ""
    handed_over: bool = False
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
        bound = (f"(bound to the key {value.jkt})",) if value.jkt else ()
        return " ".join((*value.scope, *_acting(value), *bound))
    if isinstance(value, SignIn):
        return value.agent
    if isinstance(value, User):
        return value.login or value.id
    if isinstance(value, ClientSession | Client):
        return value.client_id
    return ""


def _acting(token: Token) -> tuple[str, ...]:
    """Who acts with a token that was given in exchange, and as which job."""
    if token.delegation is UNSET:
        return ()
    job = f', job "{token.delegation.job}"' if token.delegation.job else ""
    return (f"(by {token.delegation.actors[0].sub}{job})",)


def _gone(value: Value) -> str:
    """Why a token that others are based on is no longer good itself, where that does not end them; '' if it is."""
    if not isinstance(value, Token):
        return ""
    if isinstance(value.ended, Ending):
        return value.ended.why
    return "used" if value.max_usage and value.used >= value.max_usage else ""


def told(node: Node, verdict: Verdict) -> Step:
    """One node with what was found of it."""
    value = node.value
    name = node.key.rsplit("/", 1)[1]
    if value is None and is_of_jwt(node.key):
        return Step(node=_JWT, id=name.removeprefix("j"))
    if value is None:
        return Step(node="missing", id=name, live=not verdict.why, why=verdict.why)
    since, until = _span(value)
    gone = "" if verdict.why else _gone(value)
    ending: object = getattr(value, "ended", UNSET)
    return Step(
        node=verdict.node,
        id=name,
        about=_about(value),
        since=since,
        until=until,
        live=not (verdict.why or gone),
        why=verdict.why or gone,
        handed_over=bool(gone),
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
        path = located.path
        client_id = _client_id(path)
        client = await self._tree.client(client_id)
        beside = await self._tree.beside(path)
        found = self._verdicts(path, client, beside)
        steps = [told(node, verdict) for node, verdict in zip(path, found, strict=False)]
        steps += [
            Step(node=v.node, id=v.key, about=v.key, live=not v.why, why=v.why)
            for v in found[len(path) :]
        ]
        if client is None:
            steps.append(Step(node="client", id=client_id, live=False, why="missing"))
        if located.claims is not None:
            jti = steps[0].id.removeprefix("j")
            steps[0] = msgspec.structs.replace(steps[0], node=_JWT, id=jti)
        if located.superseded and steps[0].live:
            steps[0] = msgspec.structs.replace(steps[0], live=False, why="rotated")
        return Story(
            known=True, live=all(s.live or s.handed_over for s in steps), steps=tuple(steps)
        )

    def _verdicts(self, path: Path, client: Client | None, beside: Beside) -> tuple[Verdict, ...]:
        now = self._context.now()
        grant = next((one.value for one in path if type(one.value) is Grant), None)
        lost = self._lost(path, client, beside, grant)
        return (
            *verdicts(path, client=client, now=now),
            *beside_verdicts(path, beside, now=now),
            *lost,
        )

    def _lost(
        self, path: Path, client: Client | None, beside: Beside, grant: Grant | None
    ) -> tuple[Verdict, ...]:
        if client is None or self._context.register_missing:
            return ()
        return losses(path, client, beside, grant=grant, exchange=GRANT)

    async def below(self, grant_key: str) -> tuple[Step, ...]:
        """The live tokens that would end with a grant; none below one that has ended."""
        now = self._context.now()
        path = await self._tree.path(grant_key)
        client = await self._tree.client(_client_id(path))
        if client is None or any(v.why for v in verdicts(path, client=client, now=now)):
            return ()
        found = await self._tokens(grant_key)
        nodes = {record.key: Node(record.key, record.version, token) for record, token in found}
        acting = await Delegations(self._context, self._tree).of(found)
        refused = {entry.id for entry in acting if entry.why}
        steps: list[Step] = []
        grant = next((node.value for node in path if type(node.value) is Grant), None)
        for record, token in found:
            above = [nodes[key].value for key in record.path if "/token/" in key and key in nodes]
            ended = any(isinstance(one, Token) and _ends_below(one) for one in above)
            node = nodes[record.key]
            step = told(node, Verdict(name_of(token), record.key, ""))
            lost = token.delegation is UNSET and self._lost((node,), client, ALONE, grant)
            if token.is_active(now) and not (ended or lost or step.id in refused):
                steps.append(step)
        return tuple(steps)

    async def _tokens(self, grant_key: str) -> list[tuple[Record, Token]]:
        part, name = partition_of(grant_key), grant_key.rsplit("/", 1)[1]
        found: list[tuple[Record, Token]] = []
        after: str | None = None
        while True:
            page = await self._context.store.find(
                "token", "parent", name, partition=part, after=after
            )
            found += [(record, records.value_of(record, Token)) for record in page.records]
            after = page.after
            if after is None:
                return found


def _ends_below(token: Token) -> bool:
    return token.ended is not UNSET and token.ended.recursive


def _client_id(path: tuple[Node, ...]) -> str:
    leaf = path[0].value if path else None
    return leaf.client_id if isinstance(leaf, Token | Grant | ClientSession) else ""
