"""Acceptance: access tokens taken in by this server's own resources and by introspection, opaque or JWT.

Both end in `admission.judge`. An opaque token is found by its digest; a JWT is verified, and then judged just the same,
as the leaf that its claims tell of on the path of what it is based on, after a look for a tombstone under its `jti`
(never under its text, of which a signer's malleability may give a second spelling).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import UNSET, Struct

from sojourn.errors import BadSessionId, Conflict, InvalidToken, Malformed, NotLive
from sojourn.model.admission import Admitted, Operation, judge
from sojourn.model.allowance import losses
from sojourn.model.beside import ALONE, Beside
from sojourn.model.grant import Grant
from sojourn.model.liveness import Node, Path
from sojourn.model.token import Token
from sojourn.model.value import Ending
from sojourn.server.services.context import Context
from sojourn.server.services.sessions import rotation
from sojourn.server.services.sessions.grants import Grants
from sojourn.server.services.sessions.root import owner_of
from sojourn.server.services.sessions.tree import Tree
from sojourn.store import records
from sojourn.store.contract import Put, partition_of
from sojourn.wire import exchange, json_text, tokens

_is_jti: Final = re.compile(r"[A-Za-z0-9_-]{22}").fullmatch


class Accepted(Struct, frozen=True, kw_only=True):
    """A token found good.

    admitted   its judged path
    key        where it lies, or where its tombstone would
    audience   resources it is for; empty: this server's own endpoints
    jkt        thumbprint of the key it is bound to; empty: none
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
    jkt: str = ""

    @property
    def token(self) -> Token:
        """The token itself, as it is stored or as a JWT tells of it."""
        value = self.admitted.leaf.value
        if not isinstance(value, Token):
            raise InvalidToken
        return value


class Located(Struct, frozen=True, kw_only=True):
    """Where a token's text leads: its key, its path as read, and for a JWT its verified claims.

    superseded  a refresh token of an older generation: it leads to its family, which it can end and nothing else
    """

    key: str
    path: Path
    superseded: bool = False
    claims: dict[str, object] | None = None


