"""What a redirect may carry along, on both faces."""

from __future__ import annotations

import pytest

from sojourn import errors
from tests.client.certificates import certificate as _certificate
from tests.client.servers import ok
from tests.client.small_provider import SmallProvider, signed_in

SECRETS = {
    "Authorization": "Bearer hush",
    "Cookie": "sid=hush",
    "X-Auth-Token": "hush",
    "X-Subject-Token": "hush",
    "X-Api-Key": "hush",
}


def to(where, status=307):
    return lambda _: (status, {"Location": where}, b"")


def test_another_origin_gets_no_credentials_no_cookies_and_no_body(face, serve):
    other = serve(lambda _: ok())
    first = serve(to(f"{other.url}/there"))
    session = face.session()
    answer = session.request(first.url, "POST", data=b"hush", headers=SECRETS)
    assert answer.url == f"{other.url}/there"
    (got,) = other.received
    assert got.body == b""
    assert "hush" not in repr(got)
    assert set(got.headers) <= {
        "host", "accept", "accept-encoding", "user-agent", "content-length", "connection",
    }  # fmt: skip


def test_a_plugins_token_stays_at_its_origin_even_when_the_way_leads_back(face, serve):
    small = SmallProvider()
    home = serve(small.answer)
    small.at(home)
    small.live.add("access-0")
    back = serve(to(f"{home.url}/back"))
    start = serve(to(f"{back.url}/away"))
    session = face.session(signed_in(home.url, lasts=3600))
    answer = session.request(start.url, raise_exc=False)
    assert start.received[0].headers["authorization"] == "Bearer access-0"
    assert "authorization" not in back.received[0].headers
    assert "authorization" not in home.received[0].headers
    assert answer.status_code == 401
    assert small.token_calls == []


def test_within_an_origin_method_body_and_a_relative_location_work(face, serve):
    def answer(received):
        if received.path == "/a/b":
            return 307, {"Location": "../c?x=1"}, b""
        return ok({"saw": received.headers["authorization"]})

    server = serve(answer)
    session = face.session()
    reply = session.request(
        f"{server.url}/a/b?old=1", "PUT", data=b"body", headers={"Authorization": "Bearer t"}
    )
    assert reply.json() == {"saw": "Bearer t"}
    assert [hop.status_code for hop in reply.history] == [307]
    last = server.received[-1]
    assert (last.method, last.target, last.body) == ("PUT", "/c?x=1", b"body")
    assert [entry.url for entry in session.history] == [
        f"{server.url}/a/b?old=***",
        f"{server.url}/c?x=***",
    ]


def test_see_other_asks_with_get_and_without_the_body(face, serve):
    server = serve(
        lambda received: (303, {"Location": "/done"}, b"") if received.method == "POST" else ok()
    )
    face.session().request(server.url, "POST", json={"a": 1})
    last = server.received[-1]
    assert (last.method, last.path, last.body) == ("GET", "/done", b"")
    assert "content-type" not in last.headers


@pytest.mark.parametrize(("redirect", "requests"), [(0, 1), (False, 1), (3, 4)])
def test_after_the_last_redirect_allowed_the_answer_itself_is_returned(
    face, serve, redirect, requests
):
    server = serve(to("/again"))
    answer = face.session().request(server.url, redirect=redirect)
    assert answer.status_code == 307
    assert answer.is_redirect
    assert len(server.received) == requests


def test_a_body_that_can_be_read_once_is_not_sent_again(face, serve):
    server = serve(to("/again"))
    session = face.session()

    def pieces():
        yield b"once"

    async def pieces_on_a_loop():
        yield b"once"

    body = pieces() if face.kind == "threads" else pieces_on_a_loop()
    answer = session.request(server.url, "PUT", data=body)
    assert answer.status_code == 307
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "where",
    [
        "http://user:hush@a.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://a.example\\@b.example/",
        "//user:hush@a.example/",
        "http://[::1/",
    ],
)
def test_a_location_that_is_no_safe_url_is_refused(face, serve, where):
    server = serve(to(where))
    with pytest.raises(errors.UnsafeRedirect) as caught:
        face.session().request(f"{server.url}/?key=hush")
    assert "hush" not in str(caught.value)


def test_an_encrypted_connection_never_becomes_a_plain_one(face, serve, tmp_path):
    authority, context = _certificate(tmp_path)
    plain = serve(lambda _: ok())
    secure = serve(to(f"{plain.url}/there", 302), tls=context)
    with pytest.raises(errors.UnsafeRedirect, match="from https to http"):
        face.session(verify=authority).request(secure.url)
    assert plain.received == []
    assert face.session(verify=False).request(secure.url, redirect=False).status_code == 302
    with pytest.raises(errors.SSLFailure):
        face.session().request(secure.url)


def test_what_was_answered_before_a_refused_hop_is_not_sent_again(face, serve):
    """A POST that made something and points at it makes it once, though the token ends in between."""
    small = SmallProvider()

    def answer(received):
        if received.path == "/make":
            return 303, {"Location": "/made"}, b""
        return small.answer(received)

    home = serve(answer)
    small.at(home)
    made = face.session(signed_in(home.url, lasts=3600)).request(f"{home.url}/make", "POST")
    assert [one.path for one in home.received if one.method == "POST"] == ["/make", "/token"]
    assert made.url == f"{home.url}/made"
    assert [one.status_code for one in made.history] == [303]
