"""Acceptance: access tokens taken in by this server's own resources and by introspection, opaque or JWT.

Both end in `admission.judge`. An opaque token is found by its digest; a JWT is verified, and then its grant's path is
judged just the same, after a look for a tombstone under its `jti` (never under its text, of which a signer's
malleability may give a second spelling).
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import UNSET, Struct

from sojourn.errors import BadSessionId, Conflict, InvalidToken, Malformed, NotLive
from sojourn.model import admission
from sojourn.model.admission import Admitted, Operation, Path, judge
from sojourn.model.client import Client
from sojourn.model.grant import Grant
from sojourn.model.token import Token
from sojourn.model.value import Ending
from sojourn.server.services.context import Context
from sojourn.server.services.sessions import rotation
from sojourn.server.services.sessions.grants import Grants
from sojourn.server.services.sessions.tree import Tree
from sojourn.store import records
from sojourn.store.contract import Put, partition_of
from sojourn.wire import json_text, tokens

_OPAQUE: Final = 34
_is_jti: Final = re.compile(r"[A-Za-z0-9_-]{22}").fullmatch


class Accepted(Struct, frozen=True, kw_only=True):
    """A token found good.

    admitted   its judged path
    key        where it lies, or where its tombstone would
    audience   resources it is for; empty: this server's own endpoints
    grant      None for a token that a client got for itself, whose `sub` is then the client
    """

    admitted: Admitted
    key: str
    type: str
    client_id: str
    sub: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    issued_at: int
    expires_at: int
    grant: Grant | None = None
    jwt: bool = False


class Located(Struct, frozen=True, kw_only=True):
    """Where a token's text leads: its key, its path as read, and for a JWT its verified claims."""

    key: str
    path: Path
    claims: dict[str, object] | None = None


class Acceptance:
    """Finds tokens by their text and judges them."""

    __slots__ = ("_context", "_grants", "_tree")

    def __init__(self, context: Context, tree: Tree, grants: Grants) -> None:
        self._context = context
        self._tree = tree
        self._grants = grants

    async def locate(self, text: str) -> Located | None:
        """Where `text` leads, live or not; None for a text that this server never made or has forgotten.

        A refresh token must be the newest of its family, or the one before it.
        """
        if not text.startswith("sj_"):
            return await self._locate_jwt(text)
        try:
            kind, body = tokens.decode(text)
        except Malformed:
            return None
        if kind == "r":
            return await self._locate_refresh(text)
        if kind not in ("a", "c") or len(body) != _OPAQUE:
            return None
        context = self._context
        part = tokens.partition_of(body, context.purposes.mask)
        key = context.keys.token(part, tokens.digest(text))
        return await self._found(key)

    async def _found(self, key: str) -> Located | None:
        path = await self._tree.path(key)
        return Located(key=key, path=path) if path else None

    async def _locate_refresh(self, text: str) -> Located | None:
        context = self._context
        shown = rotation.parse(context, text)
        if shown is None:
            return None
        located = await self._found(context.keys.token(shown.partition, shown.name))
        token = located.path[0].value if located else None
        if not isinstance(token, Token) or token.family is UNSET:
            return None
        verdict = rotation.judge(context, shown, token.family, retry="", now=context.now())
        good = (rotation.Verdict.NEWEST, rotation.Verdict.RETRY)
        return located if verdict in good else None

    async def _locate_jwt(self, text: str) -> Located | None:
        context = self._context
        try:
            claims = context.signing.published.verify(text, algs=("ES256",), typ="at+jwt").claims
            jti = json_text.text(claims, "jti")
            client_id = json_text.text(claims, "client_id")
            session = json_text.optional_text(claims, "grant_id")
            key = context.keys.client(client_id)
            if session is not None:
                key = self._grants.key_of(session)
        except (Malformed, BadSessionId):
            return None
        if claims.get("iss") != context.issuer or not _is_jti(jti):
            return None
        tombstone = context.keys.token(partition_of(key), f"j{jti}")
        return Located(key=tombstone, path=await self._tree.path(key), claims=claims)

    async def accept(self, text: str, operation: Operation) -> Accepted:
        """Judge a token for `operation`. Raises InvalidToken, whose private detail says which node is dead."""
        located = await self.locate(text)
        if located is None:
            raise InvalidToken
        try:
            if located.claims is not None:
                return await self._accept_jwt(located, located.claims, operation)
            return await self._accept_stored(located, operation)
        except NotLive as error:
            raise InvalidToken(detail=error.detail) from error

    async def _accept_stored(self, located: Located, operation: Operation) -> Accepted:
        token = located.path[0].value
        if not isinstance(token, Token):
            raise InvalidToken
        client = await self._tree.client(token.client_id)
        admitted = judge(operation, located.path, client=client, now=self._context.now())
        grant = admitted.value(Grant)
        owner = grant if isinstance(grant, Grant) else None
        return Accepted(
            admitted=admitted,
            key=located.key,
            type=token.type,
            client_id=token.client_id,
            sub=owner.sub if owner else token.client_id,
            scope=token.scope or (owner.scope if owner else ()),
            audience=token.resources or (owner.resources if owner else ()),
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            grant=owner,
        )

    async def _accept_jwt(
        self, located: Located, claims: dict[str, object], operation: Operation
    ) -> Accepted:
        if "access_token" not in operation.types:
            raise InvalidToken
        context = self._context
        now = context.now()
        expires = json_text.moment(claims, "exp") * 1000
        if now >= expires:
            raise NotLive(node="token", why="expired")
        if await context.store.get(located.key) is not None:
            raise NotLive(node="token", why="revoked")
        client_id = json_text.text(claims, "client_id")
        client = await self._tree.client(client_id)
        own = bool(located.path) and isinstance(located.path[0].value, Client)
        kind = admission.CLIENT_CREDENTIALS if own else admission.ACCEPT_JWT
        admitted = judge(kind, located.path, client=client, now=now)
        grant = admitted.value(Grant)
        return Accepted(
            admitted=admitted,
            key=located.key,
            type="access_token",
            client_id=client_id,
            sub=json_text.text(claims, "sub"),
            scope=tuple(json_text.text(claims, "scope").split()),
            audience=_audience(claims, context.issuer),
            issued_at=json_text.moment(claims, "iat") * 1000,
            expires_at=expires,
            grant=grant if isinstance(grant, Grant) else None,
            jwt=True,
        )

    async def revoke(
        self, located: Located, why: str, *, by: str = "", recursive: bool = True
    ) -> None:
        """End the token that a text led to; one that is not stored singly gets a tombstone until its `exp`."""
        if located.claims is None:
            await self._tree.end(located.key, Token, why, by=by, recursive=recursive)
            return
        context = self._context
        expires = json_text.moment(located.claims, "exp") * 1000
        value = Token(
            type="access_token",
            client_id=json_text.text(located.claims, "client_id"),
            issued_at=json_text.moment(located.claims, "iat") * 1000,
            expires_at=expires,
            ended=Ending(context.now(), why, recursive, by),
        )
        event = self._tree.events(located.key, "token.ended", actor=by, reason=why)
        tombstone = records.first(located.key, value, op_id=context.op_id(), expires=expires)
        try:
            await self._tree.commit(partition_of(located.key), (Put(tombstone), *event))
        except Conflict:
            return  # revoked already


def _audience(claims: dict[str, object], issuer: str) -> tuple[str, ...]:
    named = json_text.texts(claims, "aud")
    return tuple(name for name in named if name != issuer)
