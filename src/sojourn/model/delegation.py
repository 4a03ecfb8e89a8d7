"""Delegation: who acts with a token that somebody else's tree gave (RFC 8693 §4.1). `token` keeps it, and `admission`
judges every actor beside the token's own path.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

LONGEST: Final = 8
"""Actors in a row: each exchange of an exchanged token adds one."""


class Actor(Struct, frozen=True, omit_defaults=True):
    """One who acts.

    sub        the client's own id, or whom the token that it showed is about
    client_id  the client that acts
    proof      store key of that token, or of what it stands on where it is a JWT; empty: the client acts as itself
    mark       store key of the tombstone that a JWT would have; nothing there: it was not revoked
    """

    sub: str
    client_id: str
    proof: str = ""
    mark: str = ""


class Delegation(Struct, frozen=True, omit_defaults=True):
    """Who acts with a token, newest first, and a name that people see it by."""

    actors: tuple[Actor, ...]
    job: str = ""

    def act(self) -> dict[str, Any]:
        """The `act` claim: each actor holds the one before it (RFC 8693 §4.1)."""
        claim: dict[str, Any] = {}
        for actor in reversed(self.actors):
            inner = {"act": claim} if claim else {}
            claim = {"sub": actor.sub, "client_id": actor.client_id, **inner}
        return claim

    def after(self, actor: Actor) -> tuple[Actor, ...]:
        """The actors once `actor` acts with this token too."""
        return (actor, *self.actors)
