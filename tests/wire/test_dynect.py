"""The shapes of DynECT: paths, envelopes, sign-in, jobs and permissions; what is accepted, what is refused."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire import dynect
from sojourn.wire.dynect import Envelope, Message, Report, SignIn

REFUSED = [{"INFO": "login: Bad or expired credentials", "ERR_CD": "INVALID_DATA"}]


def said(**members: object) -> bytes:
    return json.dumps(
        {"status": "success", "data": {}, "job_id": 1, "msgs": [], **members}
    ).encode()


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/Zone/", "/REST/Zone/"),
        ("Zone/a.example", "/REST/Zone/a.example"),
        ("/REST/Session/", "/REST/Session/"),
        ("/REST/Session", "/REST/Session"),
        ("/RESTful/", "/REST/RESTful/"),
        ("/ARecord/a.example/*.a.example/1", "/REST/ARecord/a.example/*.a.example/1"),
        (
            "/AllRecord/a.example/_sip._tcp.a.example./",
            "/REST/AllRecord/a.example/_sip._tcp.a.example./",
        ),
    ],
)
def test_a_path_gets_its_root(uri, path):
    assert dynect.path_of(uri) == path


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/REST",
        "/",
        "//evil.example/",
        "/REST//evil.example/",
        "/Zone/../../x",
        "/REST/./x",
        "/Zone/%2e%2E/x",
        "/Zone/?x=1",
        "/Zone/#x",
        "/Zone/a b",
        "/Zone/a\n",
        "/Zone/ä",
        "/Zone\\x",
        "/Zone/..",
    ],
)
def test_what_is_no_plain_path_of_the_api_is_refused(uri):
    with pytest.raises(Malformed):
        dynect.path_of(uri)


@pytest.mark.parametrize(
    "location",
    ["/REST/Job/12345678", "/REST/Job/12345678/", "https://api.dynect.net/REST/Job/12345678"],
)
def test_a_location_names_its_job(location):
    assert dynect.job_of(location) == 12345678


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/REST/Job/",
        "/REST/Job/x",
        "/REST/Job/-1",
        "/REST/Zone/1",
        "/REST/Job/1/2",
        "http://[",
        "/REST/Job/" + "9" * 40,
    ],
)
def test_a_location_that_is_no_job_is_refused(location):
    with pytest.raises(Malformed):
        dynect.job_of(location)


def test_an_answer_is_read_and_written_back_the_same():
    message = {"INFO": "get: Here", "SOURCE": "API-B", "ERR_CD": None, "LVL": "INFO"}
    text = said(data=[1, {"a": None}], job_id=7, msgs=[message])
    envelope = Envelope.parse(text)
    assert envelope == Envelope(
        "success", [1, {"a": None}], 7, (Message("get: Here", "API-B", None, "INFO"),)
    )
    assert json.loads(envelope.text()) == envelope.members() == json.loads(text)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        said()[:-1],
        said(status="fine"),
        said(status=None),
        said(job_id="1"),
        said(job_id=True),
        said(msgs={}),
        said(msgs=["x"]),
        said(msgs=[{}]),
        said(msgs=[{"INFO": 1}]),
        said(msgs=[{"INFO": "x", "ERR_CD": 1}]),
        said(status="incomplete", job_id=None),
        b'{"status":"success","status":"failure"}',
        b"\xff",
    ],
)
def test_an_answer_of_another_shape_is_refused(content):
    with pytest.raises(Malformed):
        Envelope.parse(content)


@given(st.binary(max_size=64))
def test_any_bytes_are_an_answer_or_malformed(content):
    try:
        Envelope.parse(content)
    except Malformed:
        assert not dynect.refuses_token(content)


def test_members_that_are_not_known_are_kept():
    assert Envelope.parse(said(took=3)).members()["took"] == 3


def test_a_refused_token_is_told_from_other_failures():
    assert dynect.refuses_token(said(status="failure", msgs=REFUSED))
    assert not dynect.refuses_token(said(status="success", msgs=REFUSED))
    assert not dynect.refuses_token(said(status="failure", msgs=[{"INFO": "zone: login: no"}]))
    assert not dynect.refuses_token(b"login: nonsense")


def test_limits_and_blocking_tasks_are_told_from_other_failures():
    limited = Envelope.parse(
        said(status="failure", msgs=[{"INFO": "x", "ERR_CD": "RATE_LIMIT_EXCEEDED"}])
    )
    told = [{"INFO": "zone: Operation blocked by current task"}, {"INFO": "task_id: 42"}]
    blocked = Envelope.parse(said(status="failure", msgs=told))
    assert (limited.rate_limited, limited.blocked, limited.task_id) == (True, False, None)
    assert (blocked.rate_limited, blocked.blocked, blocked.task_id) == (False, True, 42)


def test_a_sign_in_goes_both_ways_and_shows_no_password():
    sign_in = SignIn("customer", "user", "pass word ä")
    assert SignIn.parse(json.dumps(sign_in.members()).encode()) == sign_in
    assert "pass" not in repr(sign_in)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"customer_name": "c", "user_name": "u"},
        {"customer_name": "c", "user_name": "", "password": "p"},
        {"customer_name": "c", "user_name": "u", "password": 1},
        {"customer_name": "c" * 5000, "user_name": "u", "password": "p"},
    ],
)
def test_an_incomplete_sign_in_is_refused(members):
    with pytest.raises(Malformed):
        SignIn.parse(json.dumps(members).encode())


@pytest.mark.parametrize(
    "data", [None, [], {}, {"token": ""}, {"token": 1}, {"token": "a b"}, {"token": "a\r\nX: y"}]
)
def test_an_answer_to_a_sign_in_without_a_usable_token_is_refused(data):
    with pytest.raises(Malformed):
        dynect.token_of(Envelope("success", data))


def test_a_permission_report_gives_the_names_of_what_is_allowed():
    data = {
        "user_name": "user",
        "allowed": [{"name": "ZoneGet", "zone": []}, {"name": "ZoneUpdate"}],
        "forbidden": [],
    }
    assert Report.parse(data).allowed == ("ZoneGet", "ZoneUpdate")
    assert Report.parse(Report("user", ("A", "B")).members()) == Report("user", ("A", "B"))


@pytest.mark.parametrize(
    "data", [None, [], {"allowed": {}}, {"allowed": ["ZoneGet"]}, {"allowed": [{"name": 1}]}]
)
def test_a_permission_report_of_another_shape_is_refused(data):
    with pytest.raises(Malformed):
        Report.parse(data)


def test_arguments_are_a_mapping_or_what_an_object_holds():
    inner = SimpleNamespace(_json={"x": 1})
    record = SimpleNamespace(_ttl=60, _rdata=inner, _none=None, _call=print, zone="not sent")
    assert dynect.arguments_of(record) == {"ttl": 60, "rdata": {"x": 1}}
    assert dynect.arguments_of(None) == {}
    assert dynect.arguments_of({"a": None}) == {"a": None}
    with pytest.raises(TypeError, match="not list"):
        dynect.arguments_of([1])
