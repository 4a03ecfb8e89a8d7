"""Opening a Session Manager for a program that embeds it: a store, its root key, its purpose keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sojourn.errors import ConfigurationError
from sojourn.model.ids import Keys
from sojourn.model.policy import DEFAULT_RULES, UsageRules
from sojourn.server.services import keys as hierarchy
from sojourn.server.services.context import Context, system_now
from sojourn.server.services.foundation import unlocked
from sojourn.server.services.randomness import SystemRandom
from sojourn.store.open import open_store

_SQLITE = "sqlite:///"


def _root(url: str, given: bytes | None, random: Callable[[int], bytes]) -> bytes:
    if given is not None:
        if len(given) != hierarchy.ROOT_SIZE:
            message = "root_key must be 32 bytes"
            raise ConfigurationError(message)
        return given
    if url.startswith(_SQLITE):
        file = Path(url.removeprefix(_SQLITE))
        return hierarchy.root_from_file(file.with_name(f"{file.name}.root-key"), random=random)
    if url == "memory:":
        return random(hierarchy.ROOT_SIZE)
    message = "this store needs root_key: 32 bytes that are kept outside it"
    raise ConfigurationError(message)


async def open_context(
    url: str,
    *,
    blocking: bool,
    realm: str,
    issuer: str,
    root_key: bytes | None,
    usage_rules: Mapping[str, UsageRules] | None,
    allow_chosen_values: bool,
    now: Callable[[], int] | None,
    random: Callable[[int], bytes] | None,
) -> Context:
    """The context of an embedded manager, whose users and clients need not be registered."""
    clock, fresh = now or system_now, random or SystemRandom()
    keys = Keys(realm)
    store = open_store(url, blocking=blocking)
    try:
        root = _root(url, root_key, fresh)
        purposes, signing = await unlocked(
            store, keys, root, algorithms=("ES256",), now=clock(), random=fresh
        )
    except BaseException:
        await store.close()
        raise
    return Context(
        store=store,
        keys=keys,
        purposes=purposes,
        signing=signing,
        issuer=issuer,
        now=clock,
        random=fresh,
        rules={**DEFAULT_RULES, **(usage_rules or {})},
        register_missing=True,
        allow_chosen_values=allow_chosen_values,
    )
