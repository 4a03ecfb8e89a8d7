"""The sample service of the demo on a loopback host of its own, in a thread with its own loop."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from uvicorn import Config, Server

from sojourn.cli.demo import cast
from sojourn.errors import ConfigurationError
from sojourn.resource_server import Verifier
from sojourn.resource_server.sample import sample_app
from sojourn.server.serving import preflight

HOSTS = ("127.0.0.2", "127.0.0.1")
"""The second where a system has only one loopback address."""


def place(port: int) -> tuple[socket.socket, str]:
    """A bound socket for the service, and its URL. Raises ConfigurationError."""
    for host in HOSTS[:-1]:
        try:
            return preflight.bound(host, port), f"http://{host}:{port}"
        except ConfigurationError as error:
            logging.getLogger("sojourn.demo").info("%s", error)
    return preflight.bound(HOSTS[-1], port), f"http://{HOSTS[-1]}:{port}"


@contextmanager
def running(where: socket.socket, url: str, *, issuer: str, secret: str) -> Iterator[None]:
    """The service answers within the block."""
    verifier = Verifier(
        issuer,
        audience=url,
        client_id=cast.SERVICE,
        client_secret=secret,
        scopes_supported=(cast.NOTES,),
    )
    config = Config(sample_app(verifier), log_config=None, access_log=False, server_header=False)
    server = Server(config)
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[where])), name="sojourn-sample"
    )
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=5)
