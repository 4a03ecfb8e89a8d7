"""Reading paths, changing single nodes, ending them. The one place of the Session Manager that writes to the store.

A change is read, altered and written back under the version that was read; whoever loses the race begins again. Ending
a node is one write to that node, together with its event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET

from sojourn.errors import Conflict, OutcomeUnknown
from sojourn.model.admission import Admitted
from sojourn.model.beside import ALONE, Beside, needed_beside
from sojourn.model.client import Client
from sojourn.model.event import Event
from sojourn.model.liveness import Path
from sojourn.model.value import Ending, Value
from sojourn.server.services.context import Context
from sojourn.store import records
from sojourn.store.contract import Check, Put, Record, Step, partition_of

V = TypeVar("V", bound=Value)

ATTEMPTS: Final = 256
"""How often a writer that lost a race begins again. Each loss means that another one won, so a crowd gets through."""


class Tree:
    """The store as the Session Manager sees it."""

    __slots__ = ("_context", "_store", "decoded")

    def __init__(self, context: Context) -> None:
        self._context = context
        self.decoded = records.Decoded()
        self._store = context.store

    async def path(self, key: str) -> Path:
        """The leaf at `key` and its ancestors; empty if there is no such leaf."""
        return self.decoded.path(await self._store.path(key))

    async def client(self, client_id: str) -> Client | None:
        """The record of a client, which is judged beside every path."""
        record = await self._store.get(self._context.keys.client(client_id))
        return None if record is None else self.decoded.value(record, Client)

    async def beside(self, path: Path) -> Beside:
        """What must be judged beside a path: something only for tokens that were exchanged."""
        clients, keys = needed_beside(path)
        if not clients and not keys:
            return ALONE
        return Beside(
            {name: await self.client(name) for name in clients},
            {key: await self.path(key) for key in keys},
        )

    async def commit(self, partition: int, steps: tuple[Step, ...]) -> None:
        """Write all steps or none. An unknown outcome is found out by reading one of them again."""
        if not steps:
            return
        try:
            await self._store.batch(partition, steps)
        except OutcomeUnknown:
            written = next((step.record for step in steps if isinstance(step, Put)), None)
            if written is None:
                raise
            found = await self._store.get(written.key)
            if found is None or found.op_id != written.op_id:
                raise
        for step in steps:
            if type(step) is Put and isinstance(step.value, Value):
                self.decoded.learn(step.record, step.value)

    async def put_with(self, record: Record, event: tuple[Step, ...]) -> None:
        """Write one record together with its event."""
        await self.commit(partition_of(record.key), (Put(record), *event))

    def events(
        self, key: str, kind: str, *, actor: str = "", subject: str = "", reason: str = ""
    ) -> tuple[Step, ...]:
        """The outbox entry for a change of `key`, to be written with it; nothing if nobody delivers."""
        context = self._context
        if not context.outbox:
            return ()
        now = context.now()
        event = Event(
            id=f"{now:012x}{context.random(8).hex()}",
            time=now,
            realm=context.keys.realm,
            type=kind,
            actor=actor,
            subject=subject,
            path=key,
            reason=reason,
        )
        where = context.keys.event(partition_of(key), event.id)
        return (Put(records.first(where, event, op_id=context.op_id())),)

    async def change(
        self,
        key: str,
        shape: type[V],
        alter: Callable[[V], V | None],
        *,
        event: tuple[Step, ...] = (),
        expires: int | None = None,
    ) -> V | None:
        """Replace the value at `key` by what `alter` makes of it (None: leave it); returns what stands there then.

        expires  when the record may be swept from now on, UTC ms; None: as before

        None if there is nothing at `key`. Raises Conflict after losing many races in a row.
        """
        for _ in range(ATTEMPTS):
            record = await self._store.get(key)
            if record is None:
                return None
            value = records.value_of(record, shape)
            changed = alter(value)
            if changed is None:
                return value
            op_id = self._context.op_id()
            fresh = records.successor(record, changed, op_id=op_id, expires=expires)
            try:
                await self.commit(partition_of(key), (Put(fresh, changed), *event))
            except Conflict:
                continue
            return changed
        raise Conflict

    async def end(
        self,
        key: str,
        shape: type[V],
        why: str,
        *,
        by: str = "",
        subject: str = "",
        recursive: bool = True,
    ) -> bool:
        """End a node, with all that stands below it. True if it was live, False if it is missing or ended already.

        A token that ended alone (`recursive=False`) may still be ended with what is based on it.
        """
        ending = Ending(self._context.now(), why, recursive, by)
        done = False

        def alter(value: V) -> V | None:
            nonlocal done
            old: Ending | msgspec.UnsetType = getattr(value, "ended")  # noqa: B009 - nodes have it
            done = old is UNSET or (recursive and not old.recursive)
            return msgspec.structs.replace(value, ended=ending) if done else None

        name = f"{shape.__name__.lower()}.ended"
        event = self.events(key, name, actor=by, subject=subject, reason=why)
        await self.change(key, shape, alter, event=event)
        return done


def checks(admitted: Admitted, partition: int, *, but: str = "") -> tuple[Check, ...]:
    """Steps that hold the judged path still while something is minted below it, `but` one key that is rewritten.

    A node of version 0 was not read from the store, so there is nothing to hold.
    """
    middle = f"/{partition:03x}/"
    return tuple(
        [
            Check(node.key, node.version)
            for node in admitted.path
            if node.version and node.key != but and middle in node.key
        ]
    )
