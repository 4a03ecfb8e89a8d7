"""A transport that sends through somebody else's Session, so that a plugin of ours signs in with the
certificates, proxies and adapters which that Session was given. The plugins' keystoneauth face stands
above it; below it is whatever `request` the foreign session has."""

from __future__ import annotations

import sys
from typing import Any

from sojourn.client.transport.contract import Reply, Request
from sojourn.client.url import masked
from sojourn.errors import ConnectFailure, ConnectTimeout, RequestError, SSLFailure

# By name and most particular first: the library is not imported for the sake of its errors.
_KINDS: tuple[tuple[str, type[RequestError]], ...] = (
    ("ConnectTimeout", ConnectTimeout),
    ("SSLError", SSLFailure),
    ("ConnectFailure", ConnectFailure),
    ("ConnectionError", ConnectFailure),
)


class BorrowedTransport:
    """Sends with `session`, a keystoneauth1 Session or Adapter."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - not of ours
        self._session = session

    def send(self, request: Request) -> Reply:
        try:
            answer = self._session.request(
                request.url,
                request.method,
                headers=dict(request.headers),
                data=request.content,
                authenticated=False,
                redirect=False,
                raise_exc=False,
                log=False,
            )
        except Exception as error:
            kind = _kind(error)
            if kind is None:
                raise
            shown = masked(request.url)
            text = f"{request.method} {shown}: no answer"
            raise kind(text, method=request.method, url=shown, detail=str(error)) from error
        fields = tuple((str(name), str(value)) for name, value in answer.headers.items())
        return Reply(answer.status_code, fields, answer.content, answer.reason or "")

    def close(self) -> None:
        """Do nothing: the session is not ours to close."""


def _kind(error: Exception) -> type[RequestError] | None:
    library: Any = sys.modules.get("keystoneauth1.exceptions")
    if library is None:
        return None
    return next((ours for name, ours in _KINDS if isinstance(error, getattr(library, name))), None)
