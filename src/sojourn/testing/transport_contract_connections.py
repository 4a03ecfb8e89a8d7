# ruff: noqa: S101 - a case asserts
"""The contract of transports, part three: connections are reused and never shared wrongly, many callers
at once, cancelling, closing, forks, proxies. `transport_contract` stands above it."""

from __future__ import annotations

import asyncio
import os
import threading
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from sojourn.client.transport.contract import Request
from sojourn.errors import RequestError
from sojourn.testing.transport_contract_desk import (
    AsyncFace,
    Authority,
    Face,
    Open,
    TransportOptions,
    eventually,
)
from sojourn.testing.transport_contract_server import ContractServer, Cut, Received, reply

Serve = Callable[..., ContractServer]

MANY = 200
HURRIED = 16


def path_of(received: Received) -> bytes:
    """Answer with the path that was asked for."""
    return reply(received.target.encode())


class ConnectionCases:
    """Connections, callers, proxies."""

    def test_a_connection_is_used_again(self, face: Face, serve: Serve) -> None:
        server = serve(path_of)
        for number in range(5):
            face.send(Request("POST", f"{server.url}/{number}", content=b"x"))
        assert [got.connection for got in server.received] == [1] * 5

    def test_a_connection_that_the_server_closed_is_not_used_again(
        self, face: Face, serve: Serve
    ) -> None:
        server = serve(lambda received: Cut(reply(received.body, "Connection: close")))
        for number in range(3):
            face.send(Request("POST", f"{server.url}/{number}", content=b"x"))
        assert [got.connection for got in server.received] == [1, 2, 3]

    def test_many_callers_get_their_own_answers(self, face: Face, serve: Serve) -> None:
        server = serve(path_of)
        asked = [Request("GET", f"{server.url}/{number}") for number in range(MANY)]
        answers = face.send_all(asked)
        assert [answer.content for answer in answers] == [
            f"/{number}".encode() for number in range(MANY)
        ]

    def test_callers_do_not_wait_for_one_another(self, face: Face, serve: Serve) -> None:
        together = threading.Barrier(HURRIED)
        server = serve(lambda received: path_of(received) if together.wait(30) >= 0 else b"")
        answers = face.send_all(Request("GET", server.url) for _ in range(HURRIED))
        assert len(answers) == HURRIED

    def test_closed_and_used_again_it_opens_new_connections(self, face: Face, serve: Serve) -> None:
        server = serve(path_of)
        face.send(Request("GET", server.url))
        face.close()
        face.close()
        assert face.send(Request("GET", f"{server.url}/more")).content == b"/more"
        assert [got.connection for got in server.received] == [1, 2]

    def test_a_cancelled_task_ends_at_once_and_harms_no_other(
        self, awaited: AsyncFace, serve: Serve
    ) -> None:
        arrived, over = threading.Event(), threading.Event()

        def answer(received: Received) -> bytes:
            if received.target == "/slow":
                arrived.set()
                over.wait(60)
            return path_of(received)

        server = serve(answer)

        async def story() -> list[bytes]:
            send = awaited.transport.send
            slow = asyncio.create_task(send(Request("GET", f"{server.url}/slow")))
            await asyncio.to_thread(eventually, arrived.wait)
            slow.cancel()
            with pytest.raises(asyncio.CancelledError):
                await slow
            asked = [send(Request("GET", f"{server.url}/{number}")) for number in range(20)]
            return [reply.content for reply in await asyncio.gather(*asked)]

        assert awaited.run(story()) == [f"/{number}".encode() for number in range(20)]
        over.set()

    def test_one_transport_serves_one_loop_after_another(
        self, awaited: AsyncFace, serve: Serve
    ) -> None:
        server = serve(path_of)
        assert awaited.send(Request("GET", f"{server.url}/1")).content == b"/1"

        async def elsewhere(path: str) -> bytes:
            answer = await awaited.transport.send(Request("GET", server.url + path))
            await awaited.transport.close()
            return answer.content

        for path in ("/2", "/3"):
            assert asyncio.run(elsewhere(path)) == path.encode()
        assert awaited.send(Request("GET", f"{server.url}/4")).content == b"/4"

    def test_a_forked_child_opens_connections_of_its_own(self, face: Face, serve: Serve) -> None:
        server = serve(path_of)
        face.send(Request("GET", f"{server.url}/before"))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = _asked_by_child(face.in_child(), server.url)
            finally:
                os._exit(status)
        assert face.send(Request("GET", f"{server.url}/parent")).content == b"/parent"
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        used = {got.target: got.connection for got in server.received}
        assert used["/before"] == used["/parent"] != used["/child"]

    def test_a_proxy_that_is_given_is_used_for_everything(
        self, opened: Open, serve: Serve, no_proxies: pytest.MonkeyPatch
    ) -> None:
        proxy = serve(lambda _: reply(b"proxied"))
        no_proxies.setenv("no_proxy", "*")
        face = opened(TransportOptions(proxy=f"http://ada:s%20cret@127.0.0.1:{proxy.port}"))
        assert face.send(Request("GET", "http://far.example/x?y=1")).content == b"proxied"
        (got,) = proxy.received
        assert got.target == "http://far.example/x?y=1"
        assert got.values("host") == ["far.example"]
        assert got.values("proxy-authorization") == [f"Basic {b64encode(b'ada:s cret').decode()}"]

    def test_a_proxy_for_one_scheme_is_not_for_the_other(self, opened: Open, serve: Serve) -> None:
        proxy, server = serve(lambda _: reply(b"proxied")), serve(path_of)
        face = opened(TransportOptions(proxy={"https": proxy.url}))
        assert face.send(Request("GET", f"{server.url}/direct")).content == b"/direct"

    def test_the_environments_proxy_is_used_and_no_proxy_is_heeded(
        self, opened: Open, serve: Serve, no_proxies: pytest.MonkeyPatch
    ) -> None:
        proxy, server = serve(lambda _: reply(b"proxied")), serve(lambda _: reply(b"direct"))
        no_proxies.setenv("http_proxy", proxy.url)
        trusting, deaf = opened(TransportOptions(trust_env=True)), opened(TransportOptions())
        asked = Request("GET", server.url)
        assert trusting.send(asked).content == b"proxied"
        assert deaf.send(asked).content == b"direct"
        for bypass in ("127.0.0.1", f"localhost, 127.0.0.1:{server.port}", "*"):
            no_proxies.setenv("no_proxy", bypass)
            assert trusting.send(asked).content == b"direct"
        no_proxies.setenv("no_proxy", "127.0.0.2,example.org")
        assert trusting.send(asked).content == b"proxied"

    def test_tls_goes_through_a_proxy_in_a_tunnel(
        self, opened: Open, serve: Serve, tmp_path: Path
    ) -> None:
        authority = Authority(tmp_path)
        proxy, server = serve(path_of), serve(path_of, tls=authority.server())
        for verify in (authority.pem, False):
            face = opened(TransportOptions(verify=verify, proxy=proxy.url))
            assert face.send(Request("GET", f"{server.url}/in")).content == b"/in"
        assert [got.method for got in proxy.received] == ["CONNECT", "CONNECT"]
        assert proxy.received[0].target == f"127.0.0.1:{server.port}"

    def test_a_proxy_that_refuses_a_tunnel_is_an_error_and_not_the_servers_answer(
        self, opened: Open, serve: Serve
    ) -> None:
        proxy = serve(lambda _: reply(b"", status="407 No"), tunnels=False)
        face = opened(TransportOptions(verify=False, proxy=proxy.url))
        with pytest.raises(RequestError) as caught:
            face.send(Request("GET", "https://far.example/?key=hush"))
        assert "hush" not in str(caught.value)


def _asked_by_child(face: Face, url: str) -> int:
    return 0 if face.send(Request("GET", f"{url}/child")).content == b"/child" else 2
