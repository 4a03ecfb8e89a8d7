"""What a call does when DynECT is slow, busy, blocked, broken or has forgotten us. No test waits: time passes only
in the environment."""

from __future__ import annotations

import threading

import pytest

from sojourn import errors
from sojourn.client.dialects.dynect import (
    DynectAuthError,
    DynectCreateError,
    DynectGetError,
    DynectQueryTimeout,
    DynectRateLimited,
    DynectSession,
)
from sojourn.errors import ConfigurationError, Malformed

ZONE = "/REST/Zone/one.example/"


@pytest.mark.parametrize("status", ["redirect", "incomplete"])
def test_a_job_is_asked_for_after_1_2_4_and_then_every_5_seconds(opened, dynect, still, status):
    session = opened()
    dynect.slow(ZONE, polls=5, status=status)
    assert session.execute(ZONE, "GET")["data"]["zone"] == "one.example"
    assert still.waits == [1, 2, 4, 5, 5, 5]


def test_a_job_of_a_post_is_asked_for_with_get_and_the_post_is_not_sent_again(opened, dynect):
    session = opened()
    dynect.slow("/REST/Zone/new.example/", polls=2)
    assert session.execute("/Zone/new.example/", "POST", {"ttl": 60})["status"] == "success"
    sent = [(call.method, call.path) for call in dynect.calls[1:]]
    assert sent[0] == ("POST", "/REST/Zone/new.example/")
    assert {method for method, path in sent[1:]} == {"GET"}
    assert all(path.startswith("/REST/Job/") for _, path in sent[1:])


@pytest.mark.parametrize("status", ["redirect", "incomplete"])
def test_a_job_that_does_not_end_is_given_up_after_120_seconds_and_named(
    opened, dynect, still, status
):
    session = opened()
    dynect.slow(ZONE, polls=1000, status=status)
    began = still.clock.now()
    with pytest.raises(DynectQueryTimeout, match="did not end within 120 s") as caught:
        session.execute(ZONE, "GET")
    assert still.clock.now() - began == 120_000
    assert dynect.calls[-1].path == f"/REST/Job/{caught.value.job_id}/"


def test_a_job_that_was_given_up_can_be_asked_for_later(opened, dynect, still):
    session = opened(job_timeout=10)
    dynect.slow(ZONE, polls=4, status="incomplete")
    with pytest.raises(DynectQueryTimeout) as caught:
        session.execute(ZONE, "GET")
    assert sum(still.waits) == 10
    later = session.wait_for_job_to_complete(caught.value.job_id, timeout=30)
    assert later["data"]["zone"] == "one.example"


def test_a_job_that_fails_raises_the_error_of_the_call(opened, dynect):
    session = opened()
    dynect.slow("/REST/Zone/one.example/", polls=1)
    with pytest.raises(DynectCreateError, match="already exists"):
        session.execute("/Zone/one.example/", "POST")


def test_a_job_is_asked_for_as_its_own_user_though_another_becomes_active_meanwhile(
    opened, dynect, still
):
    session = opened()
    dynect.slow(ZONE, polls=2)
    still.meanwhile = lambda: session.new_user_session("customer_two", "user_two", "password_two")
    assert session.execute(ZONE, "GET")["data"]["zone"] == "one.example"
    asked = [call for call in dynect.calls if call.path.startswith("/REST/Job/")]
    assert {dynect.tokens[call.headers["auth-token"]] for call in asked} == {("customer", "user")}
    assert session.username == "user_two"


def test_one_question_too_many_about_a_job_does_not_make_the_call_again(opened, dynect):
    session = opened()
    dynect.slow("/REST/Zone/new.example/", polls=0)
    dynect.answer_next(307, b"/REST/Job/3/", location="/REST/Job/3/")
    limited = b'{"status":"failure","data":{},"job_id":3,"msgs":[{"INFO":"x","ERR_CD":"RATE_LIMIT_EXCEEDED"}]}'
    dynect.answer_next(429, limited)
    dynect.answer_next(200, b'{"status":"success","data":{"made":1},"job_id":3,"msgs":[]}')
    assert session.execute("/Zone/new.example/", "POST")["data"] == {"made": 1}
    assert len(dynect.made("POST", "/REST/Zone/new.example/")) == 1


@pytest.mark.parametrize("location", ["", "https://evil.example/REST/Zone/", "/REST/Zone/x"])
def test_a_redirect_to_anything_but_a_job_is_refused(opened, dynect, location):
    session = opened()
    dynect.answer_next(307, b"", location=location)
    with pytest.raises(Malformed, match="not a job"):
        session.execute("/Zone/", "GET")


