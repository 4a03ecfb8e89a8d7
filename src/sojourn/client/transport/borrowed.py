"""A transport that sends through somebody else's Session, so that a plugin of ours signs in with the
certificates, proxies and adapters which that Session was given. The plugins' keystoneauth face stands
above it; below it is whatever `request` the foreign session has."""

from __future__ import annotations

import sys
from collections.abc import Container
from contextlib import suppress
from typing import Any

from sojourn.client.transport.contract import Fields, Reply, Request
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
        sender = getattr(session, "session", None)  # of an Adapter it is the Session
        self._jar: Any = getattr(getattr(sender, "session", sender), "cookies", None)

    def send(self, request: Request) -> Reply:
        before = {_name_of(one) for one in self._jar or ()}
        try:
            answer = self._session.request(
                request.url,
                request.method,
                headers=self._headers(request),
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
        self._forget(answer, before)
        return Reply(answer.status_code, _fields(answer), answer.content, answer.reason or "")

    def _headers(self, request: Request) -> dict[str, str]:
        """Return the headers to send. A session of `requests` adds cookies of its own to a request that has none."""
        own = {} if self._jar is None or not len(self._jar) else {"Cookie": ""}
        return own | dict(request.headers)

    def _forget(self, answer: Any, before: Container[tuple[str, ...]]) -> None:  # noqa: ANN401 - not of ours
        """Take new cookies of a sign-in out of the session again, which would send them with every request."""
        for one in getattr(answer, "cookies", ()) if self._jar is not None else ():
            if (name := _name_of(one)) not in before:
                with suppress(KeyError):
                    self._jar.clear(*name)

    def close(self) -> None:
        """Do nothing: the session is not ours to close."""


def _name_of(cookie: Any) -> tuple[str, ...]:  # noqa: ANN401 - not of ours
    return cookie.domain, cookie.path, cookie.name


def _fields(answer: Any) -> Fields:  # noqa: ANN401 - not of ours
    """Return the header fields as they came: an answer of `requests` has folded those of one name, and several cookies
    cannot be told apart then."""
    own = getattr(getattr(answer, "raw", None), "headers", None)
    found = own.items() if own else answer.headers.items()
    return tuple((str(name), str(value)) for name, value in found)


def _kind(error: Exception) -> type[RequestError] | None:
    library: Any = sys.modules.get("keystoneauth1.exceptions")
    if library is None:
        return None
    return next((ours for name, ours in _KINDS if isinstance(error, getattr(library, name))), None)
