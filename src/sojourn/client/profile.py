"""A person's choices beside the credentials: which account is current, and in `recent` which hosts and
logins were. Accounts and `recent` stand above it;
below it are the store's files. Nothing secret is in it, and a person may edit it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sojourn.client.cache import files
from sojourn.client.cache.paths import Paths
from sojourn.errors import ConfigurationError


def current(paths: Paths) -> str | None:
    """Return the id of the chosen account, or None."""
    found = load(paths).get("current")
    return found if isinstance(found, str) else None


def choose(paths: Paths, account: str | None) -> None:
    """Make `account` the chosen one, None for no choice; what else the file says stays."""
    change(paths, lambda found: {**found, "current": account})


def change(paths: Paths, made: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Make of the file what `made` makes of what it says now, while no other process does."""
    with files.locked(os.path.join(paths.config, "profile.lock")):
        files.replace(paths.profile, json.dumps(made(load(paths))).encode())


def load(paths: Paths) -> dict[str, Any]:
    """Return what the file says; {} where there is none. Raises ConfigurationError for a damaged one."""
    raw = files.read(paths.profile)
    found: object = None
    with suppress(ValueError):
        found = {} if raw is None else json.loads(raw)
    if not isinstance(found, dict):
        raise ConfigurationError(f"{paths.profile} is not a JSON object. Mend it or remove it.")
    return found
