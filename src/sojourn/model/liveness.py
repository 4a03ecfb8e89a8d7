"""When a node is live, by what kind it is: one rule each, which returns why it is dead, or nothing. `admission`
stands above it and knows where on a path the node stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import UNSET, Struct

from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession
from sojourn.model.grant import Grant
from sojourn.model.signin import SignIn
from sojourn.model.token import Token
from sojourn.model.user import User


class Lineage(Struct, gc=False):
    """The nodes that other nodes are judged by."""

    grant: Grant | None = None
    session: ClientSession | None = None
    user: User | None = None


def of_token(token: Token, now: int, *, spent: bool) -> str:
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


RULES: Final[dict[type, Callable[..., str]]] = {
    Token: _based_on,
    Grant: _grant,
    ClientSession: _session,
    User: _user,
    SignIn: _signin,
    Client: _client,
}
