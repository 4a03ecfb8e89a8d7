"""From the name of a dialect to its code, imported when it is needed. Accounts stand above it, the
dialects below."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from sojourn.errors import ConfigurationError

_is_name = re.compile(r"[a-z][a-z0-9_]{0,31}").fullmatch


def accounts_of(kind: str) -> ModuleType:
    """Return the module that begins, restores and ends accounts of the dialect `kind`."""
    package = f"sojourn.client.dialects.{kind}"
    if not _is_name(kind) or find_spec(package) is None:
        raise ConfigurationError(
            f"An account is of the dialect {kind!r}, which this release lacks."
        )
    return import_module(f"{package}.accounts")
