"""The set-up link: made at a start without an administrator, good once and for a day."""

from __future__ import annotations

from typing import Final

from sojourn.errors import Conflict, SetUpDone
from sojourn.model.marks import SetupLink
from sojourn.server.services.context import Context
from sojourn.store import records
from sojourn.store.contract import Drop, Put, partition_of
from sojourn.wire import tokens

LIFE: Final = 86_400_000


class SetUp:
    """Makes and uses set-up links."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def _key(self, token: str) -> str:
        return self._context.keys.setup(tokens.digest(token))

    async def make(self) -> str:
        """A fresh link's token."""
        token = tokens.encode("u", self._context.random(32))
        await self.restore(token)
        return token

    async def restore(self, token: str) -> None:
        """Make a token good (again), for a day."""
        context = self._context
        end = context.now() + LIFE
        fresh = records.first(
            self._key(token), SetupLink(end=end), op_id=context.op_id(), expires=end
        )
        await context.store.batch(partition_of(fresh.key), (Put(fresh),))

    async def check(self, token: str) -> None:
        """Raises SetUpDone unless the token is good."""
        record = await self._context.store.get(self._key(token)) if token else None
        if record is None or self._context.now() >= records.value_of(record, SetupLink).end:
            raise SetUpDone

    async def use(self, token: str) -> bool:
        """Use a token up; only one caller is told True."""
        record = await self._context.store.get(self._key(token))
        if record is None:
            return False
        try:
            step = Drop(record.key, record.version)
            await self._context.store.batch(partition_of(record.key), (step,))
        except Conflict:
            return False
        return True
