"""Metadata and keys: where they are found, and how documents answer."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.conformance.relying_party import RelyingParty
from tests.conformance.setting import Provider, running

ISSUER = "https://id.example/tenant"
DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A client of a server behind a proxy, whose issuer has a path; not a browser, so it only looks."""
    with running(tmp_path_factory.mktemp("tenant"), issuer=ISSUER) as provider:
        base = f"http://127.0.0.1:{provider.server.settings.port}"
        with httpx2.Client(base_url=base, trust_env=False, verify=False, timeout=60) as http:
            yield http


def test_both_documents_say_the_same(rp: RelyingParty):
    first, second = (rp.http.get(rp.issuer + path) for path in DOCUMENTS)
    assert first.json() == second.json()
    assert first.json()["issuer"] == rp.issuer


@pytest.mark.parametrize(
    "path",
    [
        "/tenant/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/tenant",
    ],
)
def test_an_issuer_with_a_path_is_found_where_each_specification_looks(
    tenant: httpx2.Client, path: str
):
    """OpenID Connect Discovery §4 appends, RFC 8414 §3 inserts."""
    response = tenant.get(path)
    assert response.status_code == 200
    said = response.json()
    assert said["issuer"] == ISSUER
    named = [value for name, value in said.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(named) >= 7
    assert all(url.startswith(f"{ISSUER}/") for url in named)


def test_an_issuer_with_a_path_answers_below_it_alone(tenant: httpx2.Client):
    assert tenant.get("/.well-known/openid-configuration").status_code == 404
    assert tenant.get("/jwks").status_code == 404
    said = tenant.get("/tenant/.well-known/openid-configuration").json()
    for name, value in said.items():
        if name.endswith(("_endpoint", "_uri")):
            assert tenant.options(urlsplit(value).path).status_code == 405, name


def test_an_issuer_with_a_path_keeps_its_pages_and_cookies_secure(tenant: httpx2.Client):
    response = tenant.get("/tenant/sign-in")
    assert response.status_code == 200
    assert f'action="{ISSUER}/sign-in"' in response.text
    for cookie in response.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))


def test_forged_hosts_change_nothing(rp: RelyingParty):
    headers = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil"}
    for path in (*DOCUMENTS, "/sign-in"):
        assert "evil" not in rp.http.get(rp.issuer + path, headers=headers).text


@pytest.mark.parametrize("path", [*DOCUMENTS, "/jwks"])
def test_documents_are_public_and_may_be_kept_for_minutes(rp: RelyingParty, path: str):
    response = rp.http.get(rp.issuer + path)
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"] == "public, max-age=300"
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("path", [*DOCUMENTS, "/jwks", "/", "/sign-in", "/authorize"])
def test_head_is_get_without_a_body(rp: RelyingParty, path: str):
    got, headed = rp.http.get(rp.issuer + path), rp.http.head(rp.issuer + path)
    assert headed.status_code == got.status_code
    assert headed.headers["content-type"] == got.headers["content-type"]
    assert headed.content == b""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/authorize", {"GET", "HEAD", "POST"}),
        ("/token", {"POST"}),
        ("/userinfo", {"GET", "HEAD", "POST"}),
        ("/introspect", {"POST"}),
        ("/revoke", {"POST"}),
        ("/jwks", {"GET", "HEAD"}),
        ("/end-session", {"GET", "HEAD", "POST"}),
        ("/.well-known/openid-configuration", {"GET", "HEAD"}),
    ],
)
def test_other_methods_are_told_which_there_are(rp: RelyingParty, path: str, allowed: set[str]):
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - allowed:
        response = rp.http.request(method, rp.issuer + path)
        assert response.status_code == 405, method
        assert set(response.headers["allow"].split(", ")) == allowed
        assert "set-cookie" not in response.headers


def test_a_rotated_key_is_published_beside_the_old_one(provider: Provider, rp: RelyingParty):
    tokens = rp.login(provider.browser(), provider.diana)
    now = provider.clock.now()
    signing = provider.server.site.context.signing
    added = provider.server.call(lambda _: signing.publish("RS256", now=now))
    assert {added.kid, tokens.header["kid"]} <= {key.kid for key in rp.keys().keys}
    provider.server.call(lambda _: signing.activate(added.kid, now=now))
    fresh = rp.login(provider.browser(), provider.diana)
    assert fresh.header["kid"] == added.kid
    rp.verified(tokens.id_token)
