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
    from sojourn.client.async_user import AsyncAuthenticator, AsyncUser
    from sojourn.client.authenticator import Authenticator
    from sojourn.client.current_user import get_authenticated_user, set_authenticated_user
    from sojourn.client.defaults import DefaultsManager
    from sojourn.client.history import HistoryEntry
    from sojourn.client.jobs import serialize_jobs
    from sojourn.client.response import Response
    from sojourn.client.serialize import deserialize_user, serialize_user
    from sojourn.client.session import AsyncSession, Session
    from sojourn.client.user import User

__all__ = [
    "Account",
    "Accounts",
    "Adapter",
    "AsyncAccount",
    "AsyncAccounts",
    "AsyncAuthenticator",
    "AsyncSession",
    "AsyncUser",
    "Authenticator",
    "DefaultsManager",
    "HistoryEntry",
    "Response",
    "Session",
    "User",
    "__version__",
    "deserialize_user",
    "errors",
    "get_authenticated_user",
    "serialize_jobs",
    "serialize_user",
    "set_authenticated_user",
]

_HOMES = {
    "Account": "sojourn.client.account",
    "Accounts": "sojourn.client.accounts",
    "Adapter": "sojourn.client.adapter",
    "AsyncAccount": "sojourn.client.async_accounts",
    "AsyncAccounts": "sojourn.client.async_accounts",
    "AsyncAuthenticator": "sojourn.client.async_user",
    "AsyncSession": "sojourn.client.session",
    "AsyncUser": "sojourn.client.async_user",
    "Authenticator": "sojourn.client.authenticator",
    "DefaultsManager": "sojourn.client.defaults",
    "HistoryEntry": "sojourn.client.history",
    "Response": "sojourn.client.response",
    "Session": "sojourn.client.session",
    "User": "sojourn.client.user",
    "deserialize_user": "sojourn.client.serialize",
    "get_authenticated_user": "sojourn.client.current_user",
    "serialize_jobs": "sojourn.client.jobs",
    "serialize_user": "sojourn.client.serialize",
    "set_authenticated_user": "sojourn.client.current_user",
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
