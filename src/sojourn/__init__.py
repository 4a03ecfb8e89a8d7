"""Sojourn: one identity and session system. Here are the client's public names, each imported when
it is first used; the server's are in `sojourn.server`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sojourn.version import __version__

if TYPE_CHECKING:
    from sojourn import errors
    from sojourn.client.account import Account
    from sojourn.client.accounts import Accounts
    from sojourn.client.adapter import Adapter
    from sojourn.client.async_accounts import AsyncAccount, AsyncAccounts
    from sojourn.client.history import HistoryEntry
    from sojourn.client.response import Response
    from sojourn.client.session import AsyncSession, Session

__all__ = [
    "Account",
    "Accounts",
    "Adapter",
    "AsyncAccount",
    "AsyncAccounts",
    "AsyncSession",
    "HistoryEntry",
    "Response",
    "Session",
    "__version__",
    "errors",
]

_HOMES = {
    "Account": "sojourn.client.account",
    "Accounts": "sojourn.client.accounts",
    "Adapter": "sojourn.client.adapter",
    "AsyncAccount": "sojourn.client.async_accounts",
    "AsyncAccounts": "sojourn.client.async_accounts",
    "AsyncSession": "sojourn.client.session",
    "HistoryEntry": "sojourn.client.history",
    "Response": "sojourn.client.response",
    "Session": "sojourn.client.session",
}


def __getattr__(name: str) -> object:
    if name == "errors":
        return import_module("sojourn.errors")
    home = _HOMES.get(name)
    if home is None:
        message = f"module 'sojourn' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
