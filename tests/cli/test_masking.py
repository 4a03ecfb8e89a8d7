"""Secrets that strayed into a line: masked by their shape, whatever stands around them."""

from __future__ import annotations

import pytest

from sojourn.wire.masking import masked

SECRET = "Zq3vB7nXk9TtW2yLr5"
JWT = f"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.{SECRET}"


@pytest.mark.parametrize(
    "text",
    [
        f"no token sj_a_{SECRET} here",
        f"https://id.example.org/set-up?token=sj_u_{SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"Authorization: Basic {SECRET}==",
        f"got {JWT}.",
        f"password={SECRET}&x=1",
        f'{{"client_secret": "{SECRET}"}}',
        f"refresh_token={SECRET}",
        f"code_verifier={SECRET}",
        f"device_code={SECRET}",
        f"GET /device?user_code={SECRET} 200",
        f"{{'password': '{SECRET}'}}",
        f"Authorization: Cubicweb nightly:{SECRET.encode().hex()}",
    ],
)
def test_a_secret_is_masked(text):
    assert SECRET not in masked(text)
    assert SECRET.encode().hex() not in masked(text)
    assert "***" in masked(text)


@pytest.mark.parametrize(
    "text",
    [
        "There is no user 'ada'.",
        "GET https://id.example.org/userinfo: 401 Unauthorized",
        "the token endpoint answered 503",
        "basic credentials are missing",
        "default/060/user/CNdHgzQiYF4oTQEAQbhhzA",
        "password too short",
        "CubicWeb 5.0: the cube web, cubicweb instance:abc",
    ],
)
def test_what_is_no_secret_stays(text):
    assert masked(text) == text
