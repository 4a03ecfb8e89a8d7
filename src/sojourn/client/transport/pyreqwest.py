"""What both transports over pyreqwest (the `fast` extra) share: what they can honour exactly, their
clients, its answer and its errors as ours. The only file that knows the library's names; `choice`
stands above the transports and sends the rest over httpx2."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Final, NamedTuple, TypeVar

# The errors are imported here so that the library never does it while an interrupt is pending:
# it would abort the process.
from pyreqwest.client import BaseClientBuilder, SyncClientBuilder
from pyreqwest.exceptions import BuilderError, PyreqwestError, RequestTimeoutError
from pyreqwest.http import HeaderMap, Url
from pyreqwest.request import BaseRequestBuilder

from sojourn.client.transport import routing
from sojourn.client.transport.coding import BrokenCoding, broken_coding, decoded
from sojourn.client.transport.contract import Fields, Reply, Request, Timeout, Unsupported
from sojourn.client.transport.failing import refused
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import (
    AnswerLost,
    ConnectFailure,
    ConnectTimeout,
    Malformed,
    ReadTimeout,
    RequestError,
    SSLFailure,
)

B = TypeVar("B", bound=BaseClientBuilder)
C = TypeVar("C")

LARGEST: Final = 262_144  # bytes: sending more may take as long as the limit for the answer
MOST_CLIENTS: Final = 16
HEADWAY: Final = 0.05  # seconds: of two limits that are alike, that of connecting must be the first
UNREADABLE: Final = "\ufffd"

_FRAMING: Final = frozenset(
    {"connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"}
)
_USUAL: Final = frozenset({"Accept", "Accept-Encoding", "User-Agent", "Authorization"})
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_REASONS: Final[Mapping[int, str]] = {status.value: status.phrase for status in HTTPStatus}
_CONNECTING: Final = "client error (Connect)"
_TLS_WORDS: Final = ("certificate", "corrupt message", "fatal alert", "handshake", "tls", "peer ")
_OTHER_WORDS: Final = ("tcp connect", "dns error", "tunnel", "socks")


_usable: dict[int, bool] = {}


class Way(NamedTuple):
    """What tells one client from another: whether it speaks TLS, the proxy, and the limits."""

    secure: bool
    proxy: str | None
    timeout: Timeout


class Judge:
    """Tells which requests the library sends exactly as the contract says."""

    def __init__(self, trust: Trust, proxies: Proxies) -> None:
        self.verified = trust.verified
        self._trust = trust
        self._proxies = proxies

    def judged(self, request: Request) -> tuple[Way, Url]:
        """Return how `request` is sent; raises Unsupported."""
        if not usable():
            raise Unsupported("this process was forked after the library had started")
        if routing.target(request) is not None:
            raise Unsupported("it is routed elsewhere")
        url = _exact(request.url)
        if threading.current_thread().daemon:
            raise Unsupported("it is sent on a daemon thread, which the library does not survive")
        if not (
            request.content is None
            or (isinstance(request.content, bytes) and len(request.content) <= LARGEST)
        ):
            raise Unsupported("its body is streamed, or large")
        _check_fields(request.headers)
        timeout = request.timeout
        if not 0 < timeout.connect <= timeout.read <= threading.TIMEOUT_MAX:
            raise Unsupported("its limit to connect is longer than that of the answer")
        proxy = self._proxies.through(request.url)
        secure = request.url[:6].lower() == "https:"
        if proxy is not None and not proxy.startswith(("http://", "https://")):
            raise Unsupported("its proxy speaks SOCKS")
        if secure or (proxy is not None and proxy.startswith("https://")):
            self._check_trust()
        return Way(secure, proxy, timeout), url

    def _check_trust(self) -> None:
        if (reason := self._trust.particular) is not None:
            raise Unsupported(reason)


def usable() -> bool:
    """Tell whether the library works in this process: in a child that was forked after it had started
    it does not."""
    pid = os.getpid()
    if pid not in _usable:
        try:
            SyncClientBuilder().danger_accept_invalid_certs(enable=True).build()
        except RuntimeError:
            _usable[pid] = False
        else:
            _usable[pid] = True
    return _usable[pid]


def configured(builder: B, way: Way, *, verified: bool) -> B:
    """Return `builder` with everything off that the contract keeps for us, and the limits of `way`.

    Where no TLS is spoken nobody is trusted: loading the authorities takes milliseconds.
    """
    builder = (
        builder.follow_redirects(enable=False)
        .referer(enable=False)
        .no_proxy()
        .gzip(enable=False)
        .deflate(enable=False)
        .brotli(enable=False)
        .zstd(enable=False)
        .http1_only()
        .user_agent(PRODUCT)
        .connect_timeout(timedelta(seconds=way.timeout.connect))
        .read_timeout(timedelta(seconds=max(way.timeout.read, way.timeout.connect + HEADWAY)))
    )
    spoken = way.secure or (way.proxy or "").startswith("https:")
    if not verified or not spoken:
        builder = builder.danger_accept_invalid_certs(enable=True)
    if way.proxy is not None:
        from pyreqwest.proxy import ProxyBuilder

        builder = builder.proxy(ProxyBuilder.all(way.proxy))
    return builder


def opened(build: Callable[[], C]) -> C:
    """Return the client that `build` makes; raises Unsupported where there are no authorities."""
    try:
        return build()
    except BuilderError as cause:
        raise Unsupported("the library finds no authorities to trust") from cause


def fill(builder: BaseRequestBuilder, request: Request) -> None:
    """Put the header fields and the body of `request` into `builder`."""
    try:
        builder.headers(request.headers)
    except ValueError:
        pass
    else:
        if isinstance(request.content, bytes) and request.content:
            builder.body_bytes(request.content)
        elif request.method in _WITH_BODY:
            builder.header("Content-Length", "0")  # RFC 9110 §8.6
        return
    raise Malformed("A header holds a letter that HTTP cannot carry.")


def incoming(request: Request, status: int, headers: HeaderMap, content: bytes) -> Reply:
    """Return the library's answer as ours; the reason is the standard one, for it hides the
    server's."""
    try:
        fields: Fields = tuple(headers.items())
    except ValueError:
        fields = _readable(headers)
    codings = []
    for name, value in fields:
        if name == "content-encoding":
            codings.append(value)
    if codings:
        try:
            content = decoded(content, ", ".join(codings))
        except BrokenCoding as cause:
            raise broken_coding(request, cause) from None
    return Reply(status, fields, content, _REASONS.get(status, ""))


