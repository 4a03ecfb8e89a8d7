"""A person's choices beside the credentials: which account is current. Accounts stand above it;
below it are the store's files. Nothing secret is in it, and a person may edit it."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

from sojourn.client.cache import files
from sojourn.client.cache.paths import Paths
from sojourn.errors import ConfigurationError


def current(paths: Paths) -> str | None:
    """Return the id of the chosen account, or None."""
    found = _load(paths).get("current")
    return found if isinstance(found, str) else None


def choose(paths: Paths, account: str | None) -> None:
    """Make `account` the chosen one, None for no choice; what else the file says stays."""
    with files.locked(os.path.join(paths.config, "profile.lock")):
        files.replace(paths.profile, json.dumps({**_load(paths), "current": account}).encode())


def _load(paths: Paths) -> dict[str, Any]:
    raw = files.read(paths.profile)
    found: object = None
    with suppress(ValueError):
        found = {} if raw is None else json.loads(raw)
    if not isinstance(found, dict):
        raise ConfigurationError(f"{paths.profile} is not a JSON object. Mend it or remove it.")
    return found
