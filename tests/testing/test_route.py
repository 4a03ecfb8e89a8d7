"""Hosts that do not exist lead to a test's server while they are routed, and nowhere afterwards."""

from __future__ import annotations

import pytest

from sojourn import Session, errors
from sojourn.testing.route import route
from tests.client.conftest import face, serve  # noqa: F401 - fixtures
from tests.client.servers import ok
from tests.client.test_redirects import _certificate


def test_a_request_for_a_routed_origin_arrives_with_its_own_name(face, serve):  # noqa: F811
    server = serve(lambda received: ok(received.headers["host"]))
    there = server.url.removeprefix("http://")
    with route({"http://service.example:5000": server.url}):
        answer = face.session().request("http://service.example:5000/x")
        assert answer.json() == "service.example:5000"
        assert answer.url == "http://service.example:5000/x"
        assert face.session().request(server.url).json() == there


def test_certificates_are_those_of_the_test(face, serve, tmp_path):  # noqa: F811
    authority, context = _certificate(tmp_path)
    server = serve(lambda _: ok(), tls=context)
    with route({"https://service.example": server.url}, ca=authority):
        assert face.session(verify="/no/such/file").request("https://service.example/x").ok
        with pytest.raises(errors.SSLFailure):
            face.session().request(server.url)


def test_after_the_block_everything_is_as_it_was(serve):  # noqa: F811
    server = serve(lambda _: ok())
    with pytest.raises(ZeroDivisionError), route({"http://a.invalid": server.url}):
        raise ZeroDivisionError
    with Session(trust_env=False) as session, pytest.raises(errors.ConnectFailure):
        session.get("http://a.invalid/")
