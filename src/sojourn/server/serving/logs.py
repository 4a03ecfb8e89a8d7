"""How a server logs: one line for people or one JSON object, on the error stream, secrets masked by their shape.

A thread of its own writes, so a reader that does not read never stops the server: when the queue is full, lines are
dropped and the loss is logged. `run` stands above it.
"""

from __future__ import annotations

import json
import logging
import queue
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener
from typing import Final

from sojourn.wire.masking import masked

_QUEUE: Final = 10_000
_CONTROLS: Final = {
    code: f"\\u{code:04x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
}
"""What could begin a line of its own, or speak to a terminal."""

_QUIET: Final = ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")


class TextFormatter(logging.Formatter):
    """A line for people: time, level, logger, message."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{_moment(record)} {record.levelname.lower():7} {record.name}: "
        return masked(head + _message(self, record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and `error` with a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": masked(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class _Dropping(QueueHandler):
    """Hands records to the writing thread, and counts those it could not."""

    def __init__(self, lines: queue.Queue[logging.LogRecord]) -> None:
        super().__init__(lines)
        self._lost = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        if self._lost:
            record.msg = f"{record.msg} ({self._lost} lines before this one were lost)"
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self._lost += 1
        else:
            self._lost = 0


@contextmanager
def written(level: str, form: str) -> Iterator[None]:
    """Log to the error stream within the block; `form` is text or json. Every line is out when it ends, so what is
    printed afterwards, such as why the server could not start, comes last.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    lines: queue.Queue[logging.LogRecord] = queue.Queue(_QUEUE)
    writer = QueueListener(lines, handler)
    writer.start()
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [_Dropping(lines)]
    root.setLevel(level.upper())
    for name in _QUIET:
        # What a peer sends must not fill the log: its malformed requests are warnings there.
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.handlers[:] = before
        writer.stop()


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    message = record.getMessage().translate(_CONTROLS)
    if not record.exc_info:
        return message
    return f"{message}\n{formatter.formatException(record.exc_info)}"
