"""From an answer of status 400 or above to its error: the class by status, the text the server
gave, the request's id. Responses and the engine stand above it; the classes are those of
`sojourn.errors`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from sojourn.client.transport.contract import Request
from sojourn.client.url import masked
from sojourn.errors import HttpClientError, HttpError, HttpServerError

REQUEST_IDS: Final = ("x-request-id", "x-openstack-request-id", "x-compute-request-id")
_LONGEST = 300


class Refused(Protocol):
    """What of an answer makes its error; `Response` is one."""

    status_code: int
    reason: str
    content: bytes
    url: str
    request: Request

    @property
    def headers(self) -> Mapping[str, str]: ...


def http_error(response: Refused) -> HttpError:
    """Return the error that `response` stands for; its `response` attribute is the answer itself."""
    status = response.status_code
    kind = HttpError.by_status.get(status)
    if kind is None:
        kind = HttpServerError if status >= 500 else HttpClientError
    shown = masked(response.url)
    said = _said(response)
    text = f"{response.request.method} {shown}: {status} {response.reason}".rstrip()
    return kind(
        f"{text}: {said}" if said else text,
        status=status,
        response=response,
        request_id=request_id(response.headers),
        retry_after=_seconds(response.headers.get("retry-after")),
        method=response.request.method,
        url=shown,
    )


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id that the server gave the request, or None."""
    return next((headers[name] for name in REQUEST_IDS if name in headers), None)


def _said(response: Refused) -> str:
    """Return the server's own words: OAuth's error_description, RFC 9457's detail, OpenStack's
    message."""
    if "json" not in response.headers.get("content-type", ""):
        return ""
    try:
        body = json.loads(response.content)
    except ValueError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    places: tuple[Any, ...] = (error, body)
    for place in places:
        for name in ("error_description", "message", "detail", "title", "error"):
            said = place.get(name) if isinstance(place, dict) else None
            if isinstance(said, str):
                return _without_secrets(said)[:_LONGEST]
    return ""


def _without_secrets(said: str) -> str:
    from sojourn.wire.masking import masked as without_secrets

    return without_secrets(said)


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.isascii() and value.isdigit() else None
