"""What is no HTTP, too long or never done: one clear answer or none, and the server goes on."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
from starlette.responses import Response

from sojourn.server.pages import failure
from sojourn.server.serving import protocol
from tests.security.browser import basic
from tests.security.place import Place
from tests.security.refusals import JSON_POSTS, require_refusal
from tests.security.wire import FORM, compose, connect, exchange, read_answer, request


def test_a_body_over_the_limit_is_413(place: Place):
    for path in (*JSON_POSTS, "/sign-in", "/end-session"):
        require_refusal(request(place.issuer, "POST", path, form="a=" + "b" * 70_000), 413)


def test_a_chunked_body_over_the_limit_is_413(place: Place):
    chunks = b"".join(b"2000\r\n" + b"a" * 8192 + b"\r\n" for _ in range(10)) + b"0\r\n\r\n"
    head = {"Transfer-Encoding": "chunked", "Content-Type": FORM}
    for path in JSON_POSTS:
        require_refusal(
            exchange(place.issuer, compose("POST", path, headers=head, body=chunks)), 413
        )


def test_a_chunked_body_without_end_is_cut_off(place: Place):
    head = {"Transfer-Encoding": "chunked", "Content-Type": FORM}
    with connect(place.issuer) as peer:
        peer.sendall(compose("POST", "/token", headers=head))
        try:
            for _ in range(200):
                peer.sendall(b"2000\r\n" + b"a" * 8192 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return
        require_refusal(read_answer(peer), 413)


@pytest.mark.parametrize(
    "head",
    [
        {"X": "a" * 20_000},
        {f"X-{n}": "a" for n in range(3_000)},
        {"Cookie": "; ".join(f"a{n}={'b' * 100}" for n in range(200))},
        {"Authorization": "Bearer " + "a" * 30_000},
    ],
    ids=["long", "many", "cookies", "token"],
)
def test_a_head_over_the_limit_is_431(place: Place, head: dict[str, str]):
    answer = exchange(place.issuer, compose("GET", "/userinfo", headers=head))
    assert answer.status == 431
    assert answer.error == "invalid_request"
    assert len(answer.body) == int(answer.header("content-length"))


def test_a_url_over_the_limit_is_431(place: Place):
    answer = exchange(place.issuer, compose("GET", "/authorize?a=" + "b" * 40_000))
    assert answer.status == 431


def test_trailers_never_become_headers_nor_fill_the_memory(place: Place):
    head = {"Transfer-Encoding": "chunked", "Content-Type": FORM}
    body = (
        b"3\r\na=b\r\n0\r\nAuthorization: "
        + basic(place.client_id, place.secret)["Authorization"].encode()
    )
    answer = exchange(
        place.issuer, compose("POST", "/introspect", headers=head, body=body + b"\r\n\r\n")
    )
    require_refusal(answer, 401)
    with connect(place.issuer) as peer:
        peer.sendall(compose("POST", "/introspect", headers=head, body=b"3\r\na=b\r\n0\r\n"))
        trailers = b"".join(b"X-%d: " % number + b"a" * 1000 + b"\r\n" for number in range(50_000))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            peer.sendall(trailers)


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost a\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\na",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_or_dropped(place: Place, raw: bytes):
    with connect(place.issuer) as peer:
        peer.sendall(raw)
        peer.shutdown(1)
        said = peer.recv(65_536)
    assert said == b"" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), said
    assert request(place.issuer, "GET", "/jwks").status == 200


def test_a_body_that_breaks_off_leaves_the_server_in_order(place: Place):
    for path in ("/token", "/sign-in", "/account/sessions"):
        with connect(place.issuer) as peer:
            head = compose("POST", path, headers={"Content-Type": FORM, "Content-Length": "1000"})
            peer.sendall(head + b"grant_type=author")
    assert request(place.issuer, "GET", "/jwks").status == 200


def test_a_request_spelled_byte_by_byte_is_answered(place: Place):
    with connect(place.issuer) as peer:
        for byte in compose("POST", "/token", headers={"Content-Type": FORM}, body=b"a=b"):
            peer.sendall(bytes((byte,)))
        require_refusal(read_answer(peer), 401)


@pytest.mark.parametrize(
    "begun",
    [b"GET / HT", compose("POST", "/token", headers={"Content-Type": FORM, "Content-Length": "9"})],
    ids=["head", "body"],
)
def test_a_request_that_never_ends_is_dropped(
    place: Place, monkeypatch: pytest.MonkeyPatch, begun: bytes
):
    monkeypatch.setattr(protocol, "MAX_REQUEST_SECONDS", 0.05)
    with connect(place.issuer) as peer:
        peer.sendall(begun)
        assert peer.recv(1) == b""


def test_what_fails_past_every_handler_is_a_bare_500(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(*_: object, **__: object) -> None:
        message = "the template broke"
        raise RuntimeError(message)

    monkeypatch.setattr(failure, "page", broken)
    answer = request(place.issuer, "GET", "/nowhere")
    assert (answer.status, answer.header("connection")) == (500, "close")
    assert "broke" not in answer.text
    assert "the template broke" in caplog.text


@pytest.mark.parametrize("control", ["\n", "\r", "\0", "\x1f", "\x7f"])
def test_an_answer_with_a_control_character_in_a_header_is_never_written(
    place: Place, monkeypatch: pytest.MonkeyPatch, control: str
):
    def injected(*_: object, **__: object) -> Response:
        made = Response(b"")
        made.raw_headers.append((b"x-name", f"a{control}b".encode()))
        return made

    monkeypatch.setattr(failure, "page", injected)
    answer = request(place.issuer, "GET", "/nowhere")
    assert answer.status == 500
    assert not answer.header("x-name")


def test_a_closed_connection_leaves_nothing_for_the_collector(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    made: list[weakref.ref[protocol.LimitedProtocol]] = []
    begin = protocol.LimitedProtocol.connection_made

    def noted(self: protocol.LimitedProtocol, transport: asyncio.Transport) -> None:
        made.append(weakref.ref(self))
        begin(self, transport)

    monkeypatch.setattr(protocol.LimitedProtocol, "connection_made", noted)
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            request(place.issuer, "GET", "/jwks")
        place.server.call(settled)
        alive = sum(one() is not None for one in made)
    finally:
        gc.enable()
    assert alive <= 2, "the last connections may still be closing"


async def settled(_: object) -> None:
    for _ in range(50):
        await asyncio.sleep(0)
