"""Admission: the one judgement that every path which hands out or accepts a token crosses (design decision 6).

A path is a leaf and its ancestors as they were read. It is good when every node on it is live; a missing node is dead.
Only `judge` makes an `Admitted`, and minting, accepting and userinfo ask for one. The versions it carries are checked
again in the batch that mints, so nothing can end between the judgement and the write. `verdicts` tells the same story
node by node, for `explain`.

A token that was exchanged (RFC 8693) stands in the subject's tree. Its actors are judged beside it: every client that
acts, the client the grant was given to, and the tree of each token by which an actor was shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, Struct

from sojourn.errors import NotLive
from sojourn.model import ids
from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession
from sojourn.model.delegation import Actor, Delegation
from sojourn.model.grant import Grant
from sojourn.model.liveness import RULES, Lineage, of_token
from sojourn.model.signin import SignIn
from sojourn.model.token import Token
from sojourn.model.user import User
from sojourn.model.value import Value


class Node(Struct, frozen=True, gc=False):
    """One node as it was read; `value` is None when it is missing."""

    key: str
    version: int
    value: Value | None


Path = tuple[Node, ...]


class Operation(Struct, frozen=True):
    """What is to be done with a path.

    name    for events and logs: `token`, `refresh`, `userinfo`, ...
    leaf    the class of value that the path must begin with
    types   of a token: the token types it may be; empty: any
    key     what a proved key (RFC 9449) is to it: '' nothing, for it only looks; `same`: that of a bound token;
            `only`: so it must, and what is bound to none comes without one
    spent   whether a token that is used up, but not ended, is still let through (a code's retry)
    """

    name: str
    leaf: type[Value]
    types: tuple[str, ...] = ()
    spent: bool = False
    key: str = ""


SIGN_IN: Final = Operation("sign_in", SignIn)
AUTHORIZE: Final = Operation("authorize", SignIn)
EMBED: Final = Operation("embed", Grant)
CODE: Final = Operation("authorization_code", Token, ("authorization_code",), key="same")
CODE_AGAIN: Final = Operation(
    "authorization_code", Token, ("authorization_code",), spent=True, key="same"
)
DEVICE_CODE: Final = Operation("device_code", Token, ("device_code",), key="same")
DEVICE_CODE_AGAIN: Final = Operation("device_code", Token, ("device_code",), spent=True, key="same")
REFRESH: Final = Operation("refresh_token", Token, ("refresh_token",), key="same")
CLIENT_CREDENTIALS: Final = Operation("client_credentials", Client, key="same")
USERINFO: Final = Operation("userinfo", Token, ("access_token",), key="only")
ACCEPT: Final = Operation("accept", Token, ("access_token",), key="only")
INTROSPECT: Final = Operation("introspect", Token, ("access_token", "refresh_token"))
EXCHANGE: Final = Operation("token_exchange", Token, ("access_token", "refresh_token"))
MINT_FROM: Final = Operation("mint_from", Token)

_SEAL: Final = object()


class Beside(Struct, frozen=True):
    """What is judged beside the path of a token that was exchanged: see `needed_beside`.

    clients  their records by id; None: there is none
    paths    the paths read from the keys of actors' tokens; empty: nothing was there
    """

    clients: Mapping[str, Client | None] = {}
    paths: Mapping[str, Path] = {}


ALONE: Final = Beside()


class Admitted:
    """That a path was judged good for an operation at a moment. Only `judge` makes one.

    operation  the Operation
    path       the judged path, leaf first
    client     the client's record, judged beside it
    beside     what else was judged beside it
    now        UTC ms of the judgement
    """

    __slots__ = ("beside", "client", "now", "operation", "path")

    def __init__(
        self,
        seal: object,
        operation: Operation,
        path: Path,
        *,
        client: Client | None,
        beside: Beside,
        now: int,
    ) -> None:
        if seal is not _SEAL:
            message = "only sojourn.model.admission.judge admits"
            raise TypeError(message)
        self.operation = operation
        self.path = path
        self.client = client
        self.beside = beside
        self.now = now

    @property
    def leaf(self) -> Node:
        return self.path[0]

    def value(self, kind: type[Value]) -> Value | None:
        """The value of the first node of `kind` on the path."""
        for node in self.path:
            if type(node.value) is kind:
                return node.value
        return None


_NAMES: Final = {
    Grant: "grant",
    ClientSession: "client session",
    User: "user",
    SignIn: "sign-in",
    Client: "client",
    type(None): "missing",
}


class Verdict(Struct, frozen=True):
    """What was found of one node: `why` is empty when it is live."""

    node: str
    key: str
    why: str


def _lineage(path: Path) -> Lineage:
    line = Lineage()
    for node in path:
        value = node.value
        if type(value) is Grant:
            line.grant = value
        elif type(value) is ClientSession:
            line.session = value
        elif type(value) is User:
            line.user = value
    return line


def _shape_fault(path: Path, line: Lineage) -> str:
    """Whether the path has all that its leaf stands on; '' if so."""
    if not path:
        return "missing"
    leaf = path[0].value
    if type(leaf) in (Token, Grant) and line.grant is not None:
        if line.session is None or line.user is None:
            return "an ancestor is missing"
        if line.grant.signin and not line.grant.offline and type(path[-1].value) is not SignIn:
            return "the sign-in is missing"
    elif type(leaf) is Token and type(path[-1].value) is not Client:
        return "an ancestor is missing"
    elif type(leaf) in (SignIn, ClientSession) and line.user is None:
        return "the user is missing"
    return ""


def _name(value: Value | None) -> str:
    return value.type.replace("_", " ") if type(value) is Token else _NAMES[type(value)]


def _why(node: Node, now: int, line: Lineage) -> str:
    """Why a node above the leaf is dead; empty when it is live."""
    value = node.value
    if value is None:
        if ids.is_of_jwt(node.key):
            return ""
        offline = line.grant is not None and line.grant.offline
        return "" if offline and "/signin/" in node.key else "missing"
    return RULES[type(value)](value, now, line)


def _leaf_why(node: Node, now: int, line: Lineage, *, spent: bool) -> str:
    value = node.value
    return of_token(value, now, spent=spent) if type(value) is Token else _why(node, now, line)


def needed_beside(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """What must be judged beside a path: ids of clients but the leaf's own, and keys of paths to be read."""
    told = _delegation(path)
    if told is None:
        return frozenset(), frozenset()
    clients = {actor.client_id for actor in told.actors}
    clients |= {node.value.client_id for node in path if isinstance(node.value, Token | Grant)}
    keys = {key for actor in told.actors for key in (actor.proof, actor.mark) if key}
    return frozenset(clients - {getattr(path[0].value, "client_id", "")}), frozenset(keys)


def _delegation(path: Path) -> Delegation | None:
    leaf = path[0].value if path else None
    return leaf.delegation if type(leaf) is Token and leaf.delegation is not UNSET else None


def _actor_why(actor: Actor, beside: Beside, now: int) -> str:
    """Why the token by which an actor was shown is dead; empty when it is live, or when there was none."""
    if not actor.proof:
        return ""
    path = beside.paths.get(actor.proof, ())
    line = _lineage(path)
    shape = _shape_fault(path, line)
    mark = beside.paths.get(actor.mark, ())[:1] if actor.mark else ()
    # Of a JWT, what it stands on was read: like any node above a leaf, a code there may be used up.
    rule = _why if actor.mark else _actor_leaf_why
    whys = [rule(node, now, line) for node in path[:1]]
    whys += [_actor_leaf_why(node, now, line) for node in mark]
    whys += [_why(node, now, line) for node in path[1:]]
    return next(filter(None, whys), shape)


def _actor_leaf_why(node: Node, now: int, line: Lineage) -> str:
    return _leaf_why(node, now, line, spent=False)


def beside_verdicts(path: Path, beside: Beside, *, now: int) -> tuple[Verdict, ...]:
    """What is to be said of whatever must be judged beside a path, the newest actor first."""
    told = _delegation(path)
    if told is None:
        return ()
    found = [
        Verdict("actor", actor.sub, _actor_why(actor, beside, now))
        for actor in told.actors
        if actor.proof
    ]
    for client_id in sorted(needed_beside(path)[0]):
        client = beside.clients.get(client_id)
        found.append(
            Verdict("client", client_id, "missing" if client is None else client.refusal())
        )
    return tuple(found)


def verdicts(path: Path, *, client: Client | None, now: int) -> tuple[Verdict, ...]:
    """What is to be said of each node of a path, leaf first, the client last."""
    line = _lineage(path)
    found = [
        Verdict(
            _name(node.value),
            node.key,
            _why(node, now, line) if position else _leaf_why(node, now, line, spent=False),
        )
        for position, node in enumerate(path)
    ]
    if found and not found[0].why and (why := _unbound(path[0].value, client)):
        found[0] = Verdict(found[0].node, found[0].key, why)
    shape = _shape_fault(path, line)
    if shape:
        found.append(Verdict("path", path[0].key if path else "", shape))
    if client is not None:
        found.append(Verdict("client", client.client_id, client.refusal()))
    return tuple(found)


def _refuse_dead(operation: Operation, path: Path, client: Client | None, now: int) -> None:
    """Raise NotLive for the first dead node: the rules of `verdicts`, without a word on what is live."""
    line = _lineage(path)
    why = _leaf_why(path[0], now, line, spent=operation.spent)
    if why:
        raise NotLive(node=_name(path[0].value), why=why)
    for node in path[1:]:
        why = _why(node, now, line)
        if why:
            raise NotLive(node=_name(node.value), why=why)
    why = _shape_fault(path, line)
    if why:
        raise NotLive(node="path", why=why)
    why = client.refusal() if client is not None else ""
    if why:
        raise NotLive(node="client", why=why)


def _key_fault(operation: Operation, leaf: Value, client: Client | None, key: str) -> str:
    """What is wrong with the proved `key` (RFC 9449 §5, §7, §10); '' if nothing is."""
    if why := _unbound(leaf, client):
        return why
    bound = leaf.jkt if type(leaf) is Token else ""
    if not operation.key:
        return ""
    if bound and bound != key:
        return "bound to another key" if key else "bound to a key that was not proved"
    if operation.key == "only" and key and not bound:
        return "bound to no key"
    if client is not None and client.dpop_bound_access_tokens and not key:
        return "the client proves a key with each request"
    return ""


def _unbound(leaf: Value | None, client: Client | None) -> str:
    """Why an access token that is bound to no key is worth nothing; '' if it may be so."""
    loose = type(leaf) is Token and leaf.type == "access_token" and not leaf.jkt
    if loose and client is not None and client.dpop_bound_access_tokens:
        return "bound to no key, and its client's must be"
    return ""


def judge(
    operation: Operation,
    path: Path,
    *,
    client: Client | None,
    now: int,
    beside: Beside = ALONE,
    key: str = "",
) -> Admitted:
    """Admit a path for an operation at `now` (UTC ms), or raise NotLive naming the first dead node.

    client  the record of the client it was issued to; None only where the path itself ends in it
    beside  all that `needed_beside` names; what is not given counts as missing
    key     thumbprint of the key whose possession was proved with the request (RFC 9449); empty: none was
    """
    leaf = path[0].value if path else None
    if type(leaf) is not operation.leaf:
        raise NotLive(node="path", why="missing" if leaf is None else "of another kind")
    if operation.types and (type(leaf) is not Token or leaf.type not in operation.types):
        raise NotLive(node="token", why="of another type")
    if client is None and type(path[-1].value) is not Client and operation is not SIGN_IN:
        raise NotLive(node="client", why="missing")
    if client is not None and getattr(leaf, "client_id", client.client_id) != client.client_id:
        raise NotLive(node="client", why="of another grant")
    _refuse_dead(operation, path, client, now)
    for verdict in beside_verdicts(path, beside, now=now):
        if verdict.why:
            raise NotLive(node=verdict.node, why=verdict.why)
    if fault := _key_fault(operation, leaf, client, key):
        raise NotLive(node="token", why=fault)
    return Admitted(_SEAL, operation, path, client=client, beside=beside, now=now)