def failure(request: Request, cause: PyreqwestError) -> RequestError:
    """Return the library's error as ours. It is to be raised alone: the library's texts show the
    whole URL."""
    said = [text for text in _causes(cause) if "://" not in text]
    kind, text = _kind(cause, said)
    return refused(kind, request, text, detail="; ".join((type(cause).__name__, *said)))


def _kind(cause: PyreqwestError, said: list[str]) -> tuple[type[RequestError], str]:
    connecting = _CONNECTING in said
    if isinstance(cause, RequestTimeoutError):
        if connecting:
            return ConnectTimeout, "no connection in time"
        return ReadTimeout, "no answer in time"
    if not connecting:
        return AnswerLost, "the connection broke before the answer was complete"
    words = " ".join(said[said.index(_CONNECTING) + 1 :]).lower()
    if any(word in words for word in _TLS_WORDS) and not any(w in words for w in _OTHER_WORDS):
        return SSLFailure, "the server's certificate or TLS is not trusted"
    return ConnectFailure, "no connection"


def _causes(cause: PyreqwestError) -> list[str]:
    details = getattr(cause, "details", None) or {}
    return [each["message"] for each in details.get("causes") or ()]


def _exact(url: str) -> Url:
    """Return the URL if the library asks for the very text: what it would write otherwise was not
    what a proof or a signature is for."""
    try:
        read = Url(url)
    except ValueError:
        read = None
    if read is not None and "@" not in url:
        # An empty path is asked for as `/` (RFC 9110 §4.2.3), by every library.
        written = str(read)
        if written in (url, f"{url}/") or written == url.replace("?", "/?", 1):
            return read
    raise Unsupported("the library would write its URL in another way")


def _check_fields(fields: Fields) -> None:
    for name, value in fields:
        if not (value.isascii() and name.isascii()):
            raise Unsupported("a header holds a letter outside ASCII")
        if name not in _USUAL and name.lower() in _FRAMING:
            raise Unsupported(f"its header {name} is given by hand")


def _readable(headers: HeaderMap) -> Fields:
    fields: list[tuple[str, str]] = []
    for name in dict.fromkeys(headers.keys()):
        try:
            values = headers.getall(name)
        except ValueError:
            values = [UNREADABLE]
        fields += [(name, value) for value in values]
    return tuple(fields)