def test_a_redirect_to_another_host_is_asked_for_at_our_own(opened, dynect):
    session = opened()
    dynect.slow(ZONE, polls=0)
    dynect.answer_next(307, b"", location="https://evil.example/REST/Job/77/")
    with pytest.raises(DynectGetError, match="No such job 77"):
        session.execute("/Zone/", "GET")


def test_a_limit_is_waited_out(opened, dynect, still):
    session = opened()
    dynect.limit(3)
    assert session.execute("/Zone/", "GET")["status"] == "success"
    assert still.waits == [5, 5, 5]


def test_a_limit_that_stays_is_given_up_within_the_budget(opened, dynect, still):
    session = opened(retry_budget=22)
    dynect.limit(1000)
    with pytest.raises(DynectRateLimited, match="rate limit exceeded"):
        session.execute("/Zone/", "GET")
    assert still.waits == [5] * 4


@pytest.mark.parametrize("auto_auth", [True, False])
def test_a_limit_at_the_sign_in_is_waited_out_too(opened, dynect, still, auto_auth):
    dynect.limit(2)
    session = opened(auto_auth=auto_auth)
    assert session.execute("/Zone/", "GET")["status"] == "success"
    assert still.waits == [5, 5]


def test_a_limit_at_the_sign_in_that_stays_is_given_up(opened, dynect, still):
    dynect.limit(1000)
    with pytest.raises(DynectRateLimited):
        opened(retry_budget=11)
    assert still.waits == [5, 5]


def test_the_server_may_say_how_long_to_wait(opened, dynect, still):
    session = opened()
    dynect.answer_next(429, b"busy", retry_after=7)
    dynect.answer_next(503, b"busy")
    assert session.execute("/Zone/", "GET")["status"] == "success"
    assert still.waits == [7, 5]
    dynect.answer_next(429, b"busy", retry_after=3600)
    with pytest.raises(errors.TooManyRequests):
        session.execute("/Zone/", "GET")
    assert still.waits == [7, 5], "an hour is beyond the budget"


def test_a_post_that_a_gateway_refused_is_not_sent_again(opened, dynect, still):
    session = opened()
    dynect.answer_next(503, b"<html>down</html>")
    with pytest.raises(errors.ServiceUnavailable):
        session.execute("/Zone/new.example/", "POST")
    assert still.waits == []


def test_a_blocking_task_is_waited_for_with_growing_pauses(opened, dynect, still):
    session = opened()
    dynect.block(4)
    assert session.execute(ZONE, "PUT", {"publish": True})["status"] == "success"
    assert still.waits == [1, 3, 7, 15]
    dynect.block(1)
    session.execute(ZONE, "PUT", {"publish": True})
    assert still.waits[-1] == 1, "another call begins anew"


def test_a_task_that_blocks_for_ever_is_given_up(opened, dynect, still):
    session = opened()
    dynect.block(1000)
    with pytest.raises(DynectGetError, match="blocked by current task"):
        session.execute(ZONE, "GET")
    assert still.waits == [1, 3, 7, 15, 31]


def test_a_final_call_is_tried_once(opened, dynect, still):
    session = opened()
    dynect.limit(1)
    with pytest.raises(DynectRateLimited):
        session.execute("/Zone/", "GET", None, True)
    assert still.waits == []


def test_an_expired_token_that_is_refused_in_band_is_repaired_once(opened, dynect):
    session = opened()
    dynect.expire()
    assert session.execute("/Zone/new.example/", "POST")["status"] == "success"
    assert [call.method for call in dynect.calls] == ["POST", "POST", "POST", "POST"]
    assert len(dynect.made("POST", "/REST/Session/")) == 2


def test_a_token_that_is_refused_again_and_again_is_not_repaired_for_ever(opened, dynect):
    session = opened()
    refused = b'{"status":"failure","data":{},"job_id":0,"msgs":[{"INFO":"login: no"}]}'
    dynect.answer_next(200, refused)
    real = dynect.answer

    def forgetful(method, path, token, body):
        answer = real(method, path, token, body)
        dynect.expire()
        return answer

    dynect.answer = forgetful
    with pytest.raises(DynectGetError, match="login: "):
        session.execute("/Zone/", "GET")
    assert len(dynect.made("GET", "/REST/Zone/")) == 2
    assert len(dynect.made("POST", "/REST/Session/")) == 2


