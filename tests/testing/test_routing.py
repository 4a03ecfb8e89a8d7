"""Addresses that examples print lead to servers of a test, and only while it wants so."""

from __future__ import annotations

import pytest

from sojourn import Session, errors
from sojourn.client.transport.contract import Reply
from sojourn.testing.route import route
from tests.client.certificates import certificate
from tests.client.servers import ok

PRINTED = "https://api.example.com"


def test_what_is_for_a_printed_address_goes_to_the_server_of_the_test(face, serve):
    server = serve(lambda _: ok())
    session = face.session()
    with route({PRINTED: server.url}):
        answer = session.request(f"{PRINTED}/ships?x=1")
    assert answer.url == f"{PRINTED}/ships?x=1"
    assert session.history[0].url == f"{PRINTED}/ships?x=***"
    (got,) = server.received
    assert (got.target, got.headers["host"]) == ("/ships?x=1", "api.example.com")


def test_redirects_stay_at_the_printed_address(face, serve):
    server = serve(lambda one: (302, {"Location": "/b"}, b"") if one.path == "/a" else ok())
    with route({PRINTED: server.url}):
        assert face.session().request(f"{PRINTED}/a").url == f"{PRINTED}/b"
    assert [one.path for one in server.received] == ["/a", "/b"]


def test_other_addresses_are_left_alone_and_the_route_ends_with_its_block(face, serve):
    server = serve(lambda _: ok())
    session = face.session(timeout=0.5)
    with route({"http://127.0.0.1:9": server.url}):
        assert session.request("http://127.0.0.1:9/").ok
        assert session.request(server.url).ok
        with pytest.raises(errors.ConnectFailure):
            session.request("http://127.0.0.1:1/")
    with pytest.raises(errors.ConnectFailure):
        session.request("http://127.0.0.1:9/")


def test_blocks_may_be_nested(face, serve):
    one, other = serve(lambda _: ok("one")), serve(lambda _: ok("other"))
    session = face.session()
    with route({PRINTED: one.url}):
        with route({PRINTED: other.url, "https://more.example": other.url}):
            assert (
                session.request(PRINTED).json()
                == session.request("https://more.example").json()
                == "other"
            )
        assert session.request(PRINTED).json() == "one"


def test_a_server_that_speaks_tls_is_trusted_by_its_own_authority(face, serve, tmp_path):
    authority, context = certificate(tmp_path)
    server = serve(lambda _: ok(), tls=context)
    session = face.session()
    with route({PRINTED: server.url}, ca=authority):
        assert session.request(PRINTED).ok
    with route({PRINTED: server.url}), pytest.raises(errors.SSLFailure):
        session.request(PRINTED)


def test_a_transport_of_ones_own_is_not_concerned():
    class Own:
        def send(self, request):
            return Reply(200, (), request.url.encode())

        def close(self):
            pass

    with route({PRINTED: "http://127.0.0.1:9"}), Session(transport=Own()) as session:
        assert session.get(f"{PRINTED}/x").text == f"{PRINTED}/x"
