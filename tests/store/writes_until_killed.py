"""The child of `test_kill`: writes under load and says on its standard output what was
acknowledged, until it is killed. Each line is written at once, after the store has acknowledged: `P
NAME` (a pair of tokens was written), `E NAME` (their grant was ended), `R NAME` (the pair was
replaced by its second version).
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count

from sojourn.store.contract import Check, Put, Store
from sojourn.store.open import open_store
from sojourn.testing.store_contract_desk import PARTITION, record_of

TASKS = 12


async def write(store: Store, turn: str, task: int) -> None:
    for number in count():
        name = f"{turn}-{task}-{number}"
        grant = record_of(name, kind="grant", by="live")
        path = (grant.key,)
        one, other = (record_of(f"{name}-{side}", path=path, users=(name,)) for side in "ab")
        await store.batch(PARTITION, (Put(grant), Put(one), Put(other)))
        say(f"P {name}")
        if number % 2:
            await store.put(record_of(name, 2, kind="grant", by="ended"))
            say(f"E {name}")
        else:
            later = [record_of(f"{name}-{side}", 2, path=path, users=(name,)) for side in "ab"]
            await store.batch(PARTITION, (Check(grant.key, 1), *map(Put, later)))
            say(f"R {name}")


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def main(url: str, turn: str) -> None:
    store = open_store(url, blocking=False)
    await asyncio.gather(*(write(store, turn, task) for task in range(TASKS)))


asyncio.run(main(sys.argv[1], sys.argv[2]))
