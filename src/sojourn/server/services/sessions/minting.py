"""Minting: tokens of every class, each below what it is based on and never outliving it.

Opaque tokens are stored under the digest of their text. JWT access tokens and ID tokens are signed and not stored
singly: the path of what they are based on is judged, and revoking one leaves a tombstone until its `exp` (design
decision 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import UNSET, Struct

from sojourn.errors import MintingNotAllowed
from sojourn.model import ids
from sojourn.model.admission import Admitted
from sojourn.model.client import Client
from sojourn.model.grant import Grant
from sojourn.model.policy import UsageRules, rules_for
from sojourn.model.signin import SignIn
from sojourn.model.token import Family, Token
from sojourn.model.user import User
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.rotation import family_text, new_seed
from sojourn.store import records
from sojourn.store.contract import Put, Step, partition_of
from sojourn.wire import base64url, oidc, tokens
from sojourn.wire.jose import at_hash

JWT_LIFE: Final = 300_000
"""The longest life of a JWT access token in ms: until then it may be accepted offline."""

_PREFIX: Final = {"authorization_code": "c", "access_token": "a"}


class Order(Struct, frozen=True, kw_only=True):
    """What token is to be minted.

    type        one of `policy.TOKEN_CLASSES`
    parent      store key of the token it is based on; empty: straight from the grant
    scope, resources, claims  empty: those of the grant
    jwt         an access token as a JWT (RFC 9068)
    rules       overrule the grant's and the client's
    value       the text itself, where the embedding program may choose it
    access      the text of the access token that an ID token goes with (`at_hash`)
    """

    type: str
    parent: str = ""
    scope: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    claims: Mapping[str, object] = {}
    jwt: bool = False
    rules: UsageRules | None = None
    value: str = ""
    access: str = ""
    nonce: str = ""
    redirect_uri: str = ""
    challenge: str = ""


class Minted(Struct, frozen=True, kw_only=True):
    """A token just minted; the only object that holds its text.

    id          as the store knows it
    type        its class
    expires_at  UTC ms; 0: as long as what stands above it
    partition   where it lies
    """

    id: str
    type: str
    value: str
    issued_at: int
    expires_at: int
    scope: tuple[str, ...]
    partition: int
    based_on: str = ""
    steps: tuple[Step, ...] = ()

    def __repr__(self) -> str:
        return f"Minted({self.type}, id={self.id[:8]}...)"


class _Root(Struct):
    """What a token hangs from: a token, a grant or a client's record; `limit` is the earliest end above it."""

    key: str
    partition: int
    path: tuple[str, ...]
    grant: Grant | None
    client: Client
    limit: int
    parent: Token | None = None


def _least(*ends: int) -> int:
    """The earliest of some ends, of which 0 says never."""
    return min((end for end in ends if end), default=0)


