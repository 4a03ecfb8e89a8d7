"""What a request sends and what its answer offers, on both faces."""

from __future__ import annotations

import copy
import gzip
import os
import pickle
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sojourn import AsyncSession, Session, errors
from sojourn.client.transport.contract import Reply
from tests.client.servers import ok


def test_parameters_headers_and_json_arrive_as_they_were_given(face, serve):
    server = serve(lambda _: ok())
    session = face.session(
        app_name="ship", app_version="2", additional_headers={"X-Team": "blue", "Accept": "text/*"}
    )
    session.request(
        f"{server.url}/a b/ä?x=1",
        "POST",
        params={"q": ["a&b", "c"], "n": 2},
        json={"näme": [1, None]},
        headers={"x-team": "red"},
    )
    (got,) = server.received
    assert (got.method, got.target) == ("POST", "/a%20b/%C3%A4?x=1&q=a%26b&q=c&n=2")
    assert got.body == '{"näme":[1,null]}'.encode()
    assert got.headers["content-type"] == "application/json"
    assert got.headers["content-length"] == str(len(got.body))
    assert got.headers["x-team"] == "red"
    assert got.headers["accept"] == "text/*"
    assert got.headers["user-agent"].startswith("ship/2 sojourn/")


@pytest.mark.parametrize(
    ("data", "body", "kind"),
    [
        ({"a": "1 2", "b": ["x", "y"]}, b"a=1+2&b=x&b=y", "application/x-www-form-urlencoded"),
        ([("a", "1"), ("a", "2")], b"a=1&a=2", "application/x-www-form-urlencoded"),
        ("text ä", "text ä".encode(), None),
        (b"\x00\xff", b"\x00\xff", None),
    ],
)
def test_data_is_sent_as_form_text_or_bytes(face, serve, data, body, kind):
    server = serve(lambda _: ok())
    face.session().request(server.url, "PUT", data=data)
    (got,) = server.received
    assert got.body == body
    assert got.headers.get("content-type") == kind


def test_the_agent_names_products_by_significance_and_may_grow(face, serve):
    server = serve(lambda _: ok())
    session = face.session(app_name="app", app_version="1", additional_user_agent=[("more", "2")])
    session.session.additional_user_agent.append(["later", "3"])
    session.request(server.url, client_name="library")
    session.session.app_version = None
    session.request(server.url, client_name="library", client_version="4")
    session.request(server.url, user_agent="mine")
    agents = [one.headers["user-agent"] for one in server.received]
    assert agents[0].startswith("app/1 library more/2 later/3 sojourn/")
    assert agents[1].startswith("app library/4 more/2 later/3 sojourn/")
    assert agents[2] == "mine"


def test_what_is_none_is_not_sent(face, serve):
    server = serve(lambda _: ok())
    session = face.session(additional_headers={"X-Team": "blue"})
    session.request(
        f"{server.url}/a",
        "POST",
        params={"a": None, "b": 0},
        data={"c": None, "d": ""},
        headers={"x-team": None, "X-Ship": None},
    )
    session.request(f"{server.url}/a", params={"a": None})
    first, second = server.received
    assert (first.target, second.target) == ("/a?b=0", "/a")
    assert first.body == b"d="
    assert not {"x-team", "x-ship"} & set(first.headers)


def test_an_answer_offers_what_users_of_requests_expect(face, serve):
    fields = {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Encoding": "gzip",
        "X-Request-Id": "r-1",
        "Link": '</next>; rel="next", </last>; rel="last"',
    }
    server = serve(lambda _: (200, fields, gzip.compress(b'{"a": "\xc3\xa4"}\n')))
    session = face.session()
    answer = session.request(f"{server.url}/x?secret=1")
    assert (answer.status_code, answer.reason, answer.ok, bool(answer)) == (200, "OK", True, True)
    assert answer.json() == {"a": "ä"}
    assert answer.text == '{"a": "ä"}\n'
    assert answer.encoding == "utf-8"
    assert answer.headers["x-request-id"] == answer.headers["X-REQUEST-ID"] == "r-1"
    assert answer.links["next"]["url"] == "/next"
    assert list(answer.iter_lines()) == ['{"a": "ä"}'.encode()]
    assert b"".join(answer.iter_content(3)) == answer.content
    assert answer.url == f"{server.url}/x?secret=1"
    assert answer.elapsed.total_seconds() > 0
    answer.raise_for_status()
    with answer as same:
        assert same.request.method == "GET"


