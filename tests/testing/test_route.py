"""Hosts that do not exist lead to a test's server while they are routed, and nowhere afterwards."""

from __future__ import annotations

import pytest

from sojourn import Session, errors
from sojourn.testing.route import route
from tests.client.conftest import face, serve  # noqa: F401 - fixtures
from tests.client.servers import ok
from tests.client.test_redirects import _certificate


def test_a_request_for_a_routed_host_arrives_with_its_own_name(face, serve):  # noqa: F811
    server = serve(lambda received: ok(received.headers["host"]))
    there = server.url.removeprefix("http://")
    with route({"service.example:5000": there}):
        answer = face.session().request("http://service.example:5000/x")
        assert answer.json() == "service.example:5000"
        assert answer.url == "http://service.example:5000/x"
        assert face.session().request(server.url).json() == there


def test_certificates_are_those_of_the_test_and_names_are_still_checked(serve, tmp_path):  # noqa: F811
    authority, context = _certificate(tmp_path)
    server = serve(lambda _: ok(), tls=context)
    there = server.url.removeprefix("https://")
    with route({"127.0.0.1:1": there, "wrong.example:1": there}, ca=authority):
        with Session(verify="/no/such/file", trust_env=False) as session:
            assert session.get("https://127.0.0.1:1/x").ok
        with Session(trust_env=False) as session, pytest.raises(errors.SSLFailure):
            session.get("https://wrong.example:1/x")


def test_after_the_block_everything_is_as_it_was(serve):  # noqa: F811
    server = serve(lambda _: ok())
    with pytest.raises(ZeroDivisionError), route({"a.invalid:80": server.url[7:]}):
        raise ZeroDivisionError
    with Session(trust_env=False) as session, pytest.raises(errors.ConnectFailure):
        session.get("http://a.invalid:80/")
