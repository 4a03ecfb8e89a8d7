"""A history as an HTTP Archive 1.2, for browsers' developer tools and for support. Histories stand above it;
below it are the store's files, which write it for its owner alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

from sojourn.client.cache import files
from sojourn.client.exchange import Exchange
from sojourn.client.transport.contract import Fields
from sojourn.version import __version__

_HTTP: Final = "HTTP/1.1"


class Remembered(Protocol):
    """What of a history's entry goes into the archive; `HistoryEntry` is one."""

    @property
    def time(self) -> int: ...

    @property
    def method(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def status(self) -> int | None: ...

    @property
    def duration(self) -> float: ...

    @property
    def account(self) -> str | None: ...

    @property
    def request_id(self) -> str | None: ...

    @property
    def exchange(self) -> Exchange | None: ...


_NOTHING: Final = Exchange((), None, -1)


def archive(entries: Iterable[Remembered]) -> dict[str, Any]:
    """Return `entries` as an HTTP Archive 1.2."""
    creator = {"name": "sojourn", "version": __version__}
    return {
        "log": {
            "version": "1.2",
            "creator": creator,
            "pages": [],
            "entries": [_entry(entry) for entry in entries],
        }
    }


def save(entries: Iterable[Remembered], path: str | os.PathLike[str]) -> None:
    """Write the archive of `entries` to `path`, mode 0600, replacing what is there once all is written."""
    text = json.dumps(archive(entries), indent=1, ensure_ascii=False)
    files.replace(os.path.abspath(os.fspath(path)), text.encode("utf-8"))  # noqa: PTH100 - as files do


def _entry(entry: Remembered) -> dict[str, Any]:
    began = datetime.fromtimestamp(entry.time / 1000, UTC)
    took = round(entry.duration * 1000, 3)
    seen = entry.exchange or _NOTHING
    found: dict[str, Any] = {
        "startedDateTime": began.isoformat(timespec="milliseconds"),
        "time": took,
        "request": _request(entry, seen),
        "response": _response(entry, seen),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "_account": entry.account,
        "_requestId": entry.request_id,
    }
    if entry.exchange is None:
        found["comment"] = "Headers and bodies were not kept: history='full' keeps them."
    return found


def _request(entry: Remembered, seen: Exchange) -> dict[str, Any]:
    query = parse_qsl(urlsplit(entry.url).query, keep_blank_values=True)
    made: dict[str, Any] = {
        "method": entry.method,
        "url": entry.url,
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(seen.request_headers),
        "queryString": _pairs(query),
        "headersSize": -1,
        "bodySize": -1 if seen.request_size is None else seen.request_size,
    }
    if seen.request_body is not None:
        kind = _kind(seen.request_headers)
        made["postData"] = {"mimeType": kind, "params": [], "text": seen.request_body}
    return made


def _response(entry: Remembered, seen: Exchange) -> dict[str, Any]:
    location = [value for name, value in seen.response_headers if name.lower() == "location"]
    content: dict[str, Any] = {
        "size": seen.response_size,
        "mimeType": _kind(seen.response_headers),
    }
    if seen.response_body is not None:
        content["text"] = seen.response_body
    return {
        "status": entry.status or 0,
        "statusText": seen.reason,
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _pairs(seen.response_headers),
        "content": content,
        "redirectURL": location[0] if location else "",
        "headersSize": -1,
        "bodySize": -1,
    }


def _kind(fields: Fields) -> str:
    return next((value for name, value in fields if name.lower() == "content-type"), "")


def _pairs(fields: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in fields]
