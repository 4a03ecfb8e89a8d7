"""What both transports over httpx2 share: our request as one of the library's, its answer as ours,
its errors as ours. The only file beside the two transports that knows the library's names."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx2

from sojourn.client.transport import routing
from sojourn.client.transport.coding import BrokenCoding, broken_coding, decoded
from sojourn.client.transport.contract import Reply, Request
from sojourn.client.transport.failing import refused
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.errors import (
    AnswerLost,
    ConnectFailure,
    ConnectTimeout,
    Malformed,
    ReadTimeout,
    RequestError,
    SSLFailure,
)

_LOGGERS = ("connection", "http11", "http2", "proxy", "socks")


def _without_headers(record: logging.LogRecord) -> bool:
    """Cut the header fields off what the library logs at DEBUG: cookies and tokens are among them."""
    if isinstance(record.msg, str):
        record.msg = record.msg.partition(" return_value=(")[0]
    return True


for _name in _LOGGERS:
    logging.getLogger(f"httpcore2.{_name}").addFilter(_without_headers)


def outgoing(request: Request) -> httpx2.Request:
    """Return `request` as the library sends it; it adds Host and the body's length, and nothing
    else."""
    timeout = request.timeout
    limits = {
        "connect": timeout.connect,
        "pool": timeout.connect,
        "read": timeout.read,
        "write": timeout.read,
    }
    try:
        headers = [
            (name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers
        ]
    except UnicodeEncodeError as cause:
        raise Malformed("A header holds a letter that HTTP cannot carry.") from cause
    try:
        return httpx2.Request(
            request.method,
            request.url,
            headers=headers,
            content=request.content,
            extensions={"timeout": limits},
        )
    except httpx2.InvalidURL as cause:
        raise Malformed("The URL cannot be read.", detail=str(cause)) from cause


class Route(NamedTuple):
    """What tells one pool of connections from another: whether it speaks TLS, the proxy, and an
    authority that is trusted instead."""

    secure: bool
    proxy: str | None
    ca: str | None = None


def directed(request: Request, proxies: Proxies) -> tuple[Request, Route]:
    """Return `request` as it goes out, and the route that it takes."""
    to = routing.target(request)
    if to is not None:
        return routing.moved(request, to), Route(_is_secure(to.url), None, to.ca)
    return request, Route(_is_secure(request.url), proxies.through(request.url))


def _is_secure(url: str) -> bool:
    return url[:6].lower() == "https:"


def connection(way: Route, trust: Trust) -> tuple[ssl.SSLContext, httpx2.Proxy | None]:
    """Return what the library needs to open a pool for `way`.

    Where no TLS is spoken the context trusts nobody: loading the authorities takes 50 ms.
    """
    if way.ca is not None:
        return Trust(way.ca).context, None
    proxy = None
    if way.proxy is not None:
        to_proxy = trust.context if way.proxy.startswith("https:") else None
        proxy = httpx2.Proxy(way.proxy, ssl_context=to_proxy)
    context = trust.context if way.secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return context, proxy


def incoming(request: Request, response: httpx2.Response, body: bytes) -> Reply:
    """Return the library's answer, whose body came as `body`, as ours.

    It is decoded here: the library hands over a body that was cut off as if it were whole.
    """
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
    )
    try:
        content = decoded(body, response.headers.get("content-encoding"))
    except BrokenCoding as cause:
        raise broken_coding(request, cause) from None
    return Reply(response.status_code, headers, content, response.reason_phrase)


@contextmanager
def translated(request: Request) -> Iterator[None]:
    """Turn the library's errors into ours, each with method and masked URL; some of TLS come through
    it as they are."""
    try:
        yield
    except (httpx2.RequestError, OSError) as cause:
        raise _translation(request, cause) from cause


def _translation(request: Request, cause: Exception) -> RequestError:
    kind, text = _kind(cause)
    return refused(kind, request, text, detail=str(cause))


def _kind(cause: Exception) -> tuple[type[RequestError], str]:
    if isinstance(cause, (httpx2.ConnectTimeout, httpx2.PoolTimeout)):
        return ConnectTimeout, "no connection in time"
    if isinstance(cause, httpx2.TimeoutException):
        return ReadTimeout, "no answer in time"
    if _is_tls(cause):
        return SSLFailure, "the server's certificate or TLS is not trusted"
    if isinstance(cause, (httpx2.ConnectError, httpx2.ProxyError)):
        return ConnectFailure, "no connection"
    if isinstance(cause, (httpx2.NetworkError, httpx2.RemoteProtocolError, OSError)):
        return AnswerLost, "the connection broke before the answer was complete"
    return RequestError, "the request could not be sent"


def _is_tls(cause: BaseException | None) -> bool:
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
