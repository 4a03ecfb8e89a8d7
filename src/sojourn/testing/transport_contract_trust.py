# ruff: noqa: S101 - a case asserts
"""The contract of transports, part four: whom a connection trusts. `transport_contract` stands above
it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sojourn.client.transport.contract import Request
from sojourn.errors import AnswerLost, ConnectFailure, SSLFailure
from sojourn.testing.transport_contract_desk import Authority, Face, Open, TransportOptions
from sojourn.testing.transport_contract_failures import QUERY, SECRET, shown
from sojourn.testing.transport_contract_server import ContractServer, reply

Serve = Callable[..., ContractServer]


class TrustCases:
    """TLS."""

    def test_a_certificate_of_nobody_is_refused_before_anything_is_sent(
        self, face: Face, serve: Serve, authority: Authority
    ) -> None:
        server = serve(lambda _: reply(), tls=authority.server())
        with pytest.raises(SSLFailure, match="not trusted") as caught:
            face.send(Request("POST", server.url + QUERY, content=b"x"))
        assert not isinstance(caught.value, AnswerLost)
        assert SECRET not in shown(caught.value)
        assert server.received == []

    def test_an_authority_of_ones_own_is_trusted(
        self, opened: Open, serve: Serve, authority: Authority
    ) -> None:
        server = serve(lambda _: reply(b"safe"), tls=authority.server())
        face = opened(TransportOptions(verify=authority.pem))
        assert face.send(Request("GET", server.url)).content == b"safe"

    def test_an_authority_of_ones_own_is_the_only_one_that_is_trusted(
        self, opened: Open, serve: Serve, authority: Authority, tmp_path: Path
    ) -> None:
        server = serve(lambda _: reply(), tls=authority.server())
        face = opened(TransportOptions(verify=Authority(tmp_path, "other").pem))
        with pytest.raises(SSLFailure):
            face.send(Request("GET", server.url))
        assert server.received == []

    def test_the_environments_authority_is_trusted_instead_of_the_systems(
        self,
        opened: Open,
        serve: Serve,
        authority: Authority,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server = serve(lambda _: reply(b"safe"), tls=authority.server())
        monkeypatch.delenv("SSL_CERT_DIR", raising=False)
        monkeypatch.setenv("SSL_CERT_FILE", authority.pem)
        assert opened(TransportOptions()).send(Request("GET", server.url)).content == b"safe"
        monkeypatch.setenv("SSL_CERT_FILE", Authority(tmp_path, "other").pem)
        with pytest.raises(SSLFailure):
            opened(TransportOptions()).send(Request("GET", server.url))

    def test_a_server_that_vouches_for_itself_is_trusted_where_its_certificate_is(
        self,
        opened: Open,
        serve: Serve,
        authority: Authority,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        server = serve(lambda _: reply(b"itself"), tls=authority.server_by_itself())
        monkeypatch.delenv("SSL_CERT_DIR", raising=False)
        monkeypatch.setenv("SSL_CERT_FILE", authority.pem)
        for options in (TransportOptions(), TransportOptions(verify=authority.pem)):
            assert opened(options).send(Request("GET", server.url)).content == b"itself"

    def test_a_certificate_for_another_host_is_refused(
        self, opened: Open, serve: Serve, authority: Authority
    ) -> None:
        server = serve(lambda _: reply(), tls=authority.server())
        face = opened(TransportOptions(verify=authority.pem))
        with pytest.raises(SSLFailure):
            face.send(Request("GET", f"https://localhost:{server.port}/"))
        assert server.received == []

    def test_without_verification_anybody_is_trusted(
        self, opened: Open, serve: Serve, authority: Authority
    ) -> None:
        server = serve(lambda _: reply(b"whoever"), tls=authority.server())
        face = opened(TransportOptions(verify=False))
        for url in (server.url, f"https://localhost:{server.port}"):
            assert face.send(Request("GET", url)).content == b"whoever"

    def test_a_certificate_of_the_client_is_shown_to_a_server_that_asks(
        self, opened: Open, serve: Serve, authority: Authority
    ) -> None:
        server = serve(lambda _: reply(b"known"), tls=authority.server(ask=True))
        face = opened(TransportOptions(verify=authority.pem, cert=authority.issue("client")))
        assert face.send(Request("GET", server.url)).content == b"known"
        stranger = opened(TransportOptions(verify=authority.pem))
        with pytest.raises(ConnectFailure):
            stranger.send(Request("GET", server.url))

    def test_a_server_that_speaks_no_tls_is_not_trusted(self, face: Face) -> None:
        with plain_port() as port, pytest.raises(SSLFailure) as caught:
            face.send(Request("GET", f"https://127.0.0.1:{port}{QUERY}"))
        assert SECRET not in shown(caught.value)


@contextmanager
def plain_port() -> Iterator[int]:
    """A port that answers whatever comes in clear text."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.recv(65_536)
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