def test_an_answer_that_is_no_json_is_an_error_that_says_so(face, serve):
    server = serve(lambda _: (200, {}, b"<html>"))
    with pytest.raises(errors.Malformed, match="not JSON"):
        face.session().request(server.url).json()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict409),
        (418, errors.HttpClientError),
        (429, errors.TooManyRequests),
        (500, errors.HttpServerError),
        (503, errors.ServiceUnavailable),
    ],
)
def test_a_refusal_becomes_the_error_of_its_status_with_the_servers_words(
    face, serve, status, kind
):
    server = serve(
        lambda _: ok(
            {"error": {"message": "no such ship"}}, status, Retry_After="7", X_Request_Id="r-9"
        )
    )
    session = face.session()
    with pytest.raises(kind, match="no such ship") as caught:
        session.request(f"{server.url}/ship?key=hush")
    error = caught.value
    assert (error.http_status, error.retry_after, error.request_id) == (status, 7.0, "r-9")
    assert error.response.status_code == status
    assert "hush" not in str(error)
    assert session.request(server.url, raise_exc=False).status_code == status


def test_a_server_that_takes_too_long_is_given_up(face, serve):
    done = threading.Event()
    server = serve(lambda _: done.wait(60) and None)
    session = face.session(timeout=(60, 0.05))
    with pytest.raises(errors.ReadTimeout, match="no answer in time"):
        session.request(f"{server.url}/?key=hush")
    done.set()


def test_without_an_answer_the_error_says_where_and_hides_the_query(face):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(errors.ConnectFailure, match="no connection") as caught:
        face.session().request(f"http://127.0.0.1:{port}/a?key=hush")
    assert not isinstance(caught.value, errors.AnswerLost)
    assert caught.value.url == f"http://127.0.0.1:{port}/a?key=***"


class Flaky:
    """A transport that fails as often as it is told."""

    def __init__(self, failures, error=errors.ConnectFailure):
        self.failures, self.error, self.sent = failures, error, 0

    def send(self, request):
        self.sent += 1
        if self.sent <= self.failures:
            raise self.error
        return Reply(200, (), b"")

    def close(self):
        pass


@pytest.mark.parametrize(
    ("method", "error", "sent"),
    [
        ("GET", errors.ConnectFailure, 2),
        ("POST", errors.ConnectFailure, 2),
        ("GET", errors.AnswerLost, 2),
        ("POST", errors.AnswerLost, 1),
        ("GET", errors.SSLFailure, 1),
    ],
)
def test_connections_are_retried_but_nothing_is_done_twice(method, error, sent):
    transport = Flaky(1, error)
    with Session(transport=transport, connect_retries=1) as session:
        if sent == 2:
            assert session.request("http://a.example/", method, connect_retry_delay=0).ok
        else:
            with pytest.raises(error):
                session.request("http://a.example/", method, connect_retry_delay=0)
        statuses = [entry.status for entry in session.history]
    assert transport.sent == sent
    assert statuses == [None, 200][:sent]


def test_history_keeps_the_last_requests_without_secrets(face, serve):
    server = serve(lambda received: ok(X_Request_Id="r-5") if received.path == "/b" else ok())
    session = face.session(history=2)
    for path in ("/a", "/b?token=hush&x", "/c"):
        session.request(server.url + path, headers={"Authorization": "Bearer hush"})
    second, third = session.history
    assert (second.method, second.url, second.status) == (
        "GET",
        f"{server.url}/b?token=***&x=***",
        200,
    )
    assert (second.request_id, third.request_id) == ("r-5", None)
    assert third.url == f"{server.url}/c"
    assert third.time >= second.time > 1_700_000_000_000
    assert third.duration > 0
    assert "hush" not in repr(session.history)


