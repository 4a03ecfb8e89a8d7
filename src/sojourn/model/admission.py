"""Admission: the one judgement that every path which hands out or accepts a token crosses (design decision 6).

A path is a leaf and its ancestors as they were read. It is good when every node on it is live; a missing node is dead.
Only `judge` makes an `Admitted`, and minting, accepting and userinfo ask for one. The versions it carries are checked
again in the batch that mints, so nothing can end between the judgement and the write. `verdicts` tells the same story
node by node, for `explain`. The rules are in `liveness`, and those for who acts with a token in `beside`.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sojourn.errors import NotLive
from sojourn.model.beside import ALONE, Beside, beside_verdicts
from sojourn.model.client import Client
from sojourn.model.grant import Grant
from sojourn.model.liveness import (
    Node,
    Path,
    Verdict,
    leaf_why,
    lineage,
    name_of,
    shape_fault,
    why_of,
)
from sojourn.model.signin import SignIn
from sojourn.model.token import Token
from sojourn.model.value import Value


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
EXCHANGE: Final = Operation("token_exchange", Token, ("access_token", "refresh_token"), key="same")
EXCHANGE_FOR_SERVICE: Final = Operation("exchange_for_service", Token, ("access_token",))
"""By the service that a token is for: it was shown the proof of the client's key, and cannot repeat it."""
MINT_FROM: Final = Operation("mint_from", Token)

_SEAL: Final = object()


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


def verdicts(path: Path, *, client: Client | None, now: int) -> tuple[Verdict, ...]:
    """What is to be said of each node of a path, leaf first, the client last."""
    line = lineage(path)
    found = [
        Verdict(
            name_of(node.value),
            node.key,
            why_of(node, now, line) if position else leaf_why(node, now, line, spent=False),
        )
        for position, node in enumerate(path)
    ]
    if found and not found[0].why and (why := _unbound(path[0].value, client)):
        found[0] = Verdict(found[0].node, found[0].key, why)
    shape = shape_fault(path, line)
    if shape:
        found.append(Verdict("path", path[0].key if path else "", shape))
    if client is not None:
        found.append(Verdict("client", client.client_id, client.refusal()))
    return tuple(found)


def _refuse_dead(operation: Operation, path: Path, client: Client | None, now: int) -> None:
    """Raise NotLive for the first dead node: the rules of `verdicts`, without a word on what is live."""
    line = lineage(path)
    why = leaf_why(path[0], now, line, spent=operation.spent)
    if why:
        raise NotLive(node=name_of(path[0].value), why=why)
    for node in path[1:]:
        why = why_of(node, now, line)
        if why:
            raise NotLive(node=name_of(node.value), why=why)
    why = shape_fault(path, line)
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
    key: str = "",
    beside: Beside = ALONE,
) -> Admitted:
    """Admit a path for an operation at `now` (UTC ms), or raise NotLive naming the first dead node.

    client  the record of the client it was issued to; None only where the path itself ends in it
    key     thumbprint of the key whose possession was proved with the request (RFC 9449); empty: none was
    beside  all that `needed_beside` names; what is not given counts as missing
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
    if fault := _key_fault(operation, leaf, client, key):
        raise NotLive(node="token", why=fault)
    for verdict in beside_verdicts(path, beside, now=now):
        if verdict.why:
            raise NotLive(node=verdict.node, why=verdict.why)
    return Admitted(_SEAL, operation, path, client=client, beside=beside, now=now)
