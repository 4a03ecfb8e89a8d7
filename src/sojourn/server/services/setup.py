"""The set-up link: made at a start without an administrator, good once and for a day. A new one ends the old one."""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

from sojourn.errors import Conflict, SetUpDone
from sojourn.model.marks import SetupLink
from sojourn.server.services.context import Context
from sojourn.store import records
from sojourn.store.contract import Drop, Put, Record, partition_of
from sojourn.wire import tokens

LIFE: Final = 86_400_000


class SetUp:
    """Makes and uses set-up links."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    async def make(self) -> str:
        """A fresh link's token."""
        token = self._context.secret("u")
        await self.restore(token)
        return token

    async def restore(self, token: str) -> None:
        """Make a token good (again), for a day, and no other."""
        context = self._context
        end, key = context.now() + LIFE, context.keys.setup()
        link = SetupLink(digest=tokens.digest(token), end=end)
        old = await context.store.get(key)
        if old is None:
            fresh = records.first(key, link, op_id=context.op_id(), expires=end)
        else:
            fresh = records.successor(old, link, op_id=context.op_id(), expires=end)
        await context.store.batch(partition_of(key), (Put(fresh),))

    async def check(self, token: str) -> None:
        """Raises SetUpDone unless the token is good."""
        if await self._found(token) is None:
            raise SetUpDone

    async def use(self, token: str) -> bool:
        """Use a token up; only one caller is told True."""
        record = await self._found(token)
        if record is None:
            return False
        try:
            step = Drop(record.key, record.version)
            await self._context.store.batch(partition_of(record.key), (step,))
        except Conflict:
            return False
        return True

    async def _found(self, token: str) -> Record | None:
        record = await self._context.store.get(self._context.keys.setup())
        if record is None:
            return None
        link = records.value_of(record, SetupLink)
        good = compare_digest(link.digest, tokens.digest(token)) and self._context.now() < link.end
        return record if good else None
