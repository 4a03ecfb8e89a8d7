"""Liveness: of a path that was read, why each node is dead. Values and rules; `admission` judges by them, and `beside`
what is judged beside a path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import UNSET, Struct

from sojourn.model import ids
from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession
from sojourn.model.grant import Grant
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


class Verdict(Struct, frozen=True):
    """What was found of one node: `why` is empty when it is live."""

    node: str
    key: str
    why: str


class Lineage(Struct, gc=False):
    """The nodes that other nodes are judged by."""

    grant: Grant | None = None
    session: ClientSession | None = None
    user: User | None = None


def _token(token: Token, now: int, *, spent: bool) -> str:
    if token.ended is not UNSET:
        return token.ended.why
    if token.expires_at and now >= token.expires_at:
        return "expired"
    if now < token.not_before:
        return "not yet valid"
    if not spent and token.max_usage and token.used >= token.max_usage:
        return "used up"
    return ""


def _grant(grant: Grant, now: int, line: Lineage) -> str:
    if grant.ended is not UNSET:
        return grant.ended.why
    if line.user is not None and not line.user.keeps(grant.epoch, grant.signin):
        return _cut(line.user, grant, grant.signin)
    if grant.end and now >= grant.end:
        return "expired"
    if line.session is not None and grant.generation != line.session.generation:
        return "the client session was begun anew"
    return ""


def _session(session: ClientSession, _now: int, _line: Lineage) -> str:
    return session.ended.why if session.ended is not UNSET else ""


def _user(user: User, _now: int, _line: Lineage) -> str:
    return user.refusal()


def _signin(signin: SignIn, now: int, line: Lineage) -> str:
    if line.grant is not None and line.grant.offline:
        return ""
    if signin.ended is not UNSET:
        return signin.ended.why
    if line.user is not None and not line.user.keeps(signin.epoch, signin.id):
        return _cut(line.user, signin, signin.id)
    return "expired" if now >= signin.end else ""


def _cut(user: User, value: Grant | SignIn, signin: str) -> str:
    """What everything was ended for, or that the time of `value` had run out before that."""
    cut = user.cut_of(value.epoch, signin)
    if cut is None:
        return "others_ended"
    return "expired" if value.end and cut.at >= value.end else cut.why


def _based_on(token: Token, _now: int, _line: Lineage) -> str:
    """Of a token that another one is based on, only an ending that takes along what stands below counts."""
    return token.ended.why if token.ended is not UNSET and token.ended.recursive else ""


def _client(client: Client, _now: int, _line: Lineage) -> str:
    return client.refusal()


_RULES: Final[dict[type, Callable[..., str]]] = {
    Token: _based_on,
    Grant: _grant,
    ClientSession: _session,
    User: _user,
    SignIn: _signin,
    Client: _client,
}
_NAMES: Final = {
    Grant: "grant",
    ClientSession: "client session",
    User: "user",
    SignIn: "sign-in",
    Client: "client",
    type(None): "missing",
}


def lineage(path: Path) -> Lineage:
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


def shape_fault(path: Path, line: Lineage) -> str:
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


def name_of(value: Value | None) -> str:
    return value.type.replace("_", " ") if type(value) is Token else _NAMES[type(value)]


def why_of(node: Node, now: int, line: Lineage) -> str:
    """Why a node above the leaf is dead; empty when it is live."""
    value = node.value
    if value is None:
        if ids.is_of_jwt(node.key):
            return ""
        offline = line.grant is not None and line.grant.offline
        return "" if offline and "/signin/" in node.key else "missing"
    return _RULES[type(value)](value, now, line)


def leaf_why(node: Node, now: int, line: Lineage, *, spent: bool) -> str:
    value = node.value
    return _token(value, now, spent=spent) if type(value) is Token else why_of(node, now, line)
