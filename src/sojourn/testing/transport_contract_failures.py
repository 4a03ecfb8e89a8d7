# ruff: noqa: S101 - a case asserts
"""The contract of transports, part two: what goes wrong is the right error, which says whether the
server may have acted, and shows no secret. `transport_contract` stands above it."""

from __future__ import annotations

import gzip
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from sojourn.client.transport.contract import Request, Timeout
from sojourn.errors import (
    AnswerLost,
    ConnectFailure,
    ConnectTimeout,
    Malformed,
    ReadTimeout,
    RequestError,
    SojournError,
)
from sojourn.testing.transport_contract_desk import Face, Open, TransportOptions
from sojourn.testing.transport_contract_server import ContractServer, Cut, reply

Serve = Callable[..., ContractServer]

SECRET = "hush-hush"
QUERY = f"/?key={SECRET}"
SOON = Timeout(connect=0.2, read=0.2)


@contextmanager
def free_port() -> Iterator[int]:
    """A port at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port whose queue of connections is full, so that a new one gets no word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]
        for each in waiting:
            each.close()


def shown(error: BaseException) -> str:
    """Everything of `error` that somebody may read."""
    lines = traceback.format_exception(error)
    return "".join((*lines, repr(error), str(getattr(error, "detail", ""))))


class FailureCases:
    """Errors."""

    def test_a_port_at_which_nobody_listens_is_no_connection(self, face: Face) -> None:
        with free_port() as port, pytest.raises(ConnectFailure, match="no connection") as caught:
            face.send(Request("POST", f"http://127.0.0.1:{port}{QUERY}", content=b"x"))
        assert not isinstance(caught.value, (AnswerLost, ConnectTimeout))
        assert SECRET not in shown(caught.value)
        assert caught.value.url == f"http://127.0.0.1:{port}/?key=***"
        assert caught.value.method == "POST"

    def test_a_name_that_does_not_exist_is_no_connection(self, face: Face) -> None:
        with pytest.raises(ConnectFailure, match="no connection") as caught:
            face.send(Request("GET", f"http://nowhere.invalid{QUERY}"))
        assert not isinstance(caught.value, AnswerLost)
        assert SECRET not in shown(caught.value)

    @pytest.mark.parametrize("read", [0.2, 20])
    def test_a_server_that_takes_no_connection_is_given_up_in_time(
        self, face: Face, read: float
    ) -> None:
        limits = Timeout(connect=0.2, read=read)
        with deaf_port() as port, pytest.raises(ConnectTimeout, match="in time") as caught:
            face.send(Request("GET", f"http://127.0.0.1:{port}{QUERY}", timeout=limits))
        assert not isinstance(caught.value, ReadTimeout)
        assert SECRET not in shown(caught.value)

    def test_a_server_that_does_not_answer_in_tls_is_given_up_as_not_connected(
        self, face: Face
    ) -> None:
        limits = Timeout(connect=0.2, read=0.2)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"https://127.0.0.1:{silent.getsockname()[1]}{QUERY}"
            with pytest.raises(ConnectTimeout) as caught:
                face.send(Request("GET", url, timeout=limits))
        assert not isinstance(caught.value, ReadTimeout)
        assert SECRET not in shown(caught.value)

    def test_a_server_that_says_nothing_is_given_up_in_time(self, face: Face, serve: Serve) -> None:
        over = threading.Event()
        server = serve(lambda _: reply() if over.wait(60) else b"")
        with pytest.raises(ReadTimeout, match="no answer in time") as caught:
            face.send(Request("GET", server.url + QUERY, timeout=SOON))
        over.set()
        assert SECRET not in shown(caught.value)

    def test_an_answer_that_stops_halfway_is_given_up_in_time(
        self, face: Face, serve: Serve
    ) -> None:
        server = serve(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        with pytest.raises(ReadTimeout) as caught:
            face.send(Request("GET", server.url + QUERY, timeout=SOON))
        assert SECRET not in shown(caught.value)

    def test_a_long_limit_to_connect_does_not_lengthen_a_short_one_to_read(
        self, face: Face, serve: Serve
    ) -> None:
        over = threading.Event()
        server = serve(lambda _: reply() if over.wait(60) else b"")
        with pytest.raises(ReadTimeout):
            face.send(Request("GET", server.url, timeout=Timeout(connect=60, read=0.2)))
        over.set()

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"HTTP/1.1 200",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha",
            b"no HTTP at all\r\n\r\n",
        ],
        ids=["at once", "in the head", "in the body", "in a chunk", "nonsense"],
    )
    def test_a_connection_that_breaks_says_that_the_server_may_have_acted(
        self, face: Face, serve: Serve, answer: bytes
    ) -> None:
        server = serve(lambda _: Cut(answer))
        with pytest.raises(AnswerLost) as caught:
            face.send(Request("POST", server.url + QUERY, content=b"x"))
        assert not isinstance(caught.value, ConnectTimeout)
        assert SECRET not in shown(caught.value)
        assert len(server.received) == 1

    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            ("gzip", b"no gzip"),
            ("gzip", gzip.compress(b"cut off", mtime=0)[:-9]),
            ("deflate", b"\x01no"),
        ],
    )
    def test_a_broken_coding_is_a_lost_answer(
        self, face: Face, serve: Serve, coding: str, body: bytes
    ) -> None:
        server = serve(lambda _: reply(body, f"Content-Encoding: {coding}"))
        with pytest.raises(AnswerLost, match="Content-Encoding") as caught:
            face.send(Request("GET", server.url + QUERY))
        assert SECRET not in shown(caught.value)

    @pytest.mark.parametrize("value", ["b\r\nX-Evil: c", "b\nX-Evil: c", "b\x00", "\u20ac"])
    def test_a_header_cannot_smuggle_another(self, face: Face, serve: Serve, value: str) -> None:
        server = serve(lambda _: reply())
        with pytest.raises((Malformed, RequestError)):
            face.send(Request("GET", server.url, (("X-A", value),)))
        assert server.received == []

    @pytest.mark.parametrize("name", ["X A", "X-A\r\nX-Evil", "", "X:"])
    def test_a_header_name_that_is_none_is_refused(
        self, face: Face, serve: Serve, name: str
    ) -> None:
        server = serve(lambda _: reply())
        with pytest.raises(SojournError):
            face.send(Request("GET", server.url, ((name, "b"),)))
        assert server.received == []

    def test_a_proxy_that_is_not_there_is_no_connection_and_keeps_its_password(
        self, opened: Open
    ) -> None:
        with free_port() as port:
            face = opened(TransportOptions(proxy=f"http://ada:{SECRET}@127.0.0.1:{port}"))
            with pytest.raises(ConnectFailure, match="no connection") as caught:
                face.send(Request("GET", f"http://a.example{QUERY}"))
        assert SECRET not in shown(caught.value)
        assert not isinstance(caught.value, AnswerLost)

    def test_after_an_error_the_next_request_is_answered(self, face: Face, serve: Serve) -> None:
        answers = iter([Cut(b""), reply(b"again")])
        server = serve(lambda _: next(answers))
        with pytest.raises(AnswerLost):
            face.send(Request("GET", server.url))
        assert face.send(Request("GET", server.url)).content == b"again"
