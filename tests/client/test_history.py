"""What a session remembers, and its export as an HTTP Archive."""

from __future__ import annotations

import json
import stat

import pytest

from sojourn import Session, errors
from tests.client.servers import ok


@pytest.fixture
def busy(serve):
    def answer(received):
        if received.path == "/moved":
            return 302, {"Location": "/there?ticket=hush"}, b""
        if received.path == "/form":
            return (
                200,
                {"Content-Type": "application/x-www-form-urlencoded"},
                b"access_token=hush&scope=a+b",
            )
        if received.path == "/picture":
            return 200, {"Content-Type": "image/png"}, bytes(range(256))
        if received.path == "/long":
            return 200, {"Content-Type": "text/plain"}, b"x" * 10_000
        return ok({"name": "ship", "token": "hush"}, X_Request_Id="r-1", Set_Cookie="sid=hush")

    return serve(answer)


def test_a_plain_history_keeps_no_header_and_no_body(face, busy):
    session = face.session()
    session.request(f"{busy.url}/a?x=hush", "POST", json={"password": "hush"})
    (entry,) = session.history
    assert entry.exchange is None
    assert (entry.method, entry.url, entry.status) == ("POST", f"{busy.url}/a?x=***", 200)


def test_a_full_history_keeps_masked_headers_and_bodies(face, busy):
    session = face.session(history="full")
    session.request(
        f"{busy.url}/a",
        "POST",
        json={"login": "ada", "password": "hush"},
        headers={"X-Api-Key": "hush"},
    )
    (entry,) = session.history
    seen = entry.exchange
    assert json.loads(seen.request_body) == {"login": "ada", "password": "***"}
    assert json.loads(seen.response_body) == {"name": "ship", "token": "***"}
    assert dict(seen.request_headers)["X-Api-Key"] == "***"
    assert {name.lower(): value for name, value in seen.response_headers}["set-cookie"] == "***"
    assert dict(seen.request_headers)["Content-Type"] == "application/json"
    assert (seen.reason, seen.request_size) == ("OK", len(b'{"login":"ada","password":"hush"}'))
    assert "hush" not in repr(session.history)


@pytest.mark.parametrize(
    "said",
    [
        '<input name="csrf_token" type="hidden" value="hush"/>',
        "<INPUT type='hidden' value='hush' NAME='password'>",
        "<input name=api_key value=hush>",
    ],
)
def test_a_page_is_kept_without_the_secrets_of_its_forms(face, serve, said):
    page = f'<form>{said}<input name="login" value="ada"></form>'
    server = serve(lambda _: (200, {"Content-Type": "text/html"}, page.encode()))
    session = face.session(history="full")
    session.request(server.url)
    kept = session.history[0].exchange.response_body
    assert kept == page.replace('"hush"', "hush").replace("'hush'", "hush").replace("hush", '"***"')


def test_bodies_are_kept_up_to_4_kib_and_described_where_they_are_no_text(face, busy):
    session = face.session(history="full")
    for path in ("/long", "/picture", "/form"):
        session.request(f"{busy.url}{path}")
    session.request(
        f"{busy.url}/a", "PUT", data=iter([b"hush"]) if face.kind == "threads" else b"\xff\xfe"
    )
    long, picture, form, streamed = (entry.exchange for entry in session.history)
    assert (long.response_body, long.response_size) == ("x" * 4096, 10_000)
    assert picture.response_body == "(256 bytes of image/png)"
    assert form.response_body == "access_token=***&scope=a b"
    assert streamed.request_body in ("(sent as a stream)", "(2 bytes of an unnamed type)")


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"]
)
def test_a_body_too_long_to_be_read_whole_shows_no_secret_of_a_structure(face, serve, kind):
    body = b'{"token": {"id": "hush"}, "n": "' + b"x" * 1_100_000 + b'"}'
    server = serve(lambda _: (200, {"Content-Type": kind}, body))
    session = face.session(history="full")
    session.request(server.url)
    assert session.history[0].exchange.response_body == f"({len(body)} bytes of {kind})"


