"""What the debug log tells of a request, and what never."""

from __future__ import annotations

import hashlib
import logging

import pytest

from tests.client.servers import ok

TOKEN = "gAAAA-a-long-token"
ANSWER = {
    "token": {"id": TOKEN, "catalog": [{"hidden": 1}], "user": {"name": "ada"}},
    "access": {"token": {"id": TOKEN}, "serviceCatalog": [1]},
    "adminPass": "hush",
    "items": [{"secret": "hush", "name": "open"}],
}


@pytest.fixture
def server(serve):
    return serve(lambda _: ok(ANSWER, X_Subject_Token=TOKEN, X_Request_Id="r-1", Set_Cookie="hush"))


def lines(caplog, *names):
    wanted = names or ("sojourn.client.session",)
    return [one.getMessage() for one in caplog.records if one.name in wanted]


def test_a_request_is_told_as_a_curl_command_and_its_answer_without_secrets(face, server, caplog):
    caplog.set_level("DEBUG", "sojourn")
    session = face.session()
    session.request(
        f"{server.url}/a?key=hush",
        "POST",
        json={"auth": {"identity": {"password": {"user": {"name": "ada", "password": "hush"}}}}},
        headers={"X-Auth-Token": TOKEN, "X-Unknown": "hush", "Accept": "text/x"},
    )
    request, answer, body, number = lines(caplog)
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    assert request.startswith(f"REQ: curl -g -i -X POST '{server.url}/a?key=***'")
    assert f"X-Auth-Token: {{SHA256}}{digest}" in request
    assert "Accept: text/x" in request
    assert '"name": "ada"' in request
    assert answer.startswith("RESP: [200] POST")
    assert f"{{SHA256}}{digest}" in answer
    assert "<removed>" in body
    assert "open" in body
    assert "r-1" in number
    whole = request + answer + body + number
    assert "hush" not in whole
    assert TOKEN not in whole


def test_the_parts_of_the_log_can_have_loggers_of_their_own(face, server, caplog):
    caplog.set_level("DEBUG", "sojourn")
    face.session(split_loggers=True).request(server.url)
    name = "sojourn.client.session"
    assert lines(caplog) == []
    for part, begins in (("request", "REQ:"), ("response", "RESP:"), ("body", "RESP BODY:")):
        assert lines(caplog, f"{name}.{part}")[0].startswith(begins)
    assert "r-1" in lines(caplog, f"{name}.request-id")[0]


def test_a_logger_that_is_passed_is_used_for_all_and_log_false_for_nothing(face, server, caplog):
    caplog.set_level("DEBUG")
    session = face.session(split_loggers=True)
    session.request(server.url, logger=logging.getLogger("mine"))
    assert len(lines(caplog, "mine")) == 4
    caplog.clear()
    session.request(server.url, log=False)
    assert not [one for one in caplog.records if one.name.startswith(("mine", "sojourn"))]


def test_a_password_cannot_be_found_by_its_hash_and_forms_are_not_told(face, serve, caplog):
    caplog.set_level("DEBUG", "sojourn")
    server = serve(lambda _: (200, {"Content-Type": "text/plain"}, b"password=hush1234"))
    face.session().request(
        server.url, "POST", data={"a": "hush"}, headers={"Authorization": "Basic aHVzaA=="}
    )
    request, _, body = lines(caplog)
    assert "Authorization: ***" in request
    assert "<6 bytes>" in request
    assert "hush" not in body


def test_a_failure_is_told_too(face, serve, caplog):
    caplog.set_level("DEBUG", "sojourn")
    server = serve(lambda _: None)
    with pytest.raises(Exception, match="connection broke"):
        face.session().request(f"{server.url}/?a=hush")
    assert lines(caplog)[1].startswith("RESP: none to GET")
    assert "hush" not in "".join(lines(caplog))
