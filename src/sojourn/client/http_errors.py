"""From an answer of status 400 or above to its error: the class by status, the text the server
gave, the request's id. Responses and the engine stand above it; the classes are those of
`sojourn.errors`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

from sojourn.client.transport.contract import Fields, Request
from sojourn.client.url import masked
from sojourn.errors import HttpClientError, HttpError, HttpServerError
from sojourn.wire.masking import masked as without_secrets

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
    message, details = said(response.headers.get("content-type", ""), response.content)
    text = f"{response.request.method} {shown}: {status} {response.reason}".rstrip()
    return kind(
        f"{text}: {message}" if message else text,
        status=status,
        response=response,
        request_id=request_id(response.headers),
        retry_after=retry_after(response.headers),
        message=message,
        details=details,
        method=response.request.method,
        url=shown,
    )


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the id that the server gave the request, or None."""
    return next((headers[name] for name in REQUEST_IDS if name in headers), None)


def request_id_in(fields: Fields) -> str | None:
    """The same, from header fields as they came: most do not even begin like it."""
    found = None
    for name, value in fields:
        if name and name[0] in "xX" and (lowered := name.lower()) in REQUEST_IDS:
            found = {**(found or {}), lowered: value}
    return request_id(found) if found else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds the server asks to wait (RFC 9110 §10.2.3), or None.

    A moment is counted from the answer's own Date, so that clocks need not agree.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    until, since = _moment(value), _moment(headers.get("date", ""))
    if until is None or since is None:
        return None
    return max(0.0, (until - since).total_seconds())


def _moment(value: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        found = parsedate_to_datetime(value)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def said(kind: str, content: bytes) -> tuple[str, str]:
    """Return the server's own words and their details: OAuth's error_description, RFC 9457's detail,
    OpenStack's message, API-SIG's list of errors. `kind` is the Content-Type."""
    if "json" not in kind:
        return "", ""
    try:
        body = json.loads(content)
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    listed = body.get("errors")
    if isinstance(listed, list) and listed and isinstance(listed[0], dict):
        return _text(listed[0], ("title",)), _text(listed[0], ("detail",))
    for place in (body.get("error"), body):
        words = _text(place, ("error_description", "message", "detail", "title", "error"))
        if words:
            return words, _text(place, ("details",))
    return "", ""


def _text(place: object, names: tuple[str, ...]) -> str:
    found = (place.get(name) for name in names) if isinstance(place, dict) else ()
    return next((without_secrets(text)[:_LONGEST] for text in found if isinstance(text, str)), "")
