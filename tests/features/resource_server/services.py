"""Protected services on loopback for these tests: ASGI by uvicorn, WSGI by wsgiref, each in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import uvicorn

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from sojourn.resource_server.asgi import Asgi


@contextmanager
def loopback_socket(host: str = "127.0.0.2") -> Iterator[tuple[socket.socket, str]]:
    """Open a listening socket and tell its URL, so that an application can know it before it runs."""
    with socket.create_server((host, 0)) as listening:
        yield listening, f"http://{host}:{listening.getsockname()[1]}"


@contextmanager
def asgi_service(app: Asgi, listening: socket.socket) -> Iterator[None]:
    """Serve `app` by uvicorn."""
    application: Any = app
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test says what matters."""


@contextmanager
def wsgi_service(app: WSGIApplication) -> Iterator[str]:
    """Serve `app` by wsgiref and return its URL."""
    with make_server("127.0.0.2", 0, app, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.2:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
