"""Interactions: kept in a sealed cookie until a first factor succeeds, in the user's partition from then on.

The page's `i` names the cookie; the cookie is sealed for 15 minutes, or leads to a record that is used once. Without
the browser that began it, an interaction is nothing.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct
from starlette.requests import Request

from sojourn.errors import Conflict, InvalidRequest, Malformed, PageExpired
from sojourn.model import ids
from sojourn.model.interaction import Interaction
from sojourn.server.pages.site import Site
from sojourn.store import records
from sojourn.store.contract import Drop, Put, Record, partition_of
from sojourn.wire import base64url, cookies, seal, tokens

LARGEST: Final = 3_000
FLOW: Final = "i"
LOGOUT: Final = "o"
"""Kinds of interaction; one kind is never found as another, for only the first is of checked parameters."""
_is_name: Final = re.compile(r"[0-9a-f]{12}").fullmatch
_decoder: Final = msgspec.json.Decoder(Interaction)


class Found(Struct, frozen=True):
    """An interaction, and the record it lies in if it lies in one."""

    interaction: Interaction
    record: Record | None = None


class Interactions:
    """Begins, finds, changes and finishes interactions."""

    def __init__(self, site: Site, kind: str = FLOW) -> None:
        self._site = site
        self._kind = kind

    def begin(self, parameters: dict[str, str]) -> Interaction:
        """A new interaction for a request's parameters."""
        context = self._site.context
        return Interaction(id=context.random(6).hex(), request=parameters, created=context.now())

    def _purpose(self, name: str) -> str:
        return f"{self._kind}-{name}"

    def _associated(self, name: str) -> bytes:
        return seal.length_prefixed("interaction", self._site.keys.realm, self._kind, name)

    def cookie(self, interaction: Interaction) -> str:
        """The Set-Cookie text that keeps an interaction sealed. Raises InvalidRequest when it is too large."""
        context = self._site.context
        sealed = seal.seal(
            context.purposes.cookie,
            msgspec.json.encode(interaction),
            nonce=context.random(12),
            associated=self._associated(interaction.id),
        )
        text = base64url.encode(sealed)
        if len(text) > LARGEST:
            message = "The authorization request is too large."
            raise InvalidRequest(message)
        life = context.lifetimes.interaction // 1000
        return self._site.cookie(self._purpose(interaction.id), text, max_age=life)

    async def keep(self, interaction: Interaction, user_id: str) -> str:
        """Keep an interaction as a record in the user's partition; returns the Set-Cookie text that leads to it."""
        context = self._site.context
        part = ids.partition("user", user_id)
        text = tokens.random_token("i", part, random=context.random, mask_key=context.purposes.mask)
        key = context.keys.interaction(part, tokens.digest(text))
        until = interaction.created + context.lifetimes.interaction
        fresh = records.first(key, interaction, op_id=context.op_id(), expires=until)
        await context.store.put(fresh)
        life = context.lifetimes.interaction // 1000
        return self._site.cookie(self._purpose(interaction.id), text, max_age=life)

    async def find(self, request: Request, name: str) -> Found | None:
        """The interaction that this browser has under a name; None when there is none or its time is over."""
        if not _is_name(name):
            return None
        jar = cookies.parse(request.headers.get("cookie", ""))
        text = jar.get(self._site.cookie_name(self._purpose(name)), "")
        if not text:
            return None
        found = await self._record(text) if text.startswith("sj_i_") else self._sealed(text, name)
        if found is None or found.interaction.id != name:
            return None
        context = self._site.context
        if context.now() >= found.interaction.created + context.lifetimes.interaction:
            return None
        return found

    def _sealed(self, text: str, name: str) -> Found | None:
        key = self._site.context.purposes.cookie
        try:
            opened = seal.open(key, base64url.decode(text), associated=self._associated(name))
            return Found(_decoder.decode(opened))
        except (Malformed, msgspec.DecodeError):
            return None

    async def _record(self, text: str) -> Found | None:
        context = self._site.context
        try:
            _, body = tokens.decode(text)
            part = tokens.partition_of(body, context.purposes.mask)
        except Malformed:
            return None
        record = await context.store.get(context.keys.interaction(part, tokens.digest(text)))
        return None if record is None else Found(records.value_of(record, Interaction), record)

    async def update(self, found: Found, changed: Interaction, user_id: str) -> tuple[str, ...]:
        """Keep what a person said, as a record: sealed, it could be said again. Returns the Set-Cookie texts it needs.

        Raises PageExpired when the page was answered twice at once.
        """
        if found.record is None:
            return (await self.keep(changed, user_id),)
        context = self._site.context
        fresh = records.successor(found.record, changed, op_id=context.op_id())
        try:
            await context.store.batch(partition_of(fresh.key), (Put(fresh),))
        except Conflict as error:
            raise PageExpired from error
        return ()

    async def finish(self, found: Found) -> str:
        """Use an interaction up. Raises PageExpired when it was used before."""
        if found.record is not None:
            step = Drop(found.record.key, found.record.version)
            try:
                await self._site.context.store.batch(partition_of(found.record.key), (step,))
            except Conflict as error:
                raise PageExpired from error
        return self._site.no_cookie(self._purpose(found.interaction.id))
