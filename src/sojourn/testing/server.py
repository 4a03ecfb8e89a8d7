"""A whole server inside a test: its own loop and thread, a loopback port, a store and a clock of the test's.

Published for others who test against Sojourn. What a test does to users and clients goes through the same services that
the command line uses.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import uvloop

from sojourn.model.client import Client
from sojourn.model.resource import Resource
from sojourn.model.user import User
from sojourn.server.app import Application, build
from sojourn.server.pages.site import Site
from sojourn.server.services import config
from sojourn.server.services.context import system_now
from sojourn.server.serving.listener import Listener

T = TypeVar("T")


class ServerInTest:
    """A server on a free loopback port, from `with` to the end of the block.

    folder   its data, made if it is not there; the store is `sqlite:///FOLDER/sojourn.db` unless `store` names another
    now      UTC ms; the system's clock if left out
    options  more configuration, by option name
    """

    def __init__(
        self,
        folder: Path,
        *,
        store: str = "",
        now: Callable[[], int] = system_now,
        random: Callable[[int], bytes] = os.urandom,
        options: Mapping[str, object] | None = None,
    ) -> None:
        self._now = now
        self._random = random
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket = socket.create_server(("127.0.0.1", 0))
        flags: dict[str, object] = {
            "data": str(folder),
            "port": self._socket.getsockname()[1],
            **(options or {}),
        }
        if store:
            flags["store"] = store
        self.settings = config.load(flags, {})
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: Listener | None = None
        self._application: Application | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def issuer(self) -> str:
        """Where it answers."""
        return self.settings.issuer

    @property
    def application(self) -> Application:
        if self._application is None:
            message = "the server is not running"
            raise RuntimeError(message)
        return self._application

    @property
    def site(self) -> Site:
        return self.application.site

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(30)
        if self._failure is not None:
            self._socket.close()
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._listener is not None:
            self._loop.call_soon_threadsafe(self._listener.stop)
        self._thread.join(30)
        self._socket.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - the thread's boundary: `__enter__` raises it
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._application = await build(self.settings, now=self._now, random=self._random)
        try:
            self._listener = Listener(self._application, drain_seconds=1, ready=self._ready.set)
            await self._listener.serve(sockets=[self._socket])
        finally:
            await self._application.close()

    def call(self, work: Callable[[Site], Awaitable[T]]) -> T:
        """Run something on the server's own loop, and wait for it."""

        async def run() -> T:
            return await work(self.site)

        if self._loop is None:
            message = "the server is not running"
            raise RuntimeError(message)
        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(30)

    def add_user(
        self,
        login: str,
        password: str,
        *,
        roles: tuple[str, ...] = (),
        claims: Mapping[str, Any] | None = None,
    ) -> User:
        """Make a user with a password."""

        async def make(site: Site) -> User:
            hashed = await site.passwords.hash(password)
            return await site.users.create(login, roles=roles, claims=claims, password_hash=hashed)

        return self.call(make)

    def add_client(self, client: Client) -> str:
        """Register a client; returns its secret, or '' if it has none."""

        async def make(site: Site) -> str:
            _, secret = await site.clients.create(client)
            return secret

        return self.call(make)

    def add_resource(self, resource: Resource) -> None:
        """Register a resource."""
        self.call(lambda site: site.clients.add_resource(resource))
