"""JSON answers and JSON errors (RFC 6749 §5.2, RFC 6750 §3). Private detail goes to the log and no further."""

from __future__ import annotations

import logging
from typing import Final

import msgspec
from starlette.responses import Response

from sojourn.errors import (
    BearerError,
    InvalidClient,
    ProtocolError,
    ServerBusy,
    TooOften,
)
from sojourn.wire import oauth

log = logging.getLogger("sojourn.requests")

JSON: Final = (b"content-type", b"application/json")
NO_STORE: Final = (b"cache-control", b"no-store")
ANY_ORIGIN: Final = (b"access-control-allow-origin", b"*")
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
_encode: Final = msgspec.json.Encoder().encode


def answer(members: object, *, status: int = 200) -> Response:
    """A JSON answer that nobody keeps."""
    return raw(_encode(members), status=status)


class _Json(Response):
    """JSON text that nobody keeps; its headers need no working out."""

    def __init__(self, body: bytes, status: int) -> None:
        self.status_code = status
        self.background = None
        self.body = body
        length = str(len(body)).encode("ascii")
        self.raw_headers = [(b"content-length", length), JSON, NO_STORE, _NOSNIFF]


def raw(body: bytes, *, status: int = 200) -> Response:
    """JSON text as an answer that nobody keeps."""
    return _Json(body, status)


def refusal(error: ProtocolError, *, basic: bool = False) -> Response:
    """An error answer. `basic`: the client tried HTTP Basic, and is told so (RFC 6749 §5.2)."""
    if error.detail:
        log.info("%s: %s", error.code, error.detail)
    response = raw(oauth.error_body(error), status=error.status)
    if isinstance(error, BearerError):
        challenge = oauth.www_authenticate(error, realm="sojourn")
        response.headers["www-authenticate"] = challenge
    elif isinstance(error, InvalidClient) and basic:
        response.headers["www-authenticate"] = 'Basic realm="sojourn", charset="UTF-8"'
    if isinstance(error, ServerBusy | TooOften):
        response.headers["retry-after"] = str(error.retry_after)
    return response


def no_token() -> Response:
    """401 for a request without any token: a challenge and no error code (RFC 6750 §3.1)."""
    response = raw(b"", status=401)
    response.headers["www-authenticate"] = oauth.www_authenticate(None, realm="sojourn")
    return response