def test_secrets_are_not_in_any_repr_or_log(face, serve, caplog):
    caplog.set_level("DEBUG")
    server = serve(lambda _: ok({"access_token": "hush"}, Set_Cookie="c=hush"))
    session = face.session()
    answer = session.request(
        f"{server.url}/?code=hush",
        "POST",
        data={"password": "hush"},
        headers={"Authorization": "Bearer hush", "X-Key": "hush"},
    )
    shown = [session.session, answer, answer.request, answer.headers, answer.reply, answer.history]
    assert "hush" not in repr(shown)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("sojourn")]
    assert ours
    assert "hush" not in "".join(ours)


@pytest.mark.parametrize("kind", [Session, AsyncSession])
@pytest.mark.parametrize("refused", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_session_can_neither_be_pickled_nor_copied(kind, refused):
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        refused(kind())


def test_a_session_serves_any_number_of_threads(serve):
    server = serve(lambda received: ok(received.path))
    with Session(trust_env=False) as session, ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda number: session.get(f"{server.url}/{number}").json(), range(64))
        assert list(answers) == [f"/{number}" for number in range(64)]


def test_a_forked_child_does_not_speak_on_its_parents_connections(serve):
    server = serve(lambda received: ok(received.path))
    with Session(trust_env=False) as session:
        session.get(f"{server.url}/warm")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if session.get(f"{server.url}/child").json() == "/child" else 2
            finally:
                os._exit(status)
        assert session.get(f"{server.url}/parent").json() == "/parent"
        assert os.waitpid(child, 0)[1] == 0


def test_a_proxy_is_used_and_no_proxy_is_heeded(face, serve, monkeypatch):
    proxy = serve(lambda _: ok("proxied"))
    server = serve(lambda _: ok("direct"))
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert face.session(proxy=proxy.url).request("http://far.example/x").json() == "proxied"
    assert proxy.received[0].target == "http://far.example/x"
    monkeypatch.setenv("http_proxy", proxy.url)
    session = face.session(trust_env=True)
    assert session.request(server.url).json() == "proxied"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert session.request(server.url).json() == "direct"


@pytest.mark.parametrize(
    "url",
    [
        "//a.example/relative",
        "ftp://a.example/",
        "http://",
        "http://user:hush@a.example/",
        "http://a.example\\@b.example/",
        "http://a.example:99999/",
        "http://a.example\r\nX: y/",
    ],
)
def test_a_url_that_cannot_be_asked_safely_is_refused_before_anything_is_sent(url):
    transport = Flaky(0)
    with Session(transport=transport) as session, pytest.raises(errors.Malformed) as caught:
        session.get(url)
    assert transport.sent == 0
    assert "hush" not in str(caught.value)


def test_a_header_cannot_smuggle_another(face, serve):
    server = serve(lambda _: ok())
    with pytest.raises(errors.SojournError):
        face.session().request(server.url, headers={"X-A": "b\r\nX-Evil: c"})
    assert server.received == []


def test_credentials_demanded_without_a_plugin_are_an_error_that_names_auth():
    with Session(transport=Flaky(0)) as session:
        with pytest.raises(errors.IncompleteCredentials, match="auth="):
            session.get("http://a.example/", authenticated=True)
        with pytest.raises(TypeError, match="str"):
            session.get("http://a.example/", auth="secret")  # type: ignore[arg-type]


def test_an_option_that_does_not_exist_is_refused_by_name():
    with Session(transport=Flaky(0)) as session, pytest.raises(TypeError, match="no timout"):
        session.get("http://a.example/", timout=3)  # type: ignore[call-arg]


def test_a_semaphore_is_held_while_a_request_is_out(serve):
    held = threading.Semaphore(1)
    server = serve(lambda _: ok(held.acquire(blocking=False)))
    with Session(trust_env=False, rate_semaphore=held) as session:
        assert session.get(server.url).json() is False
    assert held.acquire(blocking=False)
