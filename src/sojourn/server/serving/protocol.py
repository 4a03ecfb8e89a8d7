"""HTTP/1.1 with limits that uvicorn's fast parser does not have: the size of a head, and the time a request may take.

The protocol writes the application's answers itself, each in one piece. The body's limit is the application's. Trailers
are dropped (RFC 9110 §6.5.1): as headers they would come unchecked.
`listener` stands above it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any, Final, cast

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope

    from sojourn.server.app import Application

MAX_HEAD: Final = 16_384
"""Bytes of the request line and all headers; more is answered 431 (RFC 6585 §5)."""

MAX_REQUEST_SECONDS: Final = 60
"""From the first byte of a request to its last."""

_ANSWER: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: application/json\r\ncontent-length: 88\r\nconnection: close\r\n\r\n"
    b'{"error":"invalid_request","error_description":"The head of the request is too large."}\n'
)


_FAILED: Final = (
    b"HTTP/1.1 500 Internal Server Error\r\n"
    b"content-type: text/plain\r\ncontent-length: 26\r\nconnection: close\r\n\r\n"
    b"The server failed. Sorry.\n"
)
_controls = re.compile(rb"[\x00-\x1f\x7f]").findall

log = logging.getLogger("sojourn.requests")


def _nothing() -> None:
    """Stands where uvicorn keeps what is called after an answer: that is done here."""


class HeadTooLarge(Exception):
    """Stops the parser; the answer has been sent."""


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
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._received = 0
        self._met()
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - our Application
        task = self.loop.create_task(self._answer(cycle, app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _answer(self, cycle: RequestResponseCycle, app: Application) -> None:
        """Ask the application, and write what it answers in one piece: one system call, not two."""
        scope, receive = cast("Scope", cycle.scope), cast("Receive", cycle.receive)
        response: Response | None = None
        try:
            response = await app.respond(scope, receive)
            if self.flow.write_paused:
                await self.flow.drain()
            written = self._written(cycle, response)
        except Exception:  # the process boundary: nothing but a bare 500 may leave it
            log.exception("%s %s failed", cycle.scope["method"], cycle.scope["path"])
            self._lost(app, response)
            response, written, cycle.keep_alive = None, _FAILED, False
        except BaseException:
            self._lost(app, response)
            self.transport.close()
            raise
        finally:
            cycle.on_response = _nothing  # or cycle and protocol hold each other
        if cycle.disconnected or self.transport.is_closing():
            self._lost(app, response)
            return
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        self.transport.write(written)
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()
        if response is not None:
            app.sent(response)

    @staticmethod
    def _lost(app: Application, response: Response | None) -> None:
        if response is not None:
            app.lost(response)

    def _written(self, cycle: RequestResponseCycle, response: Response) -> bytes:
        """The answer as HTTP/1.1. Raises ValueError for a header that holds a control character."""
        fields = [*self.server_state.default_headers, *response.raw_headers]
        if not cycle.keep_alive:
            fields.append((b"connection", b"close"))
        head = b"".join([b"%s: %s\r\n" % field for field in fields])
        if head.count(b"\r\n") != len(fields) or len(_controls(head)) != 2 * len(fields):
            message = "a header of an answer holds a control character"
            raise ValueError(message)
        body = b"" if cycle.scope["method"] == "HEAD" else response.body
        return b"%s%s\r\n%s" % (STATUS_LINE[response.status_code], head, body)

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
