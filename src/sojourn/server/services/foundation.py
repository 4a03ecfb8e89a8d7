"""The foundation: a store unlocked with its root key, as the server, the offline command line and embedders need it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sojourn.model.ids import Keys
from sojourn.server.services import keys as hierarchy
from sojourn.server.services.config import Settings
from sojourn.server.services.context import Context
from sojourn.server.services.keys import Purposes
from sojourn.server.services.signing import SigningKeys
from sojourn.store.contract import Store

SERVER_ALGORITHMS: Final = ("ES256", "RS256")
"""What a server signs with from its first start."""


async def unlocked(
    store: Store,
    keys: Keys,
    root: bytes,
    *,
    algorithms: tuple[str, ...],
    now: int,
    random: Callable[[int], bytes],
) -> tuple[Purposes, SigningKeys]:
    """The purpose keys and signing keys of a store, made where missing (signing keys: for `algorithms`).

    Raises ConfigurationError for a wrong root key.
    """
    purposes = await hierarchy.purposes(store, keys, root, now=now, random=random)
    signing = SigningKeys(store, keys, purposes.seal, random=random)
    await signing.ensure(algorithms, now=now)
    return purposes, signing


async def context_of(
    settings: Settings,
    store: Store,
    *,
    now: Callable[[], int],
    random: Callable[[int], bytes],
    make: bool = True,
) -> Context:
    """The context of a configured server; `make`: with the signing keys that a first start makes."""
    keys = Keys(settings.realm)
    root = (
        hierarchy.root_from_text(settings.root_key)
        if settings.root_key
        else hierarchy.root_from_file(settings.root_key_file, random=random)
    )
    algorithms = SERVER_ALGORITHMS if make else ()
    purposes, signing = await unlocked(
        store, keys, root, algorithms=algorithms, now=now(), random=random
    )
    return Context(
        store=store,
        keys=keys,
        purposes=purposes,
        signing=signing,
        issuer=settings.issuer,
        now=now,
        random=random,
        rules=settings.rules(),
        lifetimes=settings.lifetimes(),
        retry_window=settings.refresh_retry_window * 1000,
        outbox=True,
    )
