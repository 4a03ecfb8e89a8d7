"""Nobody is sent to a place that was not registered: security.md §4.6, 1 to 12, at authorize and at logout."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest

from tests.security.browser import (
    REDIRECT,
    Browser,
    app,
    asked,
    authorize,
    code_for,
    landed,
    redeem,
    tokens_of,
)
from tests.security.place import Place
from tests.security.wire import Answer, request

LOOPBACK = "http://127.0.0.1/callback?from=app"
PRIVATE = "com.example.app:/callback"
QUERY = "https://app.example/with?a=b"
BYE = "https://app.example/bye"

ALMOST = (
    # 1 CVE-2026-7504 and other disagreements of URL parsers
    "https://app.example@evil.example/callback",
    "https://a@app.example@evil.example/callback",
    "https://evil.example@app.example/callback",
    "https://app.example:443@evil.example/callback",
    "https://app.example:@evil.example/callback",
    "https://app.example%40evil.example/callback",
    "https://app.example%2f@evil.example/callback",
    "https://evil.example#@app.example/callback",
    "https://evil.example?@app.example/callback",
    "https://evil.example\\@app.example/callback",
    "https://app.example\\.evil.example/callback",
    "https://evil.example/https://app.example/callback",
    "https:app.example/callback",
    "https:/app.example/callback",
    "https:///app.example/callback",
    "https://app.example:443/callback",
    "https://app.example:/callback",
    "https://app.example./callback",
    "https://app。example/callback",
    "https://\uff41pp.example/callback",
    "https://app.example/callback%00",
    "https://app.example/callback\x00",
    "https://app.example/callback\n",
    "https://app.example/callback\t",
    " https://app.example/callback",
    "https://app.example/callback ",
    "ht\ntps://app.example/callback",
    "https://[::ffff:1.2.3.4]/callback",
    # 2 CVE-2026-3872: paths
    "https://app.example/callback/..;/evil",
    "https://app.example/..;/callback",
    "https://app.example/a/../callback",
    "https://app.example/callback/",
    "https://app.example/callback/../evil",
    "https://app.example//callback",
    "https://app.example/./callback",
    "https://app.example/%63allback",
    "https://app.example/callback%2f",
    "https://app.example/callback;x=y",
    "https://app.example/callback?a=b",
    "https://app.example/callback?",
    "https://app.example/callback#",
    "https://app.example/callback#fragment",
    "https://app.example/callback&x=y",
    "https://app.example",
    "https://app.example/",
    # 3 CVE-2024-8883, 6 CVE-2020-15233: loopback
    "http://127.0.0.1/callback",
    "http://127.0.0.1/callback?from=app&more=1",
    "http://127.0.0.1:0/callback?from=app",
    "http://127.0.0.1:99999/callback?from=app",
    "http://127.0.0.1:/callback?from=app",
    "http://127.0.0.1:80a/callback?from=app",
    "http://127.0.0.1:8080@evil.example/callback?from=app",
    "http://127.0.0.1.evil.example/callback?from=app",
    "http://127.0.0.2/callback?from=app",
    "http://127.1/callback?from=app",
    "http://2130706433/callback?from=app",
    "http://0x7f.1/callback?from=app",
    "http://localhost/callback?from=app",
    "http://[::1]/callback?from=app",
    "https://127.0.0.1/callback?from=app",
    # 5 CVE-2020-15234: case
    "https://APP.example/callback",
    "HTTPS://app.example/callback",
    "https://app.example/Callback",
    "COM.example.app:/callback",
    # schemes
    "http://app.example/callback",
    "com.example.app://callback",
    "com.example.app:callback",
    "com.example.app.evil:/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    "//app.example/callback",
    "/callback",
    "\\\\evil.example",
    "https://app.example/with?a=b&c=d",
    "https://app.example/with?a=B",
    "https://app.example/with",
    "",
    "null",
    "*",
    "https://app.example/callback" + "a" * 3_000,
)


@pytest.fixture(scope="module")
def client_id(place: Place) -> str:
    uris = (REDIRECT, LOOPBACK, PRIVATE, QUERY)
    place.server.add_client(
        app("strict", redirect_uris=uris, post_logout_redirect_uris=(BYE,), trusted=True)
    )
    return "strict"


@pytest.fixture(scope="module")
def signed_in(place: Place) -> Browser:
    browser = place.browser()
    browser.sign_in(place.somebody())
    return browser


def require_page(answer: Answer) -> None:
    assert answer.status in (400, 401), (answer.status, answer.location)
    assert not answer.location
    assert answer.header("content-type").startswith("text/html")
    assert "<form" not in answer.text


@pytest.mark.parametrize("uri", ALMOST)
def test_asvs_10_4_1_an_almost_equal_redirect_uri_is_a_page_whatever_else_is_asked(
    place: Place, client_id: str, signed_in: Browser, uri: str
):
    """CVE-2026-41479: errors stay here too until the URI is known."""
    for more in (
        {},
        {"prompt": "none"},
        {"response_type": "token"},
        {"scope": "nothing"},
        {"response_mode": "form_post"},  # 4 GHSA-9vm7-v8wj-3fqw
        {"response_mode": "form_post.jwt", "code_challenge": ""},
        {"request": "x.y.z"},
    ):
        parameters = asked(client_id, **{"redirect_uri": uri, "state": "s", **more})
        target = f"/authorize?{urlencode(parameters)}"
        require_page(signed_in.get(f"{place.issuer}{target}"))
    require_page(signed_in.post(f"{place.issuer}/authorize", parameters, headers={}))


@pytest.mark.parametrize(
    "client", ["", "nobody", "strict\x00", "STRICT", "strict ", "é", "a" * 9_000]
)
def test_an_unknown_client_is_a_page(place: Place, client_id: str, signed_in: Browser, client: str):
    parameters = asked("x") | {"client_id": client}
    answer = signed_in.get(f"{place.issuer}/authorize?{urlencode(parameters)}")
    require_page(answer)


@pytest.mark.parametrize(
    "uri",
    [
        REDIRECT,
        LOOPBACK,
        LOOPBACK.replace("127.0.0.1", "127.0.0.1:1"),
        LOOPBACK.replace("127.0.0.1", "127.0.0.1:65535"),
        PRIVATE,
        QUERY,
    ],
)
def test_a_registered_redirect_uri_is_kept_to_the_letter(
    place: Place, client_id: str, signed_in: Browser, uri: str
):
    parameters = asked(client_id, redirect_uri=uri)
    answer = signed_in.get(f"{place.issuer}/authorize?{urlencode(parameters)}")
    assert answer.status == 303
    assert answer.location.startswith(uri + ("&" if "?" in uri else "?") + "code=")


@pytest.mark.parametrize("mode", ["fragment", "form_post.jwt", "query.jwt", "web_message", "QUERY"])
def test_asvs_10_4_12_a_response_mode_is_one_of_a_list(
    place: Place, client_id: str, signed_in: Browser, mode: str
):
    parameters = asked(client_id, response_mode=mode)
    answer = signed_in.get(f"{place.issuer}/authorize?{urlencode(parameters)}")
    assert landed(answer)["error"] == "invalid_request"


@pytest.mark.parametrize("kind", ["token", "id_token", "code token", "none", "CODE", "code code"])
def test_asvs_10_4_4_there_is_no_implicit_flow(
    place: Place, client_id: str, signed_in: Browser, kind: str
):
    parameters = asked(client_id, response_type=kind)
    answer = signed_in.get(f"{place.issuer}/authorize?{urlencode(parameters)}")
    found = landed(answer)
    assert found["error"] == "unsupported_response_type"
    assert "#" not in answer.location


@pytest.mark.parametrize("method", ["plain", "", "s256", "S512"])
def test_asvs_10_4_6_pkce_is_required_and_never_plain(
    place: Place, client_id: str, signed_in: Browser, method: str
):
    for challenge in ("", "v" * 43, "x", "é" * 43):
        if method == "S256" and challenge == "v" * 43:
            continue
        parameters = asked(client_id, code_challenge=challenge, code_challenge_method=method)
        answer = signed_in.get(f"{place.issuer}/authorize?{urlencode(parameters)}")
        assert landed(answer)["error"] == "invalid_request"


def test_what_a_client_sends_along_cannot_split_the_answer(
    place: Place, client_id: str, signed_in: Browser
):
    state = "a\r\nSet-Cookie: x=y\r\n\r\n<script>&code=evil#\"'é\u2028"
    parameters = asked(client_id, state=state)
    answer = signed_in.get(f"{place.issuer}/authorize?{urlencode(parameters)}")
    assert not answer.all("set-cookie")
    assert landed(answer)["state"] == state
    form = asked(client_id, state=state, response_mode="form_post")
    page = signed_in.get(f"{place.issuer}/authorize?{urlencode(form)}")
    assert page.status == 200
    assert "<script>&" not in page.text
    assert page.text.count("<script") == 1
    policy = page.header("content-security-policy")
    assert "script-src 'sha256-" in policy
    assert "form-action 'self' https://app.example" in policy


ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "https://app.example/bye/",
    "https://app.example/BYE",
    "https://app.example@evil.example/bye",
    "https://app.example/bye?x=y",
    "https://app.example/bye#x",
    "javascript:alert(1)",
    REDIRECT,
    "https://app.example/bye\r\nX: y",
)


def id_token(place: Place, browser: Browser, client_id: str) -> str:
    secret = place.secret
    if client_id != place.client_id:
        secret = place.server.call(lambda site: site.clients.new_secret(client_id))
    code = code_for(browser, client_id)
    return tokens_of(redeem(place.server, client_id, secret, code)).id


@pytest.mark.parametrize("uri", ELSEWHERE)
def test_logout_sends_nobody_elsewhere(place: Place, client_id: str, uri: str):
    """8 GHSA-36f2-fcrx-fp4j, 9 and 10: open redirects; the sign-in is still there after a refusal."""
    browser = place.browser()
    browser.sign_in(place.somebody())
    hint = id_token(place, browser, client_id)
    for parameters in (
        {"post_logout_redirect_uri": uri, "id_token_hint": hint},
        {"post_logout_redirect_uri": uri, "id_token_hint": hint, "client_id": client_id},
    ):
        answer = browser.get(f"{place.issuer}/end-session?{urlencode(parameters)}")
        assert answer.status == 400
        assert not answer.location
        posted = browser.post(f"{place.issuer}/end-session", parameters, headers={})
        assert posted.location.startswith(f"{place.issuer}/end-session?i=")
        require_page(browser.get(posted.location))
    unasked = browser.get(f"{place.issuer}/end-session?post_logout_redirect_uri={quote(uri)}")
    assert unasked.status == 200
    assert not unasked.location
    assert browser.get(f"{place.issuer}/sessions").status == 200


def test_logout_with_a_hint_of_ours_goes_where_its_client_registered(place: Place, client_id: str):
    browser = place.browser()
    browser.sign_in(place.somebody())
    hint = id_token(place, browser, client_id)
    parameters = {"post_logout_redirect_uri": BYE, "id_token_hint": hint, "state": "s&x=y"}
    answer = browser.get(f"{place.issuer}/end-session?{urlencode(parameters)}")
    assert answer.location == f"{BYE}?state=s%26x%3Dy"
    assert browser.get(f"{place.issuer}/sessions").status == 303


def test_asvs_10_6_2_a_logout_that_proves_nothing_only_asks(place: Place):
    browser = place.browser()
    browser.sign_in(place.somebody())
    for target in ("/end-session", f"/end-session?client_id={place.client_id}", "/sign-out"):
        assert browser.get(f"{place.issuer}{target}").status == 200
        assert browser.get(f"{place.issuer}/sessions").status == 200


def test_a_hint_of_another_persons_ends_nothing_here(place: Place, client_id: str):
    mine, theirs = place.browser(), place.browser()
    theirs.sign_in(place.somebody())
    mine.sign_in(place.somebody())
    hint = id_token(place, theirs, client_id)
    mine.get(f"{place.issuer}/end-session?{urlencode({'id_token_hint': hint})}")
    assert mine.get(f"{place.issuer}/sessions").status == 200
    assert theirs.get(f"{place.issuer}/sessions").status == 200


FORGED = (
    {"Host": "evil.example"},
    {"Host": "evil.example:80@x"},
    {"Host": "[::1"},
    {"Host": "a#b"},
    {"Host": "é"},
    {"Host": ""},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    {"X-Forwarded-Server": "evil.example", "X-Forwarded-Prefix": "/evil"},
    {"X-Forwarded-Uri": "/jwks", "X-Original-URL": "/jwks", "X-Rewrite-URL": "/jwks"},
    {"Forwarded": "host=evil.example;proto=https"},
    {"X-Forwarded-Port": "9", "X-Forwarded-Scheme": "https"},
    {"X-HTTP-Method-Override": "POST"},
)


@pytest.mark.parametrize("forged", FORGED, ids=lambda headers: "-".join(headers.values()) or "none")
def test_forged_headers_change_neither_links_nor_metadata_nor_cookies(
    place: Place, forged: dict[str, str]
):
    """39 (fixed four times elsewhere), 45 and 59: the one configured public origin."""
    headers = dict(forged)
    host = headers.pop("Host", "127.0.0.1")
    url = f"/authorize?{urlencode(asked(place.client_id))}"
    for path in ("/.well-known/openid-configuration", "/sign-in", "/", "/sessions", "/set-up", url):
        plain = request(place.issuer, "GET", path)
        answer = request(place.issuer, "GET", path, headers=headers, host=host)
        assert answer.status == plain.status, path
        assert "evil" not in answer.raw.decode()
        assert answer.location.partition("?")[0] == plain.location.partition("?")[0]
        shapes = [
            [text.split("=")[0][:18] for text in one.all("set-cookie")] for one in (answer, plain)
        ]
        assert shapes[0] == shapes[1]
        assert len(answer.body) == len(plain.body)


@pytest.mark.parametrize("host", ["evil.example", "[::1", "a#b", "a?b", "a/continue", "\xff"])
def test_a_forged_host_leaves_a_whole_journey_as_it_is(place: Place, host: str):
    browser, login = place.browser(), place.somebody()
    browser.host = host
    assert "code" in landed(authorize(browser, place.client_id, login=login))
    assert not [name for name in browser.jar if "_i-" in name]


def test_cve_2026_34457_no_header_stands_for_a_person(place: Place):
    for name in (
        "X-Forwarded-User",
        "X-Remote-User",
        "Remote-User",
        "X-Auth-Request-User",
        "User-Agent",
    ):
        answer = request(place.issuer, "GET", "/sessions", headers={name: "kube-probe/1.0"})
        assert answer.status == 303
        assert request(place.issuer, "GET", "/userinfo", headers={name: "root"}).status == 401
