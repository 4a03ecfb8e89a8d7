# ruff: noqa: S101 - a case asserts
"""The contract of transports, part one: what goes out arrives, what comes back is handed over whole.
`transport_contract` stands above it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from sojourn.client.transport.contract import Body, Request
from sojourn.testing.transport_contract_desk import Face
from sojourn.testing.transport_contract_server import ContractServer, Cut, reply

Serve = Callable[..., ContractServer]

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND")
LARGE = bytes(range(256)) * 20_000


async def _awaited_pieces() -> AsyncIterator[bytes]:
    for piece in (b"one", b"", b"two"):
        yield piece


def _pieces() -> Iterator[bytes]:
    yield from (b"one", b"", b"two")


class ExchangeCases:
    """Requests and answers."""

    @pytest.mark.parametrize("method", METHODS)
    def test_a_request_arrives_as_it_was_given(self, face: Face, serve: Serve, method: str) -> None:
        server = serve(lambda received: reply(b"" if received.method == "HEAD" else b"fine"))
        headers = (("X-Team", "blue"), ("Accept", "text/plain"), ("User-Agent", "case/1"))
        answer = face.send(Request(method, f"{server.url}/a%20b?x=1&y=%C3%A4", headers))
        assert answer.status == 200
        (got,) = server.received
        assert (got.method, got.target, got.body) == (method, "/a%20b?x=1&y=%C3%A4", b"")
        assert got.values("x-team") == ["blue"]
        assert got.values("accept") == ["text/plain"]
        assert got.values("user-agent") == ["case/1"]
        assert got.values("host") == [server.url.removeprefix("http://")]

    def test_nothing_is_sent_that_nobody_asked_for(self, face: Face, serve: Serve) -> None:
        server = serve(lambda _: reply())
        face.send(Request("GET", server.url))
        (got,) = server.received
        names = {name.lower() for name, _ in got.fields}
        assert names <= {"host", "connection", "accept", "user-agent"}

    def test_repeated_headers_stay_apart_in_both_directions(self, face: Face, serve: Serve) -> None:
        server = serve(lambda _: reply(b"", "X-A: 1", "Set-Cookie: a=1", "x-a: 2"))
        answer = face.send(Request("GET", server.url, (("X-B", "1"), ("X-B", "2"))))
        assert server.received[0].values("x-b") == ["1", "2"]
        assert [value for name, value in answer.headers if name.lower() == "x-a"] == ["1", "2"]
        assert answer.header("X-A") == "1, 2"
        assert answer.header("X-C") is None

    def test_a_header_of_latin_1_arrives_in_latin_1(self, face: Face, serve: Serve) -> None:
        server = serve(lambda _: reply())
        face.send(Request("GET", server.url, (("X-A", "ä"),)))
        assert server.received[0].values("x-a") == ["ä"]

    @pytest.mark.parametrize("content", [b"abc", b"\x00\xff\r\n", LARGE], ids=["3", "raw", "5 MB"])
    def test_a_body_of_bytes_arrives_with_its_length(
        self, face: Face, serve: Serve, content: bytes
    ) -> None:
        server = serve(lambda _: reply())
        face.send(Request("PUT", server.url, content=content))
        (got,) = server.received
        assert got.body == content
        assert got.values("content-length") == [str(len(content))]
        assert got.values("transfer-encoding") == []

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    @pytest.mark.parametrize("content", [None, b""])
    def test_a_body_that_is_not_there_has_the_length_0(
        self, face: Face, serve: Serve, method: str, content: bytes | None
    ) -> None:
        server = serve(lambda _: reply())
        face.send(Request(method, server.url, content=content))
        assert server.received[0].values("content-length") == ["0"]

    def test_a_body_in_pieces_is_sent_chunked_and_once(self, face: Face, serve: Serve) -> None:
        server = serve(lambda _: reply())
        content: Body = _pieces() if face.blocking else _awaited_pieces()
        face.send(Request("POST", server.url, content=content))
        (got,) = server.received
        assert got.body == b"onetwo"
        assert got.values("transfer-encoding") == ["chunked"]

    def test_a_large_answer_is_handed_over_whole(self, face: Face, serve: Serve) -> None:
        server = serve(lambda _: reply(LARGE))
        answer = face.send(Request("GET", server.url))
        assert type(answer.content) is bytes
        assert answer.content == LARGE

    def test_an_answer_in_chunks_is_put_together(self, face: Face, serve: Serve) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunks = b"4\r\none,\r\n5;x=y\r\ntwo, \r\n0\r\nX-Trailer: z\r\n\r\n"
        server = serve(lambda _: head + chunks)
        assert face.send(Request("GET", server.url)).content == b"one,two, "

    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            ("gzip", gzip.compress(LARGE, mtime=0)),
            ("gzip", gzip.compress(LARGE[:7], mtime=0) + gzip.compress(LARGE[7:], mtime=0)),
            ("deflate", zlib.compress(LARGE)),
            ("deflate", zlib.compress(LARGE, wbits=-zlib.MAX_WBITS)),
            ("deflate, gzip", gzip.compress(zlib.compress(LARGE), mtime=0)),
            ("identity", LARGE),
        ],
        ids=["gzip", "gzip in members", "deflate", "raw deflate", "both", "identity"],
    )
    def test_an_answer_is_decoded_as_its_coding_says(
        self, face: Face, serve: Serve, coding: str, body: bytes
    ) -> None:
        server = serve(lambda _: reply(body, f"Content-Encoding: {coding}"))
        headers = (("Accept-Encoding", "gzip, deflate"),)
        answer = face.send(Request("GET", server.url, headers))
        assert answer.content == LARGE
        assert server.received[0].values("accept-encoding") == ["gzip, deflate"]

    def test_an_answer_to_head_has_a_length_and_no_body(self, face: Face, serve: Serve) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 512\r\nContent-Encoding: gzip\r\n\r\n"
        server = serve(lambda _: head)
        for _ in range(2):
            answer = face.send(Request("HEAD", server.url))
            assert (answer.content, answer.header("content-length")) == (b"", "512")
        assert {got.connection for got in server.received} == {1}

    @pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
    def test_an_answer_that_has_no_body_is_empty(
        self, face: Face, serve: Serve, status: str
    ) -> None:
        server = serve(lambda _: f"HTTP/1.1 {status}\r\nX-A: b\r\n\r\n".encode())
        for _ in range(2):
            answer = face.send(Request("GET", server.url))
            assert (answer.status, answer.content) == (int(status[:3]), b"")
        assert {got.connection for got in server.received} == {1}

    def test_an_answer_without_a_length_ends_with_its_connection(
        self, face: Face, serve: Serve
    ) -> None:
        server = serve(lambda _: CLOSED)
        assert face.send(Request("GET", server.url)).content == b"all of it"

    def test_an_informational_answer_is_not_the_answer(self, face: Face, serve: Serve) -> None:
        server = serve(lambda _: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + reply(b"real"))
        answer = face.send(Request("GET", server.url))
        assert (answer.status, answer.content) == (200, b"real")

    @pytest.mark.parametrize("status", [400, 401, 407, 429, 500, 503, 599])
    def test_a_refusal_is_an_answer_like_any_other(
        self, face: Face, serve: Serve, status: int
    ) -> None:
        server = serve(lambda _: reply(b"no", status=f"{status} Refused"))
        answer = face.send(Request("GET", server.url))
        assert (answer.status, answer.content) == (status, b"no")

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_handed_over_and_not_followed(
        self, face: Face, serve: Serve, status: int
    ) -> None:
        server = serve(lambda _: reply(b"", "Location: /there", status=f"{status} Moved"))
        answer = face.send(Request("GET", server.url))
        assert (answer.status, answer.header("location")) == (status, "/there")
        assert len(server.received) == 1

    def test_no_cookie_is_kept(self, face: Face, serve: Serve) -> None:
        server = serve(lambda _: reply(b"", "Set-Cookie: a=1; Path=/"))
        for _ in range(2):
            face.send(Request("GET", server.url))
        assert server.received[1].values("cookie") == []
        assert server.received[1].values("referer") == []

    @pytest.mark.parametrize(
        "path", ["/a/../b", "/%2e%2E/c", "/?q='\"<>`{}|^", "/a//b", "//x", "/;p"]
    )
    def test_one_url_is_one_target_on_both_faces_and_every_library(
        self, face: Face, serve: Serve, path: str
    ) -> None:
        server = serve(lambda _: reply())
        face.send(Request("GET", server.url + path))
        assert server.received[0].target == TARGETS.get(path, path)


TARGETS = {"/a/../b": "/b", "/?q='\"<>`{}|^": "/?q='%22%3C%3E`{}|^"}
CLOSED = Cut(b"HTTP/1.1 200 OK\r\n\r\nall of it")
