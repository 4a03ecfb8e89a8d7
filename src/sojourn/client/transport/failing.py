"""How a failed request is told of: with method and masked URL. Every transport makes its errors here;
below are the errors themselves."""

from __future__ import annotations

from sojourn.client.transport.contract import Request
from sojourn.client.url import masked
from sojourn.errors import RequestError


def refused(kind: type[RequestError], request: Request, text: str, *, detail: str) -> RequestError:
    """Return the error of `kind` for `request`; `text` says what happened, `detail` is private."""
    shown = masked(request.url)
    return kind(
        f"{request.method} {shown}: {text}", method=request.method, url=shown, detail=detail
    )
