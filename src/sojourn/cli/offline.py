"""The desk over a data folder whose server does not run: the store's exclusive lock keeps the two apart.

The desk and `demo` stand above it; below it are the server's services, driven on this thread.
"""

from __future__ import annotations

import os
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, Self

from argon2 import PasswordHasher

from sojourn.driver import drive
from sojourn.errors import ConfigurationError
from sojourn.server.login.authenticators import password
from sojourn.server.services import config
from sojourn.server.services.administration import Administration
from sojourn.server.services.clients import Clients
from sojourn.server.services.context import Context, system_now
from sojourn.server.services.foundation import context_of
from sojourn.server.services.sessions.manager import AsyncSessionManager
from sojourn.server.services.users import Users
from sojourn.server.serving import preflight
from sojourn.store.contract import Store
from sojourn.store.open import open_store

ACTOR: Final = "offline"


class OfflineDesk:
    """Administration in this process. Events are written and delivered when the server runs again."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        manager = AsyncSessionManager(context)
        users = Users(context, manager.tree)
        clients = Clients(context, manager.tree, audiences=())
        self._desk = Administration(
            manager, users, clients, hashed=_hashed, common=password.common_passwords()
        )

    @classmethod
    def open(cls, data: Path, *, make: bool) -> Self:
        """Open the store of a data folder; with `make`, one that is not there is made as `serve` would.

        Raises ConfigurationError, or StoreUnavailable while a server has it.
        """
        if not make and not data.is_dir():
            raise ConfigurationError(f"There is no data folder {data}.")
        # Nothing listens here, so the address that a server would need is of no concern.
        flags = {"data": str(data), "host": "127.0.0.1"}
        settings = config.load(flags, os.environ, config.find_file(None, os.environ))
        preflight.prepare_folder(settings.data)
        preflight.check_clock(settings.data, system_now())
        store = open_store(settings.store, blocking=True)
        try:
            return cls(drive(_opened(settings, store, make=make)))
        except BaseException:
            drive(store.close())
            raise

    def get(self, area: str, query: Mapping[str, str]) -> dict[str, Any]:
        """What an area holds."""
        return drive(self._desk.get(area, query))

    def act(self, area: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do what `body` asks for."""
        return drive(self._desk.act(area, body, actor=ACTOR))

    def close(self) -> None:
        """Let the store go."""
        drive(self._store.close())


async def _hashed(text: str) -> str:
    """Hash on this thread: nobody else waits."""
    hasher = PasswordHasher(
        time_cost=password.PASSES, memory_cost=password.MEMORY_KIB, parallelism=password.LANES
    )
    return hasher.hash(text)


def _opened(settings: config.Settings, store: Store, *, make: bool) -> Coroutine[Any, Any, Context]:
    return context_of(settings, store, now=system_now, random=os.urandom, make=make)
