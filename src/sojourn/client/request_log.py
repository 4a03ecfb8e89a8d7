"""What the debug log says of requests and answers: a curl line, headers, JSON or plain bodies, and
no secret. The engine calls it; nothing is built while the log is off."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shlex
from collections.abc import Iterable
from typing import Any, Final

from sojourn.client.http_errors import request_id
from sojourn.client.response import Response
from sojourn.client.transport.contract import Fields, Request
from sojourn.client.url import MASK, masked
from sojourn.wire.masking import PRIVATE, is_secret
from sojourn.wire.masking import masked as without_secrets

NAME: Final = "sojourn.client.session"

# Whatever else a header says may be a secret, also under a name nobody knows yet.
_SHOWN: Final = frozenset(
    {
        "accept", "accept-encoding", "accept-language", "allow", "cache-control", "connection",
        "content-encoding", "content-length", "content-type", "date", "etag", "forwarded",
        "last-modified", "openstack-api-version", "retry-after", "server", "transfer-encoding",
        "user-agent", "vary", "x-compute-request-id", "x-openstack-ironic-api-version",
        "x-openstack-nova-api-version", "x-openstack-request-id", "x-request-id",
    }
)  # fmt: skip
# A long random token can be told from another by its hash, and not be guessed from it.
_HASHED: Final = frozenset({"x-auth-token", "x-subject-token", "x-service-token", "authorization"})
_URLS: Final = frozenset({"location", "content-location"})
_CATALOGS: Final = frozenset({"catalog", "servicecatalog"})
_secret = re.compile(
    r"pass|secret|token|assertion|verifier|credential|private|receipt|signature|^code$|^key$|^blob$"
    r"|adminpass",
    re.IGNORECASE,
).search


class RequestLog:
    """`split` uses one logger for each part (`.request .response .body .request-id`); `logger` is
    used for all of it instead."""

    def __init__(self, *, split: bool = False, logger: logging.Logger | None = None) -> None:
        def named(part: str) -> logging.Logger:
            own = f"{NAME}.{part}" if split else NAME
            return logger or logging.getLogger(own)

        self._request = named("request")
        self._response = named("response")
        self._body = named("body")
        self._id = named("request-id")
        self._loggers = {self._request, self._response, self._body, self._id}

    @property
    def on(self) -> bool:
        """Whether anything would be written."""
        for one in self._loggers:  # noqa: SIM110 - asked at every request, and a generator takes as long again
            if one.isEnabledFor(logging.DEBUG):
                return True
        return False

    def sent(self, request: Request) -> None:
        """Tell of `request` as the curl command that sends it."""
        if self._request.isEnabledFor(logging.DEBUG):
            words = ["curl", "-g", "-i", "-X", request.method, shlex.quote(masked(request.url))]
            words += [f"-H {shlex.quote(line)}" for line in _lines(request.headers)]
            if isinstance(request.content, bytes):
                kind = dict(_lower(request.headers)).get("content-type", "")
                words.append(f"-d {shlex.quote(_body(request.content, kind))}")
            self._request.debug("REQ: %s", " ".join(words))

    def failed(self, request: Request, error: Exception) -> None:
        """Tell of a request that got no answer."""
        self._response.debug("RESP: none to %s %s: %s", request.method, masked(request.url), error)

    def answered(self, response: Response) -> None:
        """Tell of an answer: status and headers, body, the server's id of the request."""
        method, shown = response.request.method, masked(response.url)
        if self._response.isEnabledFor(logging.DEBUG):
            fields = " ".join(f"{line};" for line in _lines(response.reply.headers))
            took = response.elapsed.total_seconds()
            self._response.debug(
                "RESP: [%s] %s %s in %.3f s: %s", response.status_code, method, shown, took, fields
            )
        if self._body.isEnabledFor(logging.DEBUG) and response.content:
            kind = response.headers.get("content-type", "")
            self._body.debug("RESP BODY: %s", _body(response.content, kind))
        if self._id.isEnabledFor(logging.DEBUG) and (found := request_id(response.headers)):
            self._id.debug("%s %s has the request id %s", method, shown, found)


def _lower(fields: Fields) -> Iterable[tuple[str, str]]:
    return ((name.lower(), value) for name, value in fields)


def _lines(fields: Fields) -> list[str]:
    return [f"{name}: {_value(name.lower(), value)}" for name, value in fields]


def _value(name: str, value: str) -> str:
    if name in _SHOWN:
        return value
    if name in _URLS:
        return masked(value)
    if name in _HASHED and not value.lower().startswith("basic "):
        return f"{{SHA256}}{hashlib.sha256(value.encode()).hexdigest()}"
    return MASK


def _body(content: bytes, kind: str) -> str:
    if "json" in kind:
        try:
            return json.dumps(_clean(json.loads(content)))
        except (ValueError, RecursionError):
            return f"<{len(content)} bytes that are not JSON>"
    if kind.startswith("text/plain"):
        return without_secrets(content.decode("utf-8", "replace"))
    return f"<{len(content)} bytes>"


def _clean(value: Any, name: str = "") -> Any:  # noqa: ANN401 - any JSON
    if name.lower() in _CATALOGS:
        return "<removed>"
    if isinstance(value, dict):
        # A token's own id is the token (`{"token": {"id": ...}}`).
        bare = PRIVATE if "kty" in value else {"id"} if name.lower() == "token" else set()
        return {key: MASK if key in bare else _clean(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, name) for item in value]
    if (_secret(name) or is_secret(name)) and value is not None and not isinstance(value, bool):
        return MASK
    return without_secrets(value) if isinstance(value, str) else value
