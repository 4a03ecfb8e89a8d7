"""Authorizing: a grant and its code, written together once the person is known and has agreed."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from sojourn.errors import Conflict
from sojourn.model.admission import AUTHORIZE, EMBED, Admitted, judge
from sojourn.model.client import Client
from sojourn.model.client_session import Consent
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.grants import GrantOrder, Grants
from sojourn.server.services.sessions.minting import Mint, Minted, Order
from sojourn.server.services.sessions.tree import ATTEMPTS, Tree


class Authorizing:
    """Makes grants with codes."""

    __slots__ = ("_context", "_grants", "_mint", "_tree")

    def __init__(self, context: Context, tree: Tree, grants: Grants, mint: Mint) -> None:
        self._context = context
        self._tree = tree
        self._grants = grants
        self._mint = mint

    async def authorize(
        self,
        signin: Admitted,
        order: GrantOrder,
        code: Order,
        *,
        client: Client,
        consent: Consent | UnsetType = UNSET,
        event: str = "",
    ) -> Minted:
        """Write a grant below a live sign-in, its code, and the consent given with it, all or nothing.

        event  type of an event of the code's own

        Raises NotLive when something above has ended meanwhile, Conflict when a code whose id was named is there.
        """
        for _ in range(ATTEMPTS):
            now = self._context.now()
            path = await self._tree.path(signin.leaf.key)
            standing = judge(AUTHORIZE, path, client=client, now=now)
            prepared = await self._grants.prepare(order, standing=standing, consent=consent)
            admitted = judge(EMBED, prepared.path, client=client, now=now)
            minted = self._mint.prepare(self._mint.root(admitted), code)
            where = self._context.keys.token(prepared.partition, minted.id)
            told = self._tree.events(
                prepared.path[0].key, "grant.created", actor=order.user_id, subject=order.user_id
            )
            if event:
                more = self._tree.events(where, event, actor=order.user_id, subject=order.user_id)
                told = (*told, *more)
            try:
                await self._tree.commit(prepared.partition, (*prepared.steps, *minted.steps, *told))
            except Conflict:
                if code.id and await self._context.store.get(where) is not None:
                    raise
                continue
            return msgspec.structs.replace(minted, steps=())
        raise Conflict
