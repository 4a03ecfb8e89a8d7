"""JSON answers and JSON errors (RFC 6749 §5.2, RFC 6750 §3). Private detail goes to the log and no further."""

from __future__ import annotations

import logging
from typing import Final

import msgspec
from starlette.responses import Response

from sojourn.errors import (
    BearerError,
    DpopError,
    InvalidClient,
    ProtocolError,
    ServerBusy,
    TooOften,
    UseDpopNonce,
)
from sojourn.wire import dpop, oauth

log = logging.getLogger("sojourn.requests")

JSON: Final = (b"content-type", b"application/json")
NO_STORE: Final = (b"cache-control", b"no-store")
ANY_ORIGIN: Final = (b"access-control-allow-origin", b"*")
_REALM: Final = "sojourn"
_DPOP: Final = dpop.challenge(realm=_REALM)
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


def refusal(error: ProtocolError, *, scheme: str = "") -> Response:
    """An error answer (RFC 6749 §5.2, RFC 9449 §7.1); `scheme` is the Authorization header's, in lower case."""
    if error.detail:
        log.info("%s: %s", error.code, error.detail)
    at_resource = isinstance(error, BearerError) or scheme == "dpop"
    status = 401 if at_resource and isinstance(error, DpopError) else error.status
    response = raw(oauth.error_body(error), status=status)
    if at_resource:
        challenge = _challenge(error, status, with_proof=scheme == "dpop")
        if challenge:
            response.headers["www-authenticate"] = challenge
    elif isinstance(error, InvalidClient) and scheme == "basic":
        response.headers["www-authenticate"] = 'Basic realm="sojourn", charset="UTF-8"'
    if isinstance(error, UseDpopNonce):
        response.headers["dpop-nonce"] = error.nonce
    if isinstance(error, ServerBusy | TooOften):
        response.headers["retry-after"] = str(error.retry_after)
    return response


def _challenge(error: ProtocolError, status: int, *, with_proof: bool) -> str:
    """What a resource asks for: the scheme that was tried with its error, and after a 401 the other one as well."""
    if with_proof:
        speaks = isinstance(error, BearerError | DpopError)
        return oauth.www_authenticate(error, realm=_REALM, scheme=_DPOP) if speaks else ""
    bearer = oauth.www_authenticate(error, realm=_REALM)
    return f"{bearer}, {_DPOP}" if status == 401 else bearer


def no_token() -> Response:
    """401 for a request without any token: a challenge and no error code (RFC 6750 §3.1)."""
    response = raw(b"", status=401)
    bearer = oauth.www_authenticate(None, realm=_REALM)
    response.headers["www-authenticate"] = f"{bearer}, {_DPOP}"
    return response
