"""Requests that break HTTP, form encoding or the endpoint's rules: one clear answer each, and the server goes on."""

from __future__ import annotations

import json
import logging

import pytest

from sojourn.server.serving import protocol
from tests.security.browser import asked, authorize_url, basic
from tests.security.conftest import Place
from tests.security.wire import FORM, Answer, compose, connect, exchange, read_answer, request

JSON_POSTS = ("/token", "/introspect", "/revoke")
APIS = (
    "/account/sessions",
    "/account/explain",
    "/admin/users",
    "/admin/clients",
    "/admin/resources",
    "/admin/keys",
    "/admin/sessions",
    "/admin/explain",
)
PAGES = (
    "/authorize",
    "/continue",
    "/end-session",
    "/",
    "/sign-in",
    "/choose-account",
    "/consent",
    "/sessions",
    "/password",
    "/sign-out",
    "/set-up",
)
FORM_PAGES = tuple(path for path in PAGES if path not in ("/continue", "/"))
QUERIES = ("/authorize", "/continue", "/end-session", "/sessions", "/password", "/set-up")
EVERYWHERE = (
    *JSON_POSTS,
    "/userinfo",
    "/jwks",
    *APIS,
    *PAGES,
    "/.well-known/openid-configuration",
    "/nowhere",
)


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture):
    """Whatever is sent, nothing unforeseen happens behind it."""
    with caplog.at_level(logging.WARNING):
        yield
    assert not [record for record in caplog.records if record.exc_info]


def require_refusal(answer: Answer, status: int = 400) -> None:
    """An error of the shape that its reader expects, which sends nobody anywhere."""
    assert answer.status == status, (answer.status, answer.body[:300])
    assert not answer.location
    assert b"Traceback" not in answer.body
    kind = answer.header("content-type")
    if kind == "application/json":
        assert answer.error in (
            "invalid_request",
            "invalid_client",
            "invalid_token",
            "invalid_grant",
        )
        assert answer.json["error_description"].isascii()
        assert "no-store" in answer.header("cache-control")
    else:
        assert kind == "text/html; charset=utf-8"
        assert "frame-ancestors 'none'" in answer.header("content-security-policy")


@pytest.mark.parametrize("path", JSON_POSTS)
@pytest.mark.parametrize("name", ["grant_type", "token", "client_id", "anything"])
def test_a_parameter_sent_twice_is_refused(place: Place, path: str, name: str):
    form = [(name, "one"), (name, "one")]
    answer = request(
        place.issuer, "POST", path, form=form, headers=basic(place.client_id, place.secret)
    )
    require_refusal(answer)
    assert answer.error == "invalid_request"


@pytest.mark.parametrize("path", FORM_PAGES)
def test_a_form_field_sent_twice_is_refused_by_every_page(place: Place, path: str):
    require_refusal(request(place.issuer, "POST", path, form=[("csrf", "a"), ("csrf", "b")]))


@pytest.mark.parametrize("name", sorted(asked("app")))
def test_an_authorization_parameter_sent_twice_is_a_page_and_no_redirect(place: Place, name: str):
    url = authorize_url(place.browser(), place.client_id)
    target = url.removeprefix(place.issuer) + f"&{name}=again"
    require_refusal(request(place.issuer, "GET", target))


BROKEN = (
    "a=%",
    "a=%4",
    "a=%zz",
    "a=%ff",
    "a=%c0%af",
    "a=%ed%a0%80",
    "a=%00",
    "%00=a",
    "=a",
    "%0a=b",
)


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("path", [*JSON_POSTS, "/userinfo", *FORM_PAGES])
def test_a_broken_form_is_refused(place: Place, path: str, text: str):
    require_refusal(request(place.issuer, "POST", path, form=text))


@pytest.mark.parametrize("raw", [b"a=\xff", b"a=\xc0\xaf", b"\xfe\xff\x00a", b"a=\xed\xa0\x80"])
@pytest.mark.parametrize("path", [*JSON_POSTS, "/sign-in", "/authorize"])
def test_a_form_that_is_not_utf_8_is_refused(place: Place, path: str, raw: bytes):
    require_refusal(request(place.issuer, "POST", path, form=raw))


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("path", ["/authorize", "/continue", "/end-session", "/set-up"])
def test_a_broken_query_is_refused(place: Place, path: str, text: str):
    require_refusal(request(place.issuer, "GET", f"{path}?{text}"))


@pytest.mark.parametrize("path", EVERYWHERE)
def test_raw_bytes_in_a_query_do_no_harm(place: Place, path: str):
    for method in ("GET", "POST"):
        target = f"{path}?a=\xff\xfe%00"
        body = compose(method, target, headers={"Content-Type": FORM})
        assert exchange(place.issuer, body).status < 500


