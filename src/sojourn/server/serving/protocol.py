"""HTTP/1.1 with limits that uvicorn's fast parser does not have: the size of a head, and the time a request may take.

The body's limit is the application's. Trailers are dropped (RFC 9110 §6.5.1): as headers they would come unchecked.
`listener` stands above it.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD: Final = 16_384
"""Bytes of the request line and all headers; more is answered 431 (RFC 6585 §5)."""

MAX_REQUEST_SECONDS: Final = 60
"""From the first byte of a request to its last."""

_ANSWER: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/json\r\ncontent-length: 88\r\nconnection: close\r\n\r\n"
    b'{"error":"invalid_request","error_description":"The head of the request is too large."}\n'
)


class HeadTooLarge(Exception):
    """Stops the parser; the answer has been sent."""


class _Joining:
    """The transport as one answer sees it: its head waits for the first piece of its body, and both go out at once."""

    __slots__ = ("_cycle", "_head", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport, cycle: RequestResponseCycle) -> None:
        self._transport = transport
        self._cycle = cycle
        self._head: bytes | None = None
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self._head is None and self._cycle.response_started:
            self._head = data
            return
        if self._head:
            data, self._head = self._head + data, b""
        self._transport.write(data)

    def close(self) -> None:
        if self._head:
            self._transport.write(self._head)
            self._head = b""
        self._transport.close()


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the limits."""

    _in_head = True
    _received = 0
    """Bytes since the last piece of a body: a head, trailers, or the extensions of a chunk."""
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # uvicorn cancels this timer at the first byte; without it a silent peer would stay for ever.
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._met()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._received > MAX_HEAD + (0 if self._in_head else len(data)):
            self._refuse()
        elif self._received and self._deadline is None:
            self._deadline = self.loop.call_later(MAX_REQUEST_SECONDS, self.transport.close)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._received = 1
        super().on_body(body)

    def on_headers_complete(self) -> None:
        if self._received > MAX_HEAD:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > MAX_HEAD:
                self._refuse()
                raise HeadTooLarge
        self._in_head = False
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before and self.scope["method"] != "HEAD":
            # The cycle's task has not begun: nothing was written yet.
            self.cycle.transport = cast("asyncio.Transport", _Joining(self.transport, self.cycle))

    def on_message_complete(self) -> None:
        self._in_head = True
        self._received = 0
        self._met()
        super().on_message_complete()

    def _met(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _refuse(self) -> None:
        self.transport.write(_ANSWER)
        self.transport.close()
