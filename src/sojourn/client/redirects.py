"""Where a redirect may lead and what may go along: credentials, cookies and body stay at their
origin, https never becomes http, and a body that can be sent once is not sent twice. The engine
stands above it; nothing here sends."""

from __future__ import annotations

from typing import Final

from sojourn.client.response import Response
from sojourn.client.transport.contract import Request
from sojourn.client.url import join, masked, origin
from sojourn.errors import Malformed, UnsafeRedirect

STATUSES: Final = frozenset({301, 302, 303, 305, 307, 308})

# What another origin may see. Everything else may be a secret of the first one, also under a name
# nobody knows yet.
_HARMLESS: Final = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})
_OF_BODY: Final = frozenset(
    {"content-type", "content-length", "content-encoding", "transfer-encoding"}
)


def target(response: Response) -> str | None:
    """Return the absolute URL that `response` redirects to, or None if it does not.

    A Location that cannot be followed safely raises UnsafeRedirect.
    """
    if response.status_code not in STATUSES:
        return None
    location = response.headers.get("location")
    if location is None:
        return None
    try:
        url = join(response.url, location)
        safe = origin(url).scheme == "https" or origin(response.url).scheme == "http"
    except Malformed as cause:
        raise _unsafe(response, "to a URL that cannot be followed", str(cause)) from cause
    if not safe:
        raise _unsafe(response, "from https to http", "")
    return url


def following(request: Request, url: str, status: int) -> Request | None:
    """Return the request to `url` that follows `request`, or None if its body cannot be sent again.

    Method and body are kept, save that 303 asks for another resource with GET (RFC 9110 §15.4.4).
    """
    if status == 303 and request.method != "HEAD":
        request = _without_body(request._replace(method="GET"))
    moved = request._replace(url=url)
    if not same_origin(request, moved):
        harmless = tuple(field for field in moved.headers if field[0].lower() in _HARMLESS)
        return moved._replace(headers=harmless, content=None)
    return moved if moved.replayable else None


def same_origin(one: Request, other: Request) -> bool:
    """Tell whether both go to the same scheme, host and port."""
    return origin(one.url) == origin(other.url)


def _without_body(request: Request) -> Request:
    headers = tuple(field for field in request.headers if field[0].lower() not in _OF_BODY)
    return request._replace(headers=headers, content=None)


def _unsafe(response: Response, why: str, detail: str) -> UnsafeRedirect:
    shown = masked(response.url)
    method = response.request.method
    return UnsafeRedirect(
        f"{method} {shown} was redirected {why}.", method=method, url=shown, detail=detail
    )
