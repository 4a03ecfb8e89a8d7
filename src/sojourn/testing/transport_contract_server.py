"""The contract of transports: a server whose every byte a case decides, on plain sockets, also as a
proxy. The cases stand above it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, NamedTuple, Self

LIMIT = 30.0  # seconds: how long a case waits for what must come


class Received(NamedTuple):
    """One request as it arrived; `connection` counts the connections of the server from 1."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    connection: int

    def values(self, name: str) -> list[str]:
        """Every value of header `name`, in order."""
        return [value for field, value in self.fields if field.lower() == name.lower()]


class Cut(bytes):
    """Bytes after which the server closes the connection."""


Answer = Callable[[Received], bytes]


def reply(body: bytes = b"fine", *fields: str, status: str = "200 OK") -> bytes:
    """Return a whole answer; `fields` are lines such as `X-A: b`."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class ContractServer:
    """Serves on 127.0.0.1, each connection on a thread. As a proxy it opens the tunnels that are
    asked for."""

    def __init__(
        self, answer: Answer, *, tls: ssl.SSLContext | None = None, tunnels: bool = True
    ) -> None:
        self.received: list[Received] = []
        self._answer = answer
        self._tls = tls
        self._tunnels = tunnels
        self._connections = 0
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in self._open:
            _end(connection)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self._connections += 1
                self._open.append(connection)
                threading.Thread(
                    target=self._serve, args=(connection, self._connections), daemon=True
                ).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._converse(connection, number)
        _end(connection)

    def _converse(self, connection: socket.socket, number: int) -> None:
        with connection.makefile("rb") as lines:
            while (received := _read(lines, number)) is not None:
                self.received.append(received)
                if self._tunnels and received.method == "CONNECT":
                    _tunnel(connection, received.target)
                    return
                answer = self._answer(received)
                connection.sendall(answer)
                if isinstance(answer, Cut):
                    return


def _read(lines: BinaryIO, number: int) -> Received | None:
    start = lines.readline().decode("latin-1").split()
    if len(start) != 3:
        return None
    fields: list[tuple[str, str]] = []
    while (line := lines.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = line.partition(":")
        fields.append((name, value.strip()))
    known = {name.lower(): value for name, value in fields}
    if known.get("transfer-encoding") == "chunked":
        body = _chunks(lines)
    else:
        body = lines.read(int(known.get("content-length", 0)))
    return Received(start[0], start[1], tuple(fields), body, number)


def _chunks(lines: BinaryIO) -> bytes:
    body = b""
    while size := int(lines.readline(), 16):
        body += lines.read(size)
        lines.readline()
    lines.readline()
    return body


def _tunnel(near: socket.socket, target: str) -> None:
    host, _, port = target.rpartition(":")
    with socket.create_connection((host, int(port)), LIMIT) as far:
        far.settimeout(None)
        near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        back = threading.Thread(target=_pour, args=(far, near), daemon=True)
        back.start()
        _pour(near, far)
        back.join(LIMIT)


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