class Mint:
    """Makes tokens from admitted paths. Its steps are written by whoever asked."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def prepare(self, admitted: Admitted, order: Order) -> Minted:
        """One token below an admitted path: its text, and the steps that store it (none for a JWT).

        What the order leaves open is inherited from the parent, then from the grant. Raises MintingNotAllowed when the
        parent's usage rules say so or the scope goes beyond what was granted, ValueError for an unknown class.
        """
        context = self._context
        root = self._root(admitted, order.parent)
        order = _inheriting(order, root)
        grant_rules = root.grant.usage_rules if root.grant else None
        rules = order.rules or rules_for(
            order.type, grant_rules, root.client.token_lives, context.rules
        )
        now = admitted.now
        end = _least(now + rules.expires_in if rules.expires_in else 0, root.limit)
        if order.type == "id_token":
            return self._id_token(admitted, root, order, end)
        if order.jwt:
            return self._jwt(root, order, now, _least(end, now + JWT_LIFE))
        return self._stored(root, order, rules, now, end)

    def family_end(self, admitted: Admitted) -> int:
        """When a refresh family that is used now ends, in UTC ms: a life from now, within what stands above it."""
        root = self._root(admitted, "")
        own = root.grant.usage_rules if root.grant else None
        rules = rules_for("refresh_token", own, root.client.token_lives, self._context.rules)
        return _least(admitted.now + rules.expires_in if rules.expires_in else 0, root.limit)

    def _root(self, admitted: Admitted, parent: str) -> _Root:
        client = admitted.client or admitted.value(Client)
        if not isinstance(client, Client):
            raise MintingNotAllowed(detail="no client was judged")
        grant = admitted.value(Grant)
        if not isinstance(grant, Grant):
            if not isinstance(admitted.leaf.value, Client):
                raise MintingNotAllowed(detail="no grant was judged")
            spread = int.from_bytes(self._context.random(1), "big") % ids.CLIENT_SPREAD
            part = (ids.partition("client", client.client_id) + spread * 16) % ids.PARTITIONS
            key = self._context.keys.client(client.client_id)
            return _Root(key, part, (key,), None, client, 0)
        keys = [node.key for node in admitted.path]
        at = [node.value for node in admitted.path].index(grant)
        first = at
        limit = grant.end
        token: Token | None = None
        if parent:
            first = keys.index(parent) if parent in keys else at
            above = [node.value for node in admitted.path[first:at]]
            if not above or not isinstance(above[0], Token):
                raise MintingNotAllowed(detail="the parent was not judged")
            token = above[0]
            limit = _least(limit, *map(_bound, above))
        signin = admitted.path[-1].value
        if isinstance(signin, SignIn) and not grant.offline:
            limit = _least(limit, signin.end)
        key = keys[at]
        return _Root(key, partition_of(key), tuple(keys[first:]), grant, client, limit, token)

    def _stored(self, root: _Root, order: Order, rules: UsageRules, now: int, end: int) -> Minted:
        context = self._context
        family: Family | None = None
        if order.value:
            text = order.value
            name = tokens.digest(text)
        elif order.type == "refresh_token":
            raw = context.random(16)
            seed, family = new_seed(context, raw)
            text = family_text(context, root.partition, raw, seed, 0)
            name = "r" + base64url.encode(raw)
        else:
            text = tokens.random_token(
                _PREFIX[order.type],
                root.partition,
                random=context.random(32),
                mask_key=context.purposes.mask,
            )
            name = tokens.digest(text)
        based_on = order.parent.rsplit("/", 1)[1] if order.parent else ""
        value = Token(
            type=order.type,
            client_id=root.client.client_id,
            issued_at=now,
            expires_at=end,
            based_on=based_on,
            max_usage=rules.max_usage,
            supports_minting=rules.supports_minting,
            scope=order.scope,
            resources=order.resources,
            redirect_uri=order.redirect_uri,
            challenge=order.challenge,
            nonce=order.nonce,
            family=family if family is not None else UNSET,
        )
        # What a code gave may outlive the code, which must stay as long to end it when it is replayed.
        hands_over = order.type == "authorization_code" and bool(rules.supports_minting)
        record = records.first(
            context.keys.token(root.partition, name),
            value,
            op_id=context.op_id(),
            path=root.path,
            expires=root.grant.end if hands_over and root.grant else end,
            index=records.token_index(root.key),
        )
        scope = order.scope or (root.grant.scope if root.grant else ())
        return Minted(
            id=name,
            type=order.type,
            value=text,
            issued_at=now,
            expires_at=end,
            scope=scope,
            partition=root.partition,
            based_on=based_on,
            steps=(Put(record),),
        )

    def _jwt(self, root: _Root, order: Order, now: int, end: int) -> Minted:
        context, grant, client = self._context, root.grant, root.client
        scope = order.scope or (grant.scope if grant else ())
        audience = order.resources or (grant.resources if grant else ())
        jti = base64url.encode(context.random(16))
        based_on = order.parent.rsplit("/", 1)[1] if order.parent else ""
        claims: dict[str, object] = {
            "iss": context.issuer,
            "sub": grant.sub if grant else client.client_id,
            "aud": (audience[0] if len(audience) == 1 else audience) or context.issuer,
            "client_id": client.client_id,
            "iat": now // 1000,
            "exp": end // 1000,
            "jti": jti,
        }
        claims |= {"scope": " ".join(scope)} if scope else {}
        claims |= {"based_on": based_on} if based_on else {}
        if grant is not None:
            raw = base64url.decode(grant.id)
            body = tokens.masked(root.partition, raw, context.purposes.mask)
            claims["grant_id"] = tokens.encode("g", body)
            if grant.authentication_event is not UNSET:
                claims["auth_time"] = grant.authentication_event.authn_time // 1000
                if grant.authentication_event.acr:
                    claims["acr"] = grant.authentication_event.acr
        text = context.signing.active("ES256").sign(claims, typ="at+jwt")
        return Minted(
            id=jti,
            type="access_token",
            value=text,
            issued_at=now,
            expires_at=end,
            scope=scope,
            partition=root.partition,
            based_on=based_on,
        )

    def _id_token(self, admitted: Admitted, root: _Root, order: Order, end: int) -> Minted:
        context, grant, now = self._context, root.grant, admitted.now
        if grant is None:
            raise MintingNotAllowed(detail="an ID token speaks of a user")
        alg = root.client.id_token_signed_response_alg
        claims: dict[str, object] = {
            "iss": context.issuer,
            "sub": grant.sub,
            "aud": grant.client_id,
            "iat": now // 1000,
            "exp": (end or now + 300_000) // 1000,
        }
        event = grant.authentication_event
        if event is not UNSET:
            claims["auth_time"] = event.authn_time // 1000
            claims |= {"acr": event.acr} if event.acr else {}
            claims |= {"amr": event.amr} if event.amr else {}
        claims |= {"nonce": order.nonce} if order.nonce else {}
        claims |= {"sid": grant.signin} if grant.signin else {}
        claims |= {"at_hash": at_hash(alg, order.access)} if order.access else {}
        user = admitted.value(User)
        if order.claims and isinstance(user, User):
            asked = [name for name in order.claims if name not in oidc.OF_THE_PROTOCOL]
            claims |= {name: user.claims[name] for name in asked if name in user.claims}
        text = context.signing.active(alg).sign(claims, typ="JWT")
        return Minted(
            id=tokens.digest(text),
            type="id_token",
            value=text,
            issued_at=now,
            expires_at=end,
            scope=grant.scope,
            partition=root.partition,
        )


def _inheriting(order: Order, root: _Root) -> Order:
    """The order with what its parent hands down, if the parent and the grant allow it at all."""
    parent, grant = root.parent, root.grant
    if parent is not None and order.type not in parent.supports_minting:
        raise MintingNotAllowed(detail=f"a {parent.type} may not mint a {order.type}")
    handed_down = parent.scope if parent is not None else ()
    scope = order.scope or handed_down
    if grant is not None and scope and not set(scope) <= set(handed_down or grant.scope):
        raise MintingNotAllowed(detail="the scope goes beyond what was granted")
    if parent is None or (scope, parent.resources) == (order.scope, ()):
        return order
    resources = order.resources or parent.resources
    return msgspec.structs.replace(order, scope=scope, resources=resources)


def _bound(parent: object) -> int:
    """How long what is based on a token may live. A code only hands its grant over: it does not bound."""
    if isinstance(parent, Token) and parent.type != "authorization_code":
        return parent.expires_at
    return 0
