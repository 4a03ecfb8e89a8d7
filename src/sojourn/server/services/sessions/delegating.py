"""Delegation: a token of somebody, judged, becomes the parent of one with which another acts (RFC 8693).

The new token stands in the subject's tree below the one that was shown, so that ending anything above ends it too. The
grant type stands above; it knows the request, and here is what may be made of a token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import UNSET, Struct

from sojourn.errors import InvalidRequest, InvalidToken
from sojourn.model.admission import EXCHANGE, EXCHANGE_FOR_SERVICE, Operation
from sojourn.model.client import Client
from sojourn.model.delegation import LONGEST, Actor, Delegation
from sojourn.model.grant import Grant
from sojourn.model.ids import is_of_jwt
from sojourn.model.resource import Resource
from sojourn.model.token import Token
from sojourn.server.services.sessions.acceptance import Acceptance, Accepted, Located
from sojourn.server.services.sessions.root import Root, handed_on
from sojourn.server.services.sessions.tree import Tree
from sojourn.store.contract import Step
from sojourn.wire import exchange

_KINDS: Final = {
    exchange.ACCESS_TOKEN: "access_token",
    exchange.JWT: "access_token",
    exchange.REFRESH_TOKEN: "refresh_token",
}


class Shown(Struct, frozen=True):
    """A token as it was shown: the parameter, its text and its type; an actor's text may be empty.

    name  subject_token | actor_token
    """

    name: str
    text: str
    kind: str

    def __repr__(self) -> str:
        return f"Shown({self.name})"


LookUp = Callable[[str], Awaitable[Resource | None]]


class Acting(Struct, frozen=True):
    """Who will act, and until when at most (UTC ms; 0: as long as the subject's token lasts)."""

    actor: Actor
    until: int = 0


class Delegating:
    """Judges what is to be exchanged, and by whom."""

    __slots__ = ("_acceptance", "_tree")

    def __init__(self, tree: Tree, acceptance: Acceptance) -> None:
        self._tree = tree
        self._acceptance = acceptance

    async def subject(
        self, shown: Shown, client: Client, look_up: LookUp, *, key: str = ""
    ) -> Accepted:
        """The token that `client` may exchange: its own, or an access token for a resource of its own (RFC 8693 §5).

        look_up  gives the live resource of an identifier
        key      thumbprint of the key that was proved with the request (RFC 9449); empty: none was

        Raises InvalidRequest, the same for every token that is not good or not the client's to exchange (§2.2.2).
        """
        located = await self._located(shown)
        if _client_of(located) == client.client_id:
            found = await self._judged(located, shown, EXCHANGE, key)
            if found.type == "refresh_token":
                _check_refresh(found, client)
            return found
        found = await self._judged(located, shown, EXCHANGE_FOR_SERVICE, "")
        resources = [await look_up(identifier) for identifier in found.audience]
        own = [one for one in resources if one is not None and one.client_id == client.client_id]
        if client.public or not own or None in resources:
            raise _not_good(shown.name, "issued to another client, for another service")
        return found

    async def acting(self, shown: Shown, client: Client, *, key: str = "") -> Acting:
        """Who acts: whom the token that `client` shows is about, or without one the client itself; `key` as for the
        subject's.

        Raises InvalidRequest for a token that was not issued to this client, or that was exchanged itself.
        """
        if not shown.text:
            return Acting(Actor(client.client_id, client.client_id))
        if shown.kind == exchange.REFRESH_TOKEN:
            message = "An actor_token is an access token."
            raise InvalidRequest(message)
        located = await self._located(shown)
        if _client_of(located) != client.client_id:
            raise _not_good(shown.name, "issued to another client")
        found = await self._judged(located, shown, EXCHANGE, key)
        if found.token.delegation is not UNSET:
            raise _not_good(shown.name, "it was exchanged itself")
        proof, mark = found.key, ""
        if is_of_jwt(found.key):
            proof, mark = found.admitted.path[1].key, found.key
        return Acting(Actor(found.sub, client.client_id, proof, mark), found.expires_at)

    async def _located(self, shown: Shown) -> Located:
        if shown.kind not in _KINDS:
            message = f"{shown.name}_type is one of {', '.join(_KINDS)}."
            raise InvalidRequest(message)
        located = await self._acceptance.locate(shown.text)
        if located is None:
            raise _not_good(shown.name, "unknown")
        return located

    async def _judged(
        self, located: Located, shown: Shown, operation: Operation, key: str
    ) -> Accepted:
        try:
            found = await self._acceptance.judged(located, operation, key=key)
        except InvalidToken as error:
            raise _not_good(shown.name, error.detail) from error
        if found.type != _KINDS[shown.kind] or (shown.kind == exchange.JWT and not found.jwt):
            raise _not_good(shown.name, "of another type")
        return found

    def delegation(self, subject: Accepted, acting: Acting, job: str) -> Delegation:
        """Who acts with the new token. Raises InvalidRequest when too many would."""
        told = subject.token.delegation
        actors = (acting.actor,) if told is UNSET else told.after(acting.actor)
        if len(actors) > LONGEST:
            message = f"The token was exchanged {LONGEST} times already."
            raise InvalidRequest(message)
        return Delegation(actors, job)

    def root(self, subject: Accepted, acting: Acting, client: Client) -> Root:
        """What the new token hangs from."""
        return handed_on(subject.admitted, client, until=acting.until)

    def told(self, subject: Accepted, acting: Acting) -> tuple[Step, ...]:
        """The event that goes with it, at the token that was exchanged."""
        grant = subject.admitted.value(Grant)
        owner = grant.user_id if isinstance(grant, Grant) else subject.sub
        leaf = subject.admitted.leaf
        return self._tree.events(
            leaf.key, "token.exchanged", actor=acting.actor.client_id, subject=owner
        )


def _client_of(located: Located) -> str:
    leaf = located.path[0].value if located.path else None
    return leaf.client_id if isinstance(leaf, Token) else ""


def _check_refresh(found: Accepted, client: Client) -> None:
    """A refresh token that gives nothing any more is not exchanged either; and one that was copied could be exchanged
    without the rotation that finds theft, unless the client proves who it is, or the key of the token.
    """
    if client.public and not found.jkt:
        message = "A client that neither authenticates nor proves a key exchanges access tokens."
        raise InvalidRequest(message)
    if found.grant and found.grant.offline and "offline_access" not in client.scope:
        raise _not_good("subject_token", "the client lost its offline access since")


def _not_good(name: str, detail: str) -> InvalidRequest:
    """One answer for every fault of a token, so that nobody can ask about another's (RFC 8693 §2.2.2)."""
    message = f"The {name} is not one that this client can exchange: unknown, ended, or not for it."
    return InvalidRequest(message, detail=detail)