@pytest.mark.parametrize(
    "body",
    [b"<a" + b"a" * 500_000, b"<a " * 200_000, b"eyJaaaaaaaa-" * 80_000, b"-----BEGIN PRIVATE KEY-----" * 30_000,
     b"password-" * 100_000, b'"token":"' * 100_000, json.dumps({"n": "eyJaaaaaaaa-" * 80_000}).encode(),
     b"<input name " * 80_000, b"cubicweb a" * 80_000],
    ids=["name", "elements", "jwts", "keys", "words", "quotes", "string", "inputs", "signatures"],
)  # fmt: skip
def test_a_body_made_to_be_slow_is_masked_all_the_same(body):
    from sojourn.client.exchange import KEPT, exchange
    from sojourn.client.transport.contract import Reply, Request

    seen = exchange(
        Request("GET", "https://a.example/"), Reply(200, (("Content-Type", "text/xml"),), body)
    )
    assert len(seen.response_body or "") <= KEPT


def test_a_full_history_keeps_each_hop_and_requests_without_an_answer(face, busy, serve):
    silent = serve(lambda _: None)
    session = face.session(history="full")
    session.request(f"{busy.url}/moved")
    with pytest.raises(errors.ConnectFailure):
        session.request(silent.url)
    moved, there, lost = session.history
    assert dict(moved.exchange.response_headers)["Location"] == "/there?ticket=***"
    assert there.url.endswith("/there?ticket=***")
    assert (lost.status, lost.exchange.response_headers, lost.exchange.response_body) == (
        None,
        (),
        None,
    )


@pytest.mark.parametrize("kept", ["all", "", "FULL"])
def test_an_unknown_kind_of_history_is_refused(face, kept):
    with pytest.raises(ValueError, match="number or 'full'"):
        face.session(history=kept)


REQUEST = {
    "method",
    "url",
    "httpVersion",
    "cookies",
    "headers",
    "queryString",
    "headersSize",
    "bodySize",
}
RESPONSE = {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize",
            "bodySize"}  # fmt: skip


def test_the_archive_has_every_field_that_har_1_2_asks_for(face, busy):
    session = face.session(history="full")
    session.request(f"{busy.url}/moved?a=1&b", "POST", data={"password": "hush", "n": "1"})
    log = session.history.har()["log"]
    assert (log["version"], log["creator"]["name"], log["pages"]) == ("1.2", "sojourn", [])
    first, second = log["entries"]
    for entry in (first, second):
        assert {"startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)
        assert set(entry["request"]) - {"postData"} == REQUEST
        assert set(entry["response"]) == RESPONSE
        assert set(entry["timings"]) == {"send", "wait", "receive"}
        assert entry["startedDateTime"].endswith("+00:00")
        assert "comment" not in entry
    assert first["request"]["queryString"] == [
        {"name": "a", "value": "***"},
        {"name": "b", "value": "***"},
    ]
    assert first["request"]["postData"] == {
        "mimeType": "application/x-www-form-urlencoded", "params": [], "text": "password=***&n=1"
    }  # fmt: skip
    assert first["response"]["redirectURL"] == "/there?ticket=***"
    assert second["response"]["content"]["mimeType"] == "application/json"
    assert json.loads(second["response"]["content"]["text"])["name"] == "ship"
    assert second["_requestId"] == "r-1"


def test_the_archive_of_a_plain_history_says_what_it_lacks(face, busy):
    session = face.session()
    session.request(busy.url)
    (entry,) = session.history.har()["log"]["entries"]
    assert entry["response"]["status"] == 200
    assert entry["request"]["headers"] == []
    assert "history='full'" in entry["comment"]


def test_the_archive_is_written_for_its_owner_alone(busy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trace.har").write_text("old")
    (tmp_path / "trace.har").chmod(0o644)
    with Session(history="full", trust_env=False) as session:
        session.get(busy.url)
        session.history.save("trace.har")
        session.history.save(tmp_path / "new" / "trace.har")
    for path in (tmp_path / "trace.har", tmp_path / "new" / "trace.har"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text())["log"]["entries"][0]["response"]["status"] == 200
    with pytest.raises(errors.StoreUnavailable, match="Cannot write"):
        session.history.save("/proc/none/trace.har")
