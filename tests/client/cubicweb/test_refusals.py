"""What CubicWeb's plugins make of servers that answer otherwise than they should."""

from __future__ import annotations

import pytest

from sojourn import Session, errors
from sojourn.client.dialects.cubicweb import BasicAuth, CookieAuth, SignedRequestAuth
from sojourn.client.transport.contract import Request
from tests.client.servers import Server
from tests.client.small_cubicweb import FORM, HTML, SmallCubicWeb

PAGE = FORM.format(csrf="t0ken").encode()
FORM_PAGE = (200, {**HTML, "Set-Cookie": "csrf_token=t0ken; Path=/"}, PAGE)


@pytest.fixture
def small() -> SmallCubicWeb:
    return SmallCubicWeb()


def refused(server: Server, kind: type[Exception], match: str) -> None:
    auth = CookieAuth(server.url, "jane", "pass-word")
    with Session(auth, trust_env=False) as session, pytest.raises(kind, match=match) as told:
        session.get(f"{server.url}/view")
    assert "pass-word" not in str(told.value) + repr(told.value)


@pytest.mark.parametrize(
    ("page", "kind", "match"),
    [
        ((200, HTML, b"<p>hello</p>"), errors.AuthenticationError, "no sign-in form"),
        ((200, HTML, PAGE.replace(b"t0ken", b"")), errors.AuthenticationError, "no usable CSRF"),
        (
            (302, {"Location": "https://sso.example/"}, b""),
            errors.AuthenticationError,
            "sso.example",
        ),
        ((500, HTML, b""), errors.ConnectFailure, "answered 500"),
        ((429, HTML, b""), errors.ConnectFailure, "answered 429"),
    ],
)
def test_where_there_is_no_form_no_password_is_sent(serve, page, kind, match):
    server = serve(lambda _: page)
    refused(server, kind, match)
    assert [one.method for one in server.received] == ["GET"]


def test_an_address_at_which_there_is_no_cubicweb_is_told(serve):
    server = serve(lambda _: (404, HTML, b""))
    refused(server, errors.AuthenticationError, "of a CubicWeb with the cube web or api")


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        ((403, HTML, PAGE), r"refused the user name or the password \(403\)"),
        ((200, HTML, PAGE), r"refused the user name or the password \(200\)"),
        ((303, {"Location": "/login?postlogin_path=/"}, b""), "refused the user name"),
        ((400, HTML, b"Bad CSRF Token"), "its CSRF token or the Origin"),
        ((303, {"Location": "/"}, b""), "its cookies sign nobody in"),
        ((303, {"Location": "/", "Set-Cookie": "auth_tkt=a; Secure"}, b""), "for https alone"),
        (
            (303, {"Location": "/", "Set-Cookie": "auth_tkt=a; Domain=b.example"}, b""),
            "sign nobody",
        ),
    ],
)
def test_a_sign_in_that_signs_nobody_in_is_told(serve, answer, match):
    server = serve(lambda one: answer if one.method == "POST" else FORM_PAGE)
    refused(server, errors.AuthenticationError, match)
    assert server.received[1].headers["origin"] == server.url
    assert server.received[1].form["postlogin_path"] == "/"


def test_a_session_that_ends_at_once_again_is_repaired_once_and_not_for_ever(serve, small):
    def answer(received):
        found = small.answer(received)
        if received.path == "/view":
            small.sessions.clear()
            return 303, {"Location": "/login"}, b""
        return found

    server = serve(answer)
    auth = CookieAuth(server.url, "jane", small.password)
    with Session(auth, trust_env=False) as session:
        page = session.get(f"{server.url}/view")
    assert b'name="__password"' in page.content
    assert len([one for one in server.received if one.path == "/view"]) == 2
    assert len([one for one in server.received if one.method == "POST"]) == 2


@pytest.mark.parametrize("path", ["/other/view", "/apps", "/ap"])
def test_what_is_not_below_the_url_gets_nothing(serve, path):
    server = serve(lambda _: (200, {}, b""))
    url = f"{server.url}/app"
    for auth in (
        CookieAuth(url, "jane", "x"),
        BasicAuth(url, "jane", "x"),
        SignedRequestAuth(url, "nightly", "x"),
    ):
        with Session(auth, trust_env=False) as session:
            session.get(server.url + path)
    for one in server.received:
        assert not {"cookie", "authorization", "x-csrf-token"} & one.headers.keys()
        assert one.path == path


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("/app/../other", False),
        ("/app/a/%2E%2e/../other", False),
        ("/app/..;/other", False),
        ("/app/..%2fother", False),
        ("/app/..", False),
        ("/app/..a/b..", True),
        ("/app/a/./b", True),
    ],
)
def test_a_path_that_leads_up_is_not_below_the_url(path, below):
    auth = BasicAuth("https://data.example/app", "jane", "x")
    assert auth.covers(Request("GET", f"https://data.example{path}")) is below


def test_a_redirect_elsewhere_takes_nothing_along(serve, small):
    other = serve(lambda _: (200, {}, b"elsewhere"))

    def answer(received):
        if received.path == "/away":
            return 302, {"Location": f"{other.url}/view"}, b""
        return small.answer(received)

    server = serve(answer)
    for auth in (
        CookieAuth(server.url, "jane", small.password),
        BasicAuth(server.url, "jane", small.password),
        SignedRequestAuth(server.url, small.token_id, small.secret),
    ):
        with Session(auth, trust_env=False) as session:
            assert session.get(f"{server.url}/away").content == b"elsewhere"
    for one in other.received:
        assert not {"cookie", "authorization", "x-cubicweb-date", "date"} & one.headers.keys()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_of_a_signature_is_an_error_whatever_the_caller_says_of_statuses(serve, status):
    server = serve(lambda _: (status, HTML, PAGE))
    auth = SignedRequestAuth(server.url, "nightly", "5ecret")
    with (
        Session(auth, trust_env=False) as session,
        pytest.raises(errors.AuthenticationError, match="nightly is unknown") as told,
    ):
        session.get(f"{server.url}/view", raise_exc=False)
    assert "5ecret" not in repr(told.value)


def test_what_is_missing_or_cannot_be_is_told_when_the_plugin_is_made():
    for wrong in (("", "x"), ("jane", "")):
        with pytest.raises(errors.IncompleteCredentials):
            CookieAuth("https://x.example", *wrong)
    with pytest.raises(errors.IncompleteCredentials, match="no colon"):
        BasicAuth("https://x.example", "a:b", "x")
    with pytest.raises(errors.Malformed):
        SignedRequestAuth("https://x.example", "a b", "x")
    for url in ("x.example", "https://a:b@x.example"):
        with pytest.raises(errors.Malformed):
            CookieAuth(url, "jane", "x")


def test_headers_can_be_asked_for_by_themselves_but_for_a_signature(serve, small):
    server = serve(small.answer)
    with Session(CookieAuth(server.url, "jane", small.password), trust_env=False) as session:
        headers = session.get_auth_headers()
        assert headers is not None
        assert session.get(f"{server.url}/view", headers=headers, authenticated=False).ok
    with (
        Session(SignedRequestAuth(server.url, "nightly", "x"), trust_env=False) as session,
        pytest.raises(errors.Malformed, match="absolute URL can be signed"),
    ):
        session.get_auth_headers()
