"""When a request is sent again, how often, and after how long."""

from __future__ import annotations

import pytest

from sojourn import Session, errors
from sojourn.client.response import Response
from sojourn.client.retries import BUDGET, Retries, RetryRules
from sojourn.client.timings import LENGTH, Timings
from sojourn.client.transport.contract import Reply, Request
from tests.client.servers import ok

GET = Request("GET", "http://a.example/")


def unavailable(status=503, **headers):
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(Reply(status, fields, b""), GET)


def test_delays_double_from_half_a_second_to_a_minute_and_start_anew_at_another_url():
    retries = Retries(RetryRules(connect=20))
    waited = [retries.after_failure(GET, errors.ConnectFailure()) for _ in range(4)]
    assert waited == [0.5, 1.0, 2.0, 4.0]
    retries.new_hop()
    assert retries.after_failure(GET, errors.ConnectFailure()) == 0.5
    assert Retries(RetryRules(connect=1, connect_delay=3.0)).after_failure(
        GET, errors.ConnectFailure()
    ) == (3.0)


def test_the_counters_of_connections_and_of_statuses_are_two_and_outlive_a_hop():
    retries = Retries(RetryRules(connect=1, status=1))
    assert retries.after_answer(GET, unavailable()) == 0.5
    assert retries.after_failure(GET, errors.ConnectFailure()) == 0.5
    retries.new_hop()
    assert retries.after_answer(GET, unavailable()) is None
    assert retries.after_failure(GET, errors.ConnectFailure()) is None


def test_one_call_waits_no_longer_than_its_budget():
    retries = Retries(RetryRules(connect=1000))
    waited = 0.0
    while (delay := retries.after_failure(GET, errors.ConnectFailure())) is not None:
        waited += delay
    assert BUDGET - 60 < waited <= BUDGET


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"Retry_After": "0"}, 0.5),
        ({"Retry_After": "soon"}, 0.5),
        ({"Retry_After": str(int(BUDGET) + 1)}, None),
        (
            {
                "Date": "Wed, 21 Oct 2026 07:28:00 GMT",
                "Retry_After": "Wed, 21 Oct 2026 07:28:09 GMT",
            },
            9.0,
        ),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:09 GMT"}, 0.5),
    ],
)
def test_the_server_says_how_long_to_wait(headers, waits):
    assert Retries(RetryRules(status=1)).after_answer(GET, unavailable(**headers)) == waits


def test_a_status_that_says_later_is_tried_again_as_often_as_was_asked(face, serve):
    answers = iter([503, 503, 200, 503, 429])
    server = serve(lambda _: ok(status=next(answers)))
    session = face.session()
    options = {"status_code_retries": 2, "status_code_retry_delay": 0}
    assert session.request(server.url, "POST", data=b"x", **options).ok
    assert [one.body for one in server.received] == [b"x"] * 3
    with pytest.raises(errors.ServiceUnavailable):
        session.request(server.url)
    with pytest.raises(errors.TooManyRequests):
        session.request(server.url, **options)
    assert len(server.received) == 5


def test_which_statuses_are_tried_again_can_be_said(face, serve):
    answers = iter([429, 502, 200])
    server = serve(lambda _: ok(status=next(answers)))
    answer = face.session().request(
        server.url,
        status_code_retries=2,
        status_code_retry_delay=0,
        retriable_status_codes=[429, 502],
    )
    assert answer.ok


class Chain:
    """Redirects, and then fails, as often as it is told."""

    def __init__(self, redirects, failures):
        self.redirects, self.failures = redirects, failures

    def send(self, request):
        if self.redirects > 0:
            self.redirects -= 1
            return Reply(302, (("Location", f"/{self.redirects}"),), b"")
        if self.failures > 0:
            self.failures -= 1
            raise errors.ConnectFailure
        return Reply(200, (), b"")

    def close(self):
        pass


def test_long_chains_of_redirects_and_tries_do_not_exhaust_the_stack():
    transport = Chain(2000, 2000)
    with Session(transport=transport, connect_retries=2000, redirect=True) as session:
        answer = session.get("http://a.example/", connect_retry_delay=0)
    assert answer.ok
    assert len(answer.history) == 2000


def test_timings_do_not_grow_without_end():
    timings = Timings()
    for number in range(LENGTH + 5):
        timings.add("GET", f"http://a.example/{number}", 0.1)
    assert len(timings.entries()) == LENGTH
    assert timings.entries()[0].url == "http://a.example/5"


def test_redirects_do_not_give_new_tries(face, serve):
    def answer(received):
        return (307, {"Location": "/b"}, b"") if received.path == "/a" else ok(status=503)

    server = serve(answer)
    found = face.session().request(
        f"{server.url}/a", status_code_retries=1, status_code_retry_delay=0, raise_exc=False
    )
    assert found.status_code == 503
    assert [one.path for one in server.received] == ["/a", "/b", "/b"]
