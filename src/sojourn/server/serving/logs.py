"""How a server logs: one line for people or one JSON object, on the error stream, secrets masked by their shape.

`run` stands above it.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

from sojourn.wire.masking import masked

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


def start(level: str, form: str) -> None:
    """Log to the error stream from here on; `form` is text or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        # What a peer sends must not fill the log: its malformed requests are warnings there.
        logging.getLogger(name).setLevel(logging.ERROR)


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if not record.exc_info:
        return record.getMessage()
    return f"{record.getMessage()}\n{formatter.formatException(record.exc_info)}"
