"""Minting: tokens of every class, each below what it is based on and never outliving it.

Opaque tokens are stored under the digest of their text. JWT access tokens and ID tokens are signed and not stored
singly: the path of what they are based on is judged, and revoking one leaves a tombstone until its `exp` (design
decision 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from sojourn.errors import MintingNotAllowed
from sojourn.model.admission import Admitted
from sojourn.model.delegation import Delegation
from sojourn.model.policy import UsageRules, rules_for
from sojourn.model.token import CODES, Family, Token
from sojourn.model.user import User
from sojourn.server.services.context import Context
from sojourn.server.services.sessions import rotation
from sojourn.server.services.sessions.root import Root, least, owner_of, root_of
from sojourn.store import records
from sojourn.store.contract import Put, Step
from sojourn.wire import oidc, tokens
from sojourn.wire.jose import at_hash

JWT_LIFE: Final = 300_000
"""The longest life of a JWT access token in ms: until then it may be accepted offline."""

_PREFIX: Final = {"authorization_code": "c", "access_token": "a"}


class Order(Struct, frozen=True, kw_only=True):
    """What token is to be minted.

    type        one of `policy.TOKEN_CLASSES`
    scope, resources, claims  empty: those of what it is based on, then those of the grant
    jwt         an access token as a JWT (RFC 9068)
    rules       overrule the grant's and the client's
    value       the text itself, where the embedding program may choose it
    jkt         thumbprint of the key to bind it to; empty: what it is based on says, unless that is a code
    id          what it is stored under, where its text is another's: of a device code, the text's digest
    delegation  of a token given in exchange for its parent: who acts with it
    life        the life asked for, in ms; 0: the rules' one, which only a token that is bound to a key may exceed
    """

    type: str
    scope: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    claims: Mapping[str, object] = {}
    jwt: bool = False
    rules: UsageRules | None = None
    value: str = ""
    id: str = ""
    nonce: str = ""
    jkt: str = ""
    redirect_uri: str = ""
    challenge: str = ""
    delegation: Delegation | UnsetType = UNSET
    life: int = 0

    def __repr__(self) -> str:
        return f"Order({self.type})"


class Minted(Struct, frozen=True, kw_only=True):
    """A token just minted; the only object that holds its text.

    id          as the store knows it
    type        its class
    expires_at  UTC ms; 0: as long as what stands above it
    partition   where it lies
    jkt         thumbprint of the key it is bound to; empty: none
    """

    id: str
    type: str
    value: str
    issued_at: int
    expires_at: int
    scope: tuple[str, ...]
    partition: int
    based_on: str = ""
    jkt: str = ""
    steps: tuple[Step, ...] = ()

    def __repr__(self) -> str:
        return f"Minted({self.type}, id={self.id[:8]}...)"


class _Told(NamedTuple):
    """What is particular to one token; an empty `scope` is the grant's."""

    id: str
    type: str
    text: str
    scope: tuple[str, ...]
    end: int
    jkt: str = ""

    def __repr__(self) -> str:
        return f"_Told({self.type})"


class _Wish(NamedTuple):
    """An order with all that it left open filled in."""

    order: Order
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    rules: UsageRules
    end: int


