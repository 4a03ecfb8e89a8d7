"""Delegation: a token of somebody, judged, becomes the parent of one with which another acts (RFC 8693).

The new token stands in the subject's tree below the one that was shown, so that ending anything above ends it too. The
grant type stands above; it knows the request, and here is what may be made of a token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import UNSET, Struct

from sojourn.errors import InvalidRequest, InvalidToken
from sojourn.model.admission import EXCHANGE
from sojourn.model.client import Client
from sojourn.model.delegation import LONGEST, Actor, Delegation
from sojourn.model.grant import Grant
from sojourn.model.ids import is_of_jwt
from sojourn.model.resource import Resource
from sojourn.server.services.sessions.acceptance import Acceptance, Accepted
from sojourn.server.services.sessions.root import Root, handed_on
from sojourn.server.services.sessions.tree import Tree
from sojourn.store.contract import Step
from sojourn.wire import exchange

_KINDS: Final = {
    exchange.ACCESS_TOKEN: "access_token",
    exchange.JWT: "access_token",
    exchange.REFRESH_TOKEN: "refresh_token",
}


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

    async def subject(self, text: str, kind: str, client: Client, look_up: LookUp) -> Accepted:
        """The token that `client` may exchange: its own, or an access token for a resource of its own (RFC 8693 §5).

        look_up  gives the live resource of an identifier

        Raises InvalidRequest, the same for every token that is not good or not the client's to exchange (§2.2.2).
        """
        found = await self._accepted(text, kind, "subject_token")
        if found.client_id == client.client_id:
            if found.type == "refresh_token":
                _check_refresh(found, client)
            return found
        if found.type != "access_token" or client.public:
            raise _not_good("subject_token", "issued to another client")
        resources = [await look_up(identifier) for identifier in found.audience]
        own = [one for one in resources if one is not None and one.client_id == client.client_id]
        if not own or None in resources:
            raise _not_good("subject_token", "issued to another client, for another service")
        return found

    async def acting(self, text: str, kind: str, client: Client) -> Acting:
        """Who acts: whom the token that `client` shows is about, or without one the client itself.

        Raises InvalidRequest for a token that was not issued to this client, or that was exchanged itself.
        """
        if not text:
            return Acting(Actor(client.client_id, client.client_id))
        if kind == exchange.REFRESH_TOKEN:
            message = "An actor_token is an access token."
            raise InvalidRequest(message)
        found = await self._accepted(text, kind, "actor_token")
        if found.client_id != client.client_id:
            raise _not_good("actor_token", "issued to another client")
        if found.token.delegation is not UNSET:
            raise _not_good("actor_token", "it was exchanged itself")
        key, mark = found.key, ""
        if is_of_jwt(found.key):
            key, mark = found.admitted.path[1].key, found.key
        actor = Actor(found.sub, client.client_id, proof=key, mark=mark)
        return Acting(actor, found.expires_at)

    async def _accepted(self, text: str, kind: str, name: str) -> Accepted:
        wanted = _KINDS.get(kind)
        if wanted is None:
            message = f"{name}_type is one of {', '.join(_KINDS)}."
            raise InvalidRequest(message)
        try:
            found = await self._acceptance.accept(text, EXCHANGE)
        except InvalidToken as error:
            raise _not_good(name, error.detail) from error
        if found.type != wanted or (kind == exchange.JWT and not found.jwt):
            raise _not_good(name, "of another type")
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


def _check_refresh(found: Accepted, client: Client) -> None:
    """A refresh token that gives nothing any more is not exchanged either; and one that was copied could be exchanged
    without the rotation that finds theft, unless the client proves who it is.
    """
    if client.public:
        message = "A client that does not authenticate exchanges access tokens only."
        raise InvalidRequest(message)
    if found.grant and found.grant.offline and "offline_access" not in client.scope:
        raise _not_good("subject_token", "the client lost its offline access since")


def _not_good(name: str, detail: str) -> InvalidRequest:
    """One answer for every fault of a token, so that nobody can ask about another's (RFC 8693 §2.2.2)."""
    message = f"The {name} is not one that this client can exchange: unknown, ended, or not for it."
    return InvalidRequest(message, detail=detail)
