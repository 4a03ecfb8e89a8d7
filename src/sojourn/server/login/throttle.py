"""Throttling of sign-ins: a delay that grows with failures in a row, for an account and for an address.

An account is counted by its normalised name whether it exists or not, so nothing is told; name and e-mail of one user
normalise to one count. Nobody is locked out for good: the delay is bounded, and success clears the account's. Guesses
do not get round the delay by coming all at once: few tries of one account are judged at the same time.
"""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address, ip_network
from typing import Final

import msgspec

from sojourn.errors import Conflict, SignInRefused
from sojourn.model.marks import Failures
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.tree import Tree
from sojourn.store import records
from sojourn.store.contract import Put, partition_of
from sojourn.wire import tokens

FREE_FOR_ACCOUNT: Final = 4
FREE_FOR_ADDRESS: Final = 20
AT_ONCE: Final = 8
"""Tries of one account that may be judged at the same time, less its failures so far, but one at least."""
LONGEST: Final = 900_000
FORGET: Final = 86_400_000


def delay(failures: int, free: int) -> int:
    """Ms to wait after so many failures in a row, the first `free` of them without delay: 1 s, doubling to 15 min."""
    if failures <= free:
        return 0
    return min(1000 << min(failures - free - 1, 20), LONGEST)


def network_of(address: str) -> str:
    """What is counted for an address: itself, or the /64 of an IPv6 address; any other text as it is."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(found) if found.version == 4 else str(ip_network((found, 64), strict=False))


class Throttle:
    """Counts failures, and says how long the next try must wait."""

    __slots__ = ("_context", "_tree", "_trying")

    def __init__(self, context: Context, tree: Tree) -> None:
        self._context = context
        self._tree = tree
        self._trying: Final[Counter[str]] = Counter()

    def _keys(self, name: str, address: str) -> tuple[tuple[str, int], ...]:
        keys = self._context.keys
        return (
            (keys.throttle(f"account {tokens.digest(name)}"), FREE_FOR_ACCOUNT),
            (keys.throttle(f"address {network_of(address)}"), FREE_FOR_ADDRESS),
        )

    async def begin(self, name: str, address: str) -> None:
        """Begin a try, which `end` ends. Raises SignInRefused with `wait` seconds when it comes too early."""
        now = self._context.now()
        wait = 0
        (account, _), *_ = keys = self._keys(name, address)
        failed = 0
        for key, free in keys:
            record = await self._context.store.get(key)
            if record is not None:
                failures = records.value_of(record, Failures)
                wait = max(wait, failures.at + delay(failures.count, free) - now)
                failed = failures.count if key == account else failed
        if wait > 0:
            raise SignInRefused(wait=-(-wait // 1000), detail="throttled")
        if self._trying[account] >= max(1, AT_ONCE - failed):
            raise SignInRefused(wait=1, detail="throttled: other tries are being judged")
        self._trying[account] += 1

    def end(self, name: str) -> None:
        """End a try that was begun."""
        (account, _), *_ = self._keys(name, "")
        self._trying[account] -= 1
        if not self._trying[account]:
            del self._trying[account]

    async def failed(self, name: str, address: str) -> None:
        """Count one failure."""
        context = self._context
        now = context.now()
        for key, _ in self._keys(name, address):
            fresh = records.first(
                key, Failures(count=1, at=now), op_id=context.op_id(), expires=now + FORGET
            )
            if await self._one_more(key, now) is None:
                try:
                    await self._tree.commit(partition_of(key), (Put(fresh),))
                except Conflict:
                    await self._one_more(key, now)

    async def _one_more(self, key: str, now: int) -> Failures | None:
        return await self._tree.change(
            key,
            Failures,
            lambda old: msgspec.structs.replace(
                old, count=1 if now > old.at + FORGET else old.count + 1, at=now
            ),
            expires=now + FORGET,
        )

    async def succeeded(self, name: str) -> None:
        """Forget an account's failures; an address keeps its own."""
        key, _ = self._keys(name, "")[0]
        if await self._context.store.get(key) is not None:
            await self._context.store.drop(key)