class Mint:
    """Makes tokens from admitted paths. Its steps are written by whoever asked."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def root(self, admitted: Admitted, parent: str = "") -> Root:
        """What tokens below an admitted path hang from. Raises MintingNotAllowed: see `root_of`."""
        return root_of(admitted, parent=parent, random=self._context.random)

    def prepare(self, root: Root, order: Order, *, access: str = "") -> Minted:
        """One token below a root: its text, and the steps that store it (none for a JWT).

        access  the text of the access token that an ID token goes with (`at_hash`)

        What the order leaves open is inherited from the parent, then from the grant. Raises MintingNotAllowed when the
        parent's usage rules say so or the scope goes beyond what was granted, ValueError for an unknown class.
        """
        scope, resources = _inherited(order, root)
        rules = order.rules or self._rules(root, order.type)
        now = root.admitted.now
        end = _end(now, _lives(order, rules), root.limit)
        if order.type == "id_token":
            return self._id_token(root, order, end, access)
        if order.jwt:
            wish = _Wish(order, scope, resources, rules, least(end, now + JWT_LIFE))
            return self._jwt(root, wish)
        return self._stored(root, _Wish(order, scope, resources, rules, end))

    def family_end(self, root: Root) -> int:
        """When a refresh family that is used now ends, in UTC ms: a life from now, within what stands above."""
        return _end(root.admitted.now, self._rules(root, "refresh_token").expires_in, root.bound)

    def _rules(self, root: Root, token_class: str) -> UsageRules:
        own = root.grant.usage_rules if root.grant else None
        return rules_for(token_class, own, root.client.token_lives, self._context.rules)

    def _named(self, root: Root, order: Order) -> tuple[str, str, Family | UnsetType]:
        """A stored token's text, its id, and the state of its family if it begins one."""
        context = self._context
        if order.id:
            return "", order.id, UNSET
        if order.value:
            return order.value, tokens.digest(order.value), UNSET
        if order.type == "refresh_token":
            name = tokens.digits(tokens.ID, context.random)
            seed, family = rotation.new_seed(context, name)
            text = rotation.family_text(context, root.partition, name, seed, 0)
            return text, rotation.name_of(name), family
        text = tokens.random_token(
            _PREFIX[order.type],
            root.partition,
            random=context.random,
            mask_key=context.purposes.mask,
        )
        return text, tokens.digest(text), UNSET

    def _stored(self, root: Root, wish: _Wish) -> Minted:
        context, grant = self._context, root.grant
        order, rules, end = wish.order, wish.rules, wish.end
        text, name, family = self._named(root, order)
        value = _value(root, wish, family)
        # What a code gave may outlive the code, which must stay as long to end it when it is replayed.
        hands_over = order.type in CODES and bool(rules.supports_minting)
        record = records.first(
            context.keys.token(root.partition, name),
            value,
            op_id=context.op_id(),
            path=root.path,
            expires=grant.end if hands_over and grant else end,
            index=records.token_index(grant.id) if grant else (),
        )
        told = _Told(name, order.type, text, wish.scope, end, value.jkt)
        return _minted(root, told, (Put(record, value),))

    def _jwt(self, root: Root, wish: _Wish) -> Minted:
        context, grant, client = self._context, root.grant, root.client
        scope = wish.scope or (grant.scope if grant else ())
        audience = wish.resources or (grant.resources if grant else ())
        jti = tokens.digits(tokens.ID, context.random)
        claims: dict[str, object] = {
            "iss": context.issuer,
            "sub": grant.sub if grant else owner_of(root.admitted.path),
            "aud": (audience[0] if len(audience) == 1 else audience) or context.issuer,
            "client_id": client.client_id,
            "iat": root.admitted.now // 1000,
            "exp": wish.end // 1000,
            "jti": jti,
        }
        jkt = _bound_to(wish.order, root)
        if jkt:
            claims["cnf"] = {"jkt": jkt}
        if scope:
            claims["scope"] = " ".join(scope)
        if root.based_on:
            claims["based_on"] = root.based_on
        if grant is not None:
            claims["grant_id"] = context.grant_text(root.partition, grant.id)
            if grant.authentication_event is not UNSET:
                claims["auth_time"] = grant.authentication_event.authn_time // 1000
                if grant.authentication_event.acr:
                    claims["acr"] = grant.authentication_event.acr
        if wish.order.delegation is not UNSET:
            claims["act"] = wish.order.delegation.act()
            if grant is None:
                # Trees of a client lie spread: whose it is does not tell where this one is kept.
                claims["kept_at"] = context.grant_text(root.partition, jti)
        text = context.signing.active("ES256").sign(claims, typ="at+jwt")
        told = _Told(jti, "access_token", text, scope, wish.end, jkt)
        return _minted(root, told, self._of_exchanged_jwt(root, wish, jti))

    def _of_exchanged_jwt(self, root: Root, wish: _Wish, jti: str) -> tuple[Step, ...]:
        """A JWT that was given in exchange is stored singly too: its actors must be found to be judged."""
        if wish.order.delegation is UNSET:
            return ()
        value = _value(root, wish, UNSET)
        record = records.first(
            self._context.keys.jwt(root.partition, jti),
            value,
            op_id=self._context.op_id(),
            path=root.path,
            expires=wish.end,
            index=records.token_index(root.grant.id) if root.grant else (),
        )
        return (Put(record, value),)

    def _id_token(self, root: Root, order: Order, end: int, access: str) -> Minted:
        context, grant, now = self._context, root.grant, root.admitted.now
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
            if event.acr:
                claims["acr"] = event.acr
            if event.amr:
                claims["amr"] = event.amr
        if order.nonce:
            claims["nonce"] = order.nonce
        if grant.signin:
            claims["sid"] = grant.signin
        if access:
            claims["at_hash"] = at_hash(alg, access)
        user = root.admitted.value(User) if order.claims else None
        if isinstance(user, User):
            asked = [name for name in order.claims if name not in oidc.OF_THE_PROTOCOL]
            claims |= {name: user.claims[name] for name in asked if name in user.claims}
        text = context.signing.active(alg).sign(claims, typ="JWT")
        return _minted(root, _Told(tokens.digest(text), "id_token", text, grant.scope, end))