def test_a_password_that_was_changed_elsewhere_is_an_auth_error(opened, dynect):
    session = opened()
    dynect.add_user("customer", "user", "other")
    dynect.expire()
    with pytest.raises(DynectAuthError, match="login: "):
        session.execute("/Zone/", "GET")


def test_a_lost_connection_is_made_again_and_a_post_is_not_sent_twice(opened, dynect, still):
    session = opened()
    dynect.drop_next()
    assert session.execute("/Zone/", "GET")["status"] == "success"
    dynect.drop_next()
    with pytest.raises(errors.AnswerLost):
        session.execute("/Zone/new.example/", "POST")
    assert len(dynect.made("POST", "/REST/Zone/new.example/")) == 1


def test_a_lost_connection_and_a_lost_session_at_once_are_both_repaired(opened, dynect):
    session = opened()
    dynect.expire()
    dynect.drop_next()
    assert session.execute("/Zone/", "GET")["status"] == "success"


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"", "empty"), (b"<html>", "not one JSON object"), (b"{}", "neither success nor failure")],
)
def test_an_answer_that_is_empty_or_no_json_is_a_clear_value_error(opened, dynect, body, said):
    session = opened()
    dynect.answer_next(200, body)
    with pytest.raises(ValueError, match=rf"GET /REST/Zone/: .*{said}"):
        session.execute("/Zone/", "GET")
    dynect.answer_next(502, body)
    with pytest.raises(errors.HttpServerError, match="502"):
        session.execute("/Zone/", "GET")


def test_a_call_may_have_a_limit_of_its_own(opened, dynect):
    session = opened()
    hold = threading.Event()
    real = dynect.answer
    dynect.answer = lambda *call: hold.wait(10) and real(*call)
    with pytest.raises(errors.ReadTimeout):
        session.execute("/Zone/new.example/", "POST", timeout=(5, 0.05))
    hold.set()
    dynect.answer = real


def test_a_sign_in_by_hand_goes_without_the_old_token_and_brings_a_new_one(opened, dynect):
    session = opened()
    mine = {"customer_name": "customer", "user_name": "user", "password": "password"}
    token = session.execute("/Session/", "POST", mine)["data"]["token"]
    assert "auth-token" not in dynect.calls[-1].headers
    session.execute("/Zone/", "GET")
    assert dynect.calls[-1].headers["auth-token"] == token
    session.execute("/Session/", "DELETE")
    assert token not in dynect.tokens


def test_whether_the_session_lives_is_answered_and_not_repaired(opened, dynect):
    session = opened()
    assert session.execute("/Session/", "GET")["status"] == "success"
    dynect.expire()
    with pytest.raises(DynectGetError, match="login: "):
        session.execute("/Session/", "GET")


@pytest.mark.parametrize("uri", ["/Zone/?x=1", "/../x", "//evil.example/x", "/Zone/a b"])
def test_an_uri_that_leads_elsewhere_is_refused(opened, uri):
    with pytest.raises(ValueError, match="not a path"):
        opened().execute(uri, "GET")


def test_where_the_api_cannot_be_reached_the_sign_in_says_so(dynect, still):
    where = {"host": "127.0.0.1", "port": 9, "ssl": False, "env": still}
    with pytest.raises(DynectAuthError, match="Unable to access the API host") as caught:
        DynectSession("customer", "user", "password", **where)
    assert isinstance(caught.value.__cause__, errors.ConnectFailure)
    assert DynectSession.get_session() is None


def test_a_proxy_without_its_port_is_refused(opened):
    with pytest.raises(ValueError, match="Proxy missing port"):
        opened(proxy_host="proxy.example")


def test_calls_go_through_the_proxy_that_is_given(serve):
    proxy = serve(lambda _: None)
    port = int(proxy.url.rpartition(":")[2])
    with pytest.raises(DynectAuthError):
        DynectSession(
            "customer", "user", "password", host="api.example", port=80, ssl=False,
            proxy_host="127.0.0.1", proxy_port=port, proxy_user="who", proxy_pass="p@ss",
        )  # fmt: skip
    assert proxy.received[0].target == "http://api.example/REST/Session/"
    assert proxy.received[0].headers["proxy-authorization"] == "Basic d2hvOnBAc3M="


def test_a_key_for_the_password_is_refused_with_a_reason(opened):
    with pytest.raises(ConfigurationError, match="no longer exists"):
        opened(key="k")
