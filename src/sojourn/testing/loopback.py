"""A small HTTP server on a free loopback port, from `with` to the end of the block, for the services that stand in for
others in tests. They stand above it and say only what they answer; below it is the standard library.
"""

from __future__ import annotations

import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple, Self

_PATIENCE: Final = 0.02  # seconds between two looks at whether to stop


class LoopbackCall(NamedTuple):
    """One call as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class LoopbackAnswer(NamedTuple):
    """One answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"


class LoopbackServer(ABC):
    """`calls` are all that arrived, in order. Any number of connections at once."""

    def __init__(self) -> None:
        self.calls: list[LoopbackCall] = []
        self._server = _Listening(("127.0.0.1", 0), _handler(self._handle))
        self.host = "127.0.0.1"
        self.port: int = self._server.server_port
        self.url = f"http://{self.host}:{self.port}"

    def __enter__(self) -> Self:
        serving = self._server.serve_forever
        threading.Thread(target=serving, args=(_PATIENCE,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def made(self, method: str, path: str) -> list[LoopbackCall]:
        """Return the calls of `method` to `path` so far."""
        return [call for call in self.calls if (call.method, call.path) == (method, path)]

    @abstractmethod
    def answered(self, call: LoopbackCall) -> LoopbackAnswer | None:
        """Return the answer to one call, or None to close the connection without a word."""

    def _handle(self, call: LoopbackCall) -> LoopbackAnswer | None:
        self.calls.append(call)
        return self.answered(call)


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away before its answer came."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(
    handle: Callable[[LoopbackCall], LoopbackAnswer | None],
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = LoopbackCall(self.command, self.path, headers, self.rfile.read(length))
            answer = handle(call)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401 - http.server's signature
            """Say nothing."""

    return Handler
