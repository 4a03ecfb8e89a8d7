"""The listener: uvicorn with its own lifespan, signals, proxy headers and access log off.

`run` stands above it and decides when it begins and ends; `protocol` below it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from uvicorn import Config, Server

from sojourn.server.serving import preflight
from sojourn.server.serving.protocol import LimitedProtocol

if TYPE_CHECKING:
    from sojourn.server.app import Application

KEEP_ALIVE: Final = 30
"""Seconds that a connection may lie idle."""
BACKLOG: Final = 2048


class Listener(Server):
    """Answers on one socket until told to stop; then finishes what has begun within `drain_seconds`."""

    def __init__(
        self, application: Application, *, drain_seconds: int, ready: Callable[[], None]
    ) -> None:
        config = Config(
            application,
            http=LimitedProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=drain_seconds,
            backlog=BACKLOG,
        )
        super().__init__(config)
        self._ready = ready
        self.drained = True
        """Whether every request that had begun was answered."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """`run` has the signals: it knows what else must end."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except OSError as error:  # bound, and another program began to listen first
            host, port = (sockets or [])[0].getsockname()[:2]
            raise preflight.taken(f"{host} port {port}", error) from error
        self._ready()

    def stop(self) -> None:
        """Take no more requests and finish those that have begun; called again, finish at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # What was cut off is cancelled by now, and ends only after this.
        self.drained = not self.server_state.tasks