class Acceptance:
    """Finds tokens by their text and judges them."""

    __slots__ = ("_context", "_grants", "_tree")

    def __init__(self, context: Context, tree: Tree, grants: Grants) -> None:
        self._context = context
        self._tree = tree
        self._grants = grants

    async def locate(self, text: str) -> Located | None:
        """Where `text` leads, live or not; None for a text that this server never made or has forgotten."""
        if not text.startswith("sj_"):
            return await self._locate_jwt(text)
        context = self._context
        try:
            kind, body = tokens.decode(text)
            if kind == "r":
                return await self._locate_refresh(text)
            if kind not in ("a", "c") or len(body) != tokens.LOCATED:
                return None
            part = tokens.partition_of(body, context.purposes.mask)
        except Malformed:
            return None
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
        if located is None or not isinstance(token, Token) or token.family is UNSET:
            return None
        seed = rotation.seed_of(context, shown, token.family)
        verdict = rotation.judge(context, shown, token.family, seed, retry="", now=context.now())
        if verdict is rotation.Verdict.FORGED:
            return None
        superseded = verdict is rotation.Verdict.THEFT
        return msgspec.structs.replace(located, superseded=superseded)

    async def _locate_jwt(self, text: str) -> Located | None:
        context = self._context
        try:
            claims = context.signing.published.verify(text, algs=("ES256",), typ="at+jwt").claims
            jti = json_text.text(claims, "jti")
            token = _told(claims, context.issuer)
            grant, kept_at = (json_text.optional_text(claims, n) for n in ("grant_id", "kept_at"))
            root = context.keys.client(token.client_id)
            if (place := grant or kept_at) is not None:
                root = self._grants.key_of(place)
        except (Malformed, BadSessionId):
            return None
        if claims.get("iss") != context.issuer or not _is_jti(jti):
            return None
        part = partition_of(root)
        tombstone = context.keys.jwt(part, jti)
        record = await context.store.get(tombstone)
        if record is not None:
            kept = records.value_of(record, Token)
            if kept.delegation is not UNSET:
                path = await self._tree.path(tombstone)
                return Located(key=tombstone, path=path, claims=claims) if path else None
            token = msgspec.structs.replace(token, ended=kept.ended)
        # One that was exchanged is stored: without its record nobody can judge its actors.
        if "act" in claims:
            return None
        leaf = Node(tombstone, record.version if record else 0, token)
        above = context.keys.token(part, token.based_on) if token.based_on else root
        return Located(key=tombstone, path=(leaf, *await self._tree.path(above)), claims=claims)

    async def accept(self, text: str, operation: Operation, *, key: str = "") -> Accepted:
        """Judge a token for `operation`. Raises InvalidToken, whose private detail says which node is dead.

        key  thumbprint of the key that was proved with the request (RFC 9449 §7); empty: none was
        """
        located = await self.locate(text)
        if located is None:
            raise InvalidToken
        return await self.judged(located, operation, key=key)

    async def judged(self, located: Located, operation: Operation, *, key: str = "") -> Accepted:
        """As `accept`, for a token that was located."""
        if located.superseded:
            raise InvalidToken(detail="refresh token: rotated")
        try:
            return await self._accept(located, operation, key)
        except NotLive as error:
            raise InvalidToken(detail=error.detail) from error

    async def _accept(self, located: Located, operation: Operation, key: str) -> Accepted:
        token = located.path[0].value
        if not isinstance(token, Token):
            raise InvalidToken
        client = await self._tree.client(token.client_id)
        handed_on = token.delegation is not UNSET
        beside = await self._tree.beside(located.path) if handed_on else ALONE
        admitted = judge(
            operation,
            located.path,
            client=client,
            now=self._context.now(),
            key=key,
            beside=beside,
        )
        grant = admitted.value(Grant)
        owner = grant if isinstance(grant, Grant) else None
        scope = token.scope or (owner.scope if owner else ())
        audience = token.resources or (owner.resources if owner else ())
        if client is not None and not self._context.register_missing:
            # What the client may no longer ask for, its tokens no longer give.
            scope = tuple([name for name in scope if name in client.scope])
            if handed_on:
                scope = _of_all(scope, beside)
            lost = losses(located.path, client, beside, grant=owner, exchange=exchange.GRANT)
            if lost:
                raise InvalidToken(detail=f"{lost[0].node} {lost[0].key}: {lost[0].why}")
        return Accepted(
            admitted=admitted,
            key=located.key,
            type=token.type,
            client_id=token.client_id,
            sub=owner.sub if owner else owner_of(located.path),
            scope=scope,
            audience=audience,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            grant=owner,
            jwt=located.claims is not None,
            jkt=token.jkt,
        )

    async def revoke(
        self, located: Located, why: str, *, by: str = "", recursive: bool = True
    ) -> None:
        """End the token that a text led to; one that is not stored singly gets a tombstone until its `exp`."""
        token = located.path[0].value
        owner = next((n.value.user_id for n in located.path if isinstance(n.value, Grant)), "")
        if located.claims is None or not isinstance(token, Token) or token.delegation is not UNSET:
            await self._tree.end(located.key, Token, why, by=by, subject=owner, recursive=recursive)
            return
        context = self._context
        ended = msgspec.structs.replace(token, ended=Ending(context.now(), why, recursive, by))
        event = self._tree.events(located.key, "token.ended", actor=by, subject=owner, reason=why)
        tombstone = records.first(
            located.key, ended, op_id=context.op_id(), expires=token.expires_at
        )
        try:
            await self._tree.commit(partition_of(located.key), (Put(tombstone), *event))
        except Conflict:
            return  # revoked already


def _told(claims: dict[str, object], issuer: str) -> Token:
    """A JWT as if it were stored: what its claims say. Raises Malformed."""
    end = json_text.moment(claims, "exp")
    if not end:
        raise Malformed(
            "The token has no end."
        )  # a stored token with 0 would live as long as its grant
    return Token(
        type="access_token",
        client_id=json_text.text(claims, "client_id"),
        issued_at=json_text.moment(claims, "iat"),
        expires_at=end,
        based_on=json_text.optional_text(claims, "based_on") or "",
        scope=tuple((json_text.optional_text(claims, "scope") or "").split()),
        resources=_audience(claims, issuer),
        jkt=_key_of(claims),
    )


def _of_all(scope: tuple[str, ...], beside: Beside) -> tuple[str, ...]:
    """What every client that acts may still have of a scope, and the one that the grant was given to."""
    for one in beside.clients.values():
        scope = tuple([name for name in scope if one is not None and name in one.scope])
    return scope


def _key_of(claims: dict[str, object]) -> str:
    """The key in `cnf` (RFC 7800 §3.1, RFC 9449 §6.1), '' where there is none. Raises Malformed."""
    bound = claims.get("cnf")
    if bound is None:
        return ""
    if not isinstance(bound, dict):
        raise Malformed("The member cnf is not an object.")
    return json_text.text(bound, "jkt")


def _audience(claims: dict[str, object], issuer: str) -> tuple[str, ...]:
    named = json_text.texts(claims, "aud")
    return tuple(name for name in named if name != issuer)
