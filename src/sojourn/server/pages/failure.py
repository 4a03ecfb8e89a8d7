"""Errors as pages: one of the two places where errors become answers. Private detail goes to the log."""

from __future__ import annotations

import logging
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import PageError, ProtocolError, ServerBusy, SojournError
from sojourn.server.pages.site import Site
from sojourn.server.pages.view import ErrorView

log = logging.getLogger("sojourn.requests")

_STATUS_OF_STORE: Final = 503


def page(site: Site, request: Request, error: SojournError) -> Response:
    """The page that tells a person what went wrong, with an id to quote."""
    name = site.context.random(6).hex()
    code, status = "server_error", _STATUS_OF_STORE
    if isinstance(error, PageError | ProtocolError):
        code, status = error.code, error.status
    log.info("page %s: %s %s %s", name, code, error.public, error.detail)
    wait = {"retry-after": str(error.retry_after)} if isinstance(error, ServerBusy) else {}
    view = ErrorView(
        code=code,
        text=error.public if isinstance(error, ProtocolError) else "",
        request_id=name,
    )
    return site.page(request, view, status=status, headers=wait)
