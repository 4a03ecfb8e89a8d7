"""The sample service as a visitor sees it."""

from __future__ import annotations

import json

import pytest

from tests.features.resource_server.issuers import fetch

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("resource_server")]


def test_the_first_page_explains_itself_to_anybody(sample):
    status, headers, body = fetch(f"{sample.url}/")
    page = body.decode()
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in headers["content-security-policy"]
    for text in (sample.issuer.url, sample.url, "/hello", "/notes", "$TOKEN"):
        assert text in page


def test_the_metadata_names_issuer_and_scopes(sample):
    status, _, body = fetch(f"{sample.url}/.well-known/oauth-protected-resource")
    assert status == 200
    assert json.loads(body) == {
        "resource": sample.url,
        "authorization_servers": [sample.issuer.url],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["notes"],
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "PS256"],
    }


def test_an_unknown_path_is_not_found_even_with_a_token(sample):
    token = sample.issuer.token("jwt-app")
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        status, _, body = fetch(f"{sample.url}/nothing", headers=headers)
        assert (status, json.loads(body)["error"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/", "/hello", "/.well-known/oauth-protected-resource"])
def test_only_reading_is_allowed(sample, path):
    status, headers, _ = fetch(sample.url + path, "POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_head_has_no_body(sample):
    status, headers, body = fetch(f"{sample.url}/", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 1000
