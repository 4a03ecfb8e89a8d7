"""HTTP as an attacker writes it: bytes on a socket, no library in between to make them proper."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

FORM = "application/x-www-form-urlencoded"
WAIT = 60.0

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


class Answer(Struct, frozen=True):
    """What came back. `raw` is all of it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    raw: bytes = b""

    def header(self, name: str) -> str:
        """The first header of this name, or ''."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.headers if key == name)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        return self.header("location")

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    @property
    def error(self) -> str:
        """The `error` member of a JSON error answer."""
        return str(self.json["error"])


def connect(issuer: str) -> socket.socket:
    """A connection to a server in test."""
    parts = urlsplit(issuer)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout=WAIT)


def exchange(issuer: str, request: bytes) -> Answer:
    """Write bytes, read the first answer."""
    with connect(issuer) as peer:
        with suppress(
            BrokenPipeError, ConnectionResetError
        ):  # it may answer before it has read all
            peer.sendall(request)
        return read_answer(peer, bodiless=request.startswith(b"HEAD "))


def read_answer(peer: socket.socket, *, bodiless: bool = False) -> Answer:
    """The next answer of a connection, as far as its content-length or the end of it.

    `bodiless`: it answers HEAD, so no body comes. Raises ConnectionError for no answer or half of one.
    """
    raw = b""
    try:
        while b"\r\n\r\n" not in raw:
            some = peer.recv(65_536)
            if not some:
                break
            raw += some
        head, _, body = raw.partition(b"\r\n\r\n")
        length = _length(head)
        while not bodiless and (length is None or len(body) < length):
            some = peer.recv(65_536)
            if not some:
                break
            raw, body = raw + some, body + some
    except ConnectionResetError:
        pass
    head, ended, body = raw.partition(b"\r\n\r\n")
    if not ended or (not bodiless and len(body) < (_length(head) or 0)):
        raise ConnectionError(f"the connection ended after {len(raw)} bytes")
    return _parsed(raw)


def _length(head: bytes) -> int | None:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return None


def _parsed(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    assert first.startswith("HTTP/1.1 "), raw[:200]
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        headers.append((name.lower(), value.strip()))
    return Answer(int(first.split(" ")[1]), tuple(headers), body, raw)


def compose(
    method: str, target: str, *, headers: Headers = (), body: bytes = b"", host: str = "127.0.0.1"
) -> bytes:
    """A request as bytes; `host` '' leaves the header out."""
    given = list(headers.items() if isinstance(headers, Mapping) else headers)
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"Host: {host}"] if host else []
    lines += [f"{name}: {value}" for name, value in given]
    names = {name.lower() for name, _ in given}
    if method not in ("GET", "HEAD") and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"Content-Length: {len(body)}")
    lines.append("Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def request(
    issuer: str,
    method: str,
    target: str,
    *,
    headers: Headers = (),
    form: Mapping[str, str] | Iterable[tuple[str, str]] | str | bytes | None = None,
    data: object = None,
    host: str = "127.0.0.1",
) -> Answer:
    """One request; `form` is sent form-encoded, `data` as JSON."""
    given = list(headers.items() if isinstance(headers, Mapping) else headers)
    body = b""
    if data is not None:
        body = json.dumps(data).encode()
        given.append(("Content-Type", "application/json"))
    elif form is not None:
        if isinstance(form, bytes):
            body = form
        else:
            body = (form if isinstance(form, str) else urlencode(list(_pairs(form)))).encode()
        if not any(name.lower() == "content-type" for name, _ in given):
            given.append(("Content-Type", FORM))
    return exchange(issuer, compose(method, target, headers=given, body=body, host=host))


def _pairs(form: Mapping[str, str] | Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return form.items() if isinstance(form, Mapping) else form
