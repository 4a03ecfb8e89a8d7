"""A small HTTP server for tests: what it answers is a function, what it received is a list."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit


class Received(NamedTuple):
    """One request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


Answer = tuple[int, Mapping[str, str], bytes] | None


class Server:
    """Serves on 127.0.0.1; an answer of None closes the connection without a word."""

    def __init__(
        self, answer: Callable[[Received], Answer], *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.received: list[Received] = []
        self._answer = answer
        self._server = _Listening(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def handle(self, received: Received) -> Answer:
        self.received.append(received)
        return self._answer(received)


def ok(body: Any = "fine", status: int = 200, **headers: str) -> Answer:
    """Return an answer with `body` as JSON."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **fields}, json.dumps(body).encode()


class _Listening(ThreadingHTTPServer):
    """Lets many clients knock at once: with the default of 5 some wait a second for their turn."""

    daemon_threads = True
    request_queue_size = 128


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a body waits 40 ms for the ACK of its headers

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = server.handle(
                Received(self.command, self.path, headers, self.rfile.read(length))
            )
            if answer is None:
                self.close_connection = True
                return
            status, fields, body = answer
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