METHODS = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
)


@pytest.mark.parametrize("path", EVERYWHERE)
def test_a_wrong_method_is_405_and_names_the_right_ones(place: Place, path: str):
    for method in METHODS:
        answer = exchange(place.issuer, compose(method, path))
        assert answer.status < 500, (method, answer.status)
        if method not in ("GET", "HEAD", "POST"):
            assert answer.status in (400, 404, 405), method
        if answer.status == 405:
            allowed = set(answer.header("allow").split(", "))
            assert allowed
            assert method not in allowed
            assert allowed <= {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("path", JSON_POSTS)
def test_a_wrong_method_at_a_json_endpoint_is_told_in_json(place: Place, path: str):
    answer = request(place.issuer, "GET", path)
    assert answer.status == 405
    assert answer.error == "invalid_request"
    assert answer.header("allow") == "POST"


def test_metadata_takes_no_post(place: Place):
    answer = request(place.issuer, "POST", "/.well-known/openid-configuration", form={})
    assert answer.status == 405
    assert answer.header("allow") == "GET, HEAD"


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data", "", "a"])
@pytest.mark.parametrize(
    "path", [*JSON_POSTS, "/sign-in", "/consent", "/authorize", "/end-session"]
)
def test_a_form_of_another_content_type_is_refused(place: Place, path: str, kind: str):
    answer = request(
        place.issuer, "POST", path, form="grant_type=x", headers={"Content-Type": kind}
    )
    require_refusal(answer)


def test_a_body_over_the_limit_is_413(place: Place):
    for path in (*JSON_POSTS, "/sign-in", "/end-session"):
        require_refusal(request(place.issuer, "POST", path, form="a=" + "b" * 70_000), 413)


def test_a_chunked_body_over_the_limit_is_413(place: Place):
    chunks = b"".join(b"2000\r\n" + b"a" * 8192 + b"\r\n" for _ in range(10)) + b"0\r\n\r\n"
    head = {"Transfer-Encoding": "chunked", "Content-Type": FORM}
    for path in JSON_POSTS:
        require_refusal(
            exchange(place.issuer, compose("POST", path, headers=head, body=chunks)), 413
        )


def test_a_chunked_body_without_end_is_cut_off(place: Place):
    head = {"Transfer-Encoding": "chunked", "Content-Type": FORM}
    with connect(place.issuer) as peer:
        peer.sendall(compose("POST", "/token", headers=head))
        try:
            for _ in range(200):
                peer.sendall(b"2000\r\n" + b"a" * 8192 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            return
        require_refusal(read_answer(peer), 413)


@pytest.mark.parametrize(
    "head",
    [
        {"X": "a" * 20_000},
        {f"X-{n}": "a" for n in range(3_000)},
        {"Cookie": "; ".join(f"a{n}={'b' * 100}" for n in range(200))},
        {"Authorization": "Bearer " + "a" * 30_000},
    ],
    ids=["long", "many", "cookies", "token"],
)
def test_a_head_over_the_limit_is_431(place: Place, head: dict[str, str]):
    answer = exchange(place.issuer, compose("GET", "/userinfo", headers=head))
    assert answer.status == 431
    assert answer.error == "invalid_request"
    assert len(answer.body) == int(answer.header("content-length"))


def test_a_url_over_the_limit_is_431(place: Place):
    answer = exchange(place.issuer, compose("GET", "/authorize?a=" + "b" * 40_000))
    assert answer.status == 431


def test_trailers_never_become_headers_nor_fill_the_memory(place: Place):
    head = {"Transfer-Encoding": "chunked", "Content-Type": FORM}
    body = (
        b"3\r\na=b\r\n0\r\nAuthorization: "
        + basic(place.client_id, place.secret)["Authorization"].encode()
    )
    answer = exchange(
        place.issuer, compose("POST", "/introspect", headers=head, body=body + b"\r\n\r\n")
    )
    require_refusal(answer, 401)
    with connect(place.issuer) as peer:
        peer.sendall(compose("POST", "/introspect", headers=head, body=b"3\r\na=b\r\n0\r\n"))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for number in range(50_000):
                peer.sendall(b"X-%d: " % number + b"a" * 1000 + b"\r\n")


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost a\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\na",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_or_dropped(place: Place, raw: bytes):
    with connect(place.issuer) as peer:
        peer.sendall(raw)
        peer.shutdown(1)
        said = peer.recv(65_536)
    assert said == b"" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), said
    assert request(place.issuer, "GET", "/jwks").status == 200


def test_a_body_that_breaks_off_leaves_the_server_in_order(place: Place):
    for path in ("/token", "/sign-in", "/account/sessions"):
        with connect(place.issuer) as peer:
            head = compose("POST", path, headers={"Content-Type": FORM, "Content-Length": "1000"})
            peer.sendall(head + b"grant_type=author")
    assert request(place.issuer, "GET", "/jwks").status == 200


def test_a_request_spelled_byte_by_byte_is_answered(place: Place):
    with connect(place.issuer) as peer:
        for byte in compose("POST", "/token", headers={"Content-Type": FORM}, body=b"a=b"):
            peer.sendall(bytes((byte,)))
        require_refusal(read_answer(peer), 401)


@pytest.mark.parametrize("path", APIS)
def test_an_api_without_a_token_is_a_challenge_without_an_error_code(place: Place, path: str):
    answer = request(place.issuer, "POST", path, data={})
    assert answer.status == 401
    assert answer.header("www-authenticate").startswith("Bearer ")


@pytest.mark.parametrize(
    "header", ["Basic", "Basic ", "Basic !!!", "Basic YQ", "Basic /w==", "Basic OjpB"]
)
@pytest.mark.parametrize("path", JSON_POSTS)
def test_broken_basic_credentials_are_invalid_client(place: Place, path: str, header: str):
    answer = request(place.issuer, "POST", path, form={}, headers={"Authorization": header})
    require_refusal(answer, 401)
    assert answer.error == "invalid_client"


def test_two_authorization_headers_are_refused(place: Place):
    one = basic(place.client_id, place.secret)["Authorization"]
    given = [("Authorization", one), ("Authorization", one)]
    require_refusal(request(place.issuer, "POST", "/introspect", form={}, headers=given))


def test_a_client_that_authenticates_in_two_ways_is_refused(place: Place):
    form = {"client_id": place.client_id, "client_secret": place.secret, "token": "x"}
    answer = request(
        place.issuer, "POST", "/introspect", form=form, headers=basic(place.client_id, place.secret)
    )
    require_refusal(answer)
    assert answer.error == "invalid_request"


def test_an_access_token_in_the_query_is_refused(place: Place):
    require_refusal(request(place.issuer, "GET", "/userinfo?access_token=sj_a_abc"))


@pytest.mark.parametrize("value", ["é", "\U0001f600", "a" * 60_000, "-" * 24, "None"])
@pytest.mark.parametrize("path", ["/sign-in", "/password", "/sessions", "/sign-out", "/set-up"])
def test_any_text_in_place_of_a_form_token_is_refused(place: Place, path: str, value: str):
    browser = place.browser()
    browser.get(f"{place.issuer}/sign-in")
    answer = browser.post(f"{place.issuer}{path}", {"csrf": value})
    require_refusal(answer, 413 if len(value) > 65_000 else 403)


def test_deep_and_strange_json_is_refused(place: Place, admin_token: str):
    for text in (
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b'{"action":"create","action":"delete"}',
        b'{"action":NaN}',
        b'{"action":"create","login":"\\ud800"}',
        b"[]",
        b"null",
        b'{"action":"create","login":1e999}',
        b'{"action":"create","login":"a","claims":{"x":' + b"9" * 5_000 + b"}}",
        b'{"action":"nothing"}',
        b"\xff",
    ):
        headers = {"Authorization": f"Bearer {admin_token}", "Content-Type": "application/json"}
        require_refusal(request(place.issuer, "POST", "/admin/users", form=text, headers=headers))


@pytest.mark.parametrize("area", ["users", "clients", "resources"])
@pytest.mark.parametrize("after", ["x", "é", "AAAAAAAAAAAA", "a" * 5_000, "%00"])
def test_a_cursor_that_no_answer_gave_is_refused(
    place: Place, admin_token: str, area: str, after: str
):
    from urllib.parse import quote

    shown = after if after == "%00" else quote(after)
    answer = request(
        place.issuer,
        "GET",
        f"/admin/{area}?after={shown}",
        headers={"Authorization": f"Bearer {admin_token}"},
    )
    require_refusal(answer)


def test_every_error_answer_is_json_that_parses(place: Place):
    """Public texts quote nothing that would need escaping (RFC 6749 §5.2)."""
    form = {"grant_type": 'x"\\\n\x7f', "client_id": "\u202e"}
    answer = request(place.issuer, "POST", "/token", form=form)
    assert json.loads(answer.body)["error"] == "invalid_client"


@pytest.mark.parametrize(
    "begun",
    [b"GET / HT", compose("POST", "/token", headers={"Content-Type": FORM, "Content-Length": "9"})],
    ids=["head", "body"],
)
def test_a_request_that_never_ends_is_dropped(
    place: Place, monkeypatch: pytest.MonkeyPatch, begun: bytes
):
    monkeypatch.setattr(protocol, "MAX_REQUEST_SECONDS", 0.05)
    with connect(place.issuer) as peer:
        peer.sendall(begun)
        assert peer.recv(1) == b""
