"""The stores in which programs keep what a person's sign-ins gave them: read from the grants that name them, and ended
grant by grant. Sessions pages and the desk stand above it."""

from __future__ import annotations

from msgspec import Struct

from sojourn.errors import Malformed
from sojourn.model import ids
from sojourn.model.grant import Grant
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.grants import Grants
from sojourn.server.services.sessions.overview import GrantEntry, Overview, Overviews
from sojourn.wire.kept_in import KeptIn


class StoreEntry(Struct, frozen=True):
    """A store and the live grants that are kept in it, newest first."""

    store: KeptIn
    grants: tuple[GrantEntry, ...]

    @property
    def last_used(self) -> int:
        """When a token was last made for any of them, UTC ms; 0: never."""
        return max(entry.last_used for entry in self.grants)

    @property
    def since(self) -> int:
        """When the oldest of them was made, UTC ms."""
        return min(entry.grant.created for entry in self.grants)


def store_of(grant: Grant) -> KeptIn | None:
    """Where the tokens of a grant are kept, as the program told when it asked for them."""
    try:
        return KeptIn.parse(grant.authorization_request)
    except Malformed:
        return None


def stores_of(overview: Overview) -> tuple[StoreEntry, ...]:
    """The stores that keep something live of a user's, the one with the newest grant first."""
    entries = [*overview.offline, *(one for entry in overview.sign_ins for one in entry.grants)]
    entries.sort(key=lambda entry: entry.grant.created, reverse=True)
    found: dict[str, StoreEntry] = {}
    for entry in entries:
        store = store_of(entry.grant)
        if store is None or entry.why:
            continue
        known = found.get(store.id, StoreEntry(store, ()))
        found[store.id] = StoreEntry(known.store, (*known.grants, entry))
    return tuple(found.values())


class Stores:
    """Ends all that a store keeps."""

    __slots__ = ("_context", "_grants", "_overviews")

    def __init__(self, context: Context, overviews: Overviews, grants: Grants) -> None:
        self._context = context
        self._overviews = overviews
        self._grants = grants

    async def end(self, user_id: str, store_id: str, why: str, *, by: str) -> bool:
        """End every grant of a user that a store keeps, one after the other. True if any was live."""
        stores = stores_of(await self._overviews.of(user_id))
        part, done = ids.partition("user", user_id), False
        for entry in (
            one for store in stores if store.store.id == store_id for one in store.grants
        ):
            key = self._context.keys.grant(part, entry.grant.id)
            done = await self._grants.end_grant(key, why, by=by, subject=user_id) or done
        return done