def _value(root: Root, wish: _Wish, family: Family | UnsetType) -> Token:
    """What is stored of a token."""
    order, rules = wish.order, wish.rules
    return Token(
        type=order.type,
        client_id=root.client.client_id,
        issued_at=root.admitted.now,
        expires_at=wish.end,
        based_on=root.based_on,
        max_usage=rules.max_usage,
        supports_minting=rules.supports_minting,
        scope=wish.scope,
        resources=wish.resources,
        redirect_uri=order.redirect_uri,
        challenge=order.challenge,
        nonce=order.nonce,
        jkt=_bound_to(order, root),
        family=family,
        delegation=order.delegation,
    )


def _minted(root: Root, told: _Told, steps: tuple[Step, ...] = ()) -> Minted:
    return Minted(
        id=told.id,
        type=told.type,
        value=told.text,
        issued_at=root.admitted.now,
        expires_at=told.end,
        scope=told.scope or (root.grant.scope if root.grant else ()),
        partition=root.partition,
        based_on=root.based_on,
        jkt=told.jkt,
        steps=steps,
    )


def _bound_to(order: Order, root: Root) -> str:
    """The key of a new token (RFC 9449 §6): what is derived from a bound token never comes loose of its key, unless it
    was exchanged by one who was judged to have it, or never could.
    """
    parent = root.parent if order.delegation is UNSET else None
    return order.jkt or (parent.jkt if parent is not None and not parent.is_code else "")


def _lives(order: Order, rules: UsageRules) -> int:
    """The life of a new token in ms; 0: as long as what stands above it. A copy of one that is bound to a key is of no
    use, so that it may live longer than others of its class.
    """
    if not order.life or order.jkt:
        return order.life or rules.expires_in
    return least(order.life, rules.expires_in)


def _end(now: int, life: int, limit: int) -> int:
    return least(now + life if life else 0, limit)


def _inherited(order: Order, root: Root) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Scope and resources of a token: the order's, else what its parent hands down, if that and the grant allow it."""
    parent, grant = root.parent, root.grant
    if parent is None:
        scope, granted = order.scope, grant.scope if grant else order.scope
        resources = order.resources
    else:
        if order.delegation is UNSET and order.type not in parent.supports_minting:
            raise MintingNotAllowed(detail=f"a {parent.type} may not mint a {order.type}")
        scope, granted = order.scope or parent.scope, parent.scope
        resources = order.resources or parent.resources
        granted = granted or (grant.scope if grant else scope)
    if scope and scope is not granted and not set(scope) <= set(granted):
        raise MintingNotAllowed(detail="the scope goes beyond what was granted")
    return scope, resources
