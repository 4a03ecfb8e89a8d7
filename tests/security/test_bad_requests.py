"""Requests that break form encoding, JSON or the endpoint's rules: one clear answer each, and the server goes on."""

from __future__ import annotations

import json

import pytest

from tests.security.browser import asked, authorize_url, basic
from tests.security.place import Place
from tests.security.refusals import APIS, EVERYWHERE, FORM_PAGES, JSON_POSTS, require_refusal
from tests.security.wire import FORM, compose, exchange, request


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
