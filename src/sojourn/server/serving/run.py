"""The life of a server process: checks, the application, the listener, the signals, and the end in the reverse order.

The command line stands above it. Errors of the start are raised, each with one clear line; afterwards they are logged.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable

import uvloop

from sojourn.server.app import Application, build
from sojourn.server.services.config import Settings
from sojourn.server.services.context import system_now
from sojourn.server.serving import logs, preflight
from sojourn.server.serving.listener import Listener

Say = Callable[[str], None]


def serve(settings: Settings, *, say: Say, now: Callable[[], int] = system_now) -> int:
    """Answer until SIGTERM or SIGINT, then drain; a second signal ends at once. Returns the exit code.

    say  is told, for people, that the server answers and where; nothing secret but the set-up link

    Raises ConfigurationError or StoreUnavailable for a start that cannot be.
    """
    os.umask(0o077)
    with logs.written(settings.log_level, settings.log_format):
        return _until_stopped(settings, say, now())


def _until_stopped(settings: Settings, say: Say, now: int) -> int:
    preflight.prepare_folder(settings.data)
    preflight.check_clock(settings.data, now)
    with (
        preflight.bound(settings.host, settings.port) as where,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(_served(settings, where, say))


async def _served(settings: Settings, where: socket.socket, say: Say) -> int:
    application = await build(settings)
    try:
        listener = Listener(
            application,
            drain_seconds=settings.drain_seconds,
            ready=lambda: _announce(settings, application, say),
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, listener.stop)
        await listener.serve(sockets=[where])
    finally:
        await application.close()
    return 0 if listener.drained else 1


def _announce(settings: Settings, application: Application, say: Say) -> None:
    say(f"Sojourn is ready at {settings.issuer}")
    if application.setup_url:
        say(f"Set up the first administrator within 24 hours: {application.setup_url}")
