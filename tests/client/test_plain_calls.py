"""The short way of a call without options ends where the long way does."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn import AsyncSession, Session
from sojourn.client.auth import AuthPlugin, Stamp
from sojourn.client.body import full_url
from sojourn.client.dialects.oidc import ClientCredentials
from sojourn.client.transport.contract import Reply
from sojourn.client.url import is_plain, masked, origin

URL = "http://a.example:8080/x/y"

SETTINGS: list[dict[str, Any]] = [
    {},
    {"timeout": 3},
    {"timeout": (1, 2)},
    {"user_agent": "own/1"},
    {"app_name": "ship", "app_version": "2"},
    {"additional_headers": {"X-Team": "blue", "accept": "text/*"}},
    {"additional_user_agent": [("lib", "3")]},
    {"original_ip": "10.0.0.1"},
    {"redirect": True},
    {"redirect": False},
    {"redirect": -1},
    {"redirect": 3},
    {"connect_retries": 2},
    {"auth": ClientCredentials("http://a.example", "c", client_secret="s")},
]


@pytest.mark.parametrize("face", [Session, AsyncSession])
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda each: ",".join(each) or "none")
def test_a_call_without_options_is_the_call_with_options_that_say_nothing(face, settings):
    session = face(**settings)
    assert session._call(URL, "get", {}) == session._call(URL, "get", {"params": None})


def test_a_setting_that_changes_counts_from_the_next_call_on():
    session = Session()
    before = session._call(URL, "get", {})
    session.app_name, session.timeout, session.redirect = "ship", 5, 2
    session.auth = ClientCredentials("http://a.example", "c", client_secret="s")
    after = session._call(URL, "get", {})
    assert after == session._call(URL, "get", {"params": None})
    assert after.auth is session.auth
    assert before.auth is None
    assert dict(after.request.headers)["User-Agent"].startswith("ship sojourn/")


@given(
    st.text(string.ascii_letters + string.digits + ":/.-_~@?#%&=\\ é[]", max_size=40).map(
        "http://".__add__
    )
)
def test_a_plain_url_needs_no_escaping_and_has_an_origin(url: str):
    if is_plain(url):
        assert full_url(url, None) == url
        assert origin(url).host


@pytest.mark.parametrize(
    "url",
    ["http://a:0/", "http://a:65536/", "http://a:99999", "http://", "http://u@a/", "http://a/ b"],
)
def test_a_url_that_must_be_looked_at_is_not_plain(url):
    assert not is_plain(url)


@pytest.mark.parametrize(
    "token", [f"sj_a_{'7' * 80}abcdef", f"eyJ{'a' * 30}.eyJ{'b' * 30}.{'c' * 40}"]
)
def test_a_token_in_a_path_is_hidden_on_the_short_way_too(token):
    assert is_plain(f"http://a.example/x/{token}/y")
    assert token not in masked(f"http://a.example/x/{token}/y")


def test_what_is_no_plugin_is_refused_when_it_is_set():
    session = AsyncSession()
    with pytest.raises(TypeError, match="must be an authentication plugin"):
        session.auth = object()
    assert session.auth is None


def whole(value: Any) -> bool:
    """Whether a named tuple that was made from its values has all of them."""
    return len(value) == len(type(value)._fields)


def test_what_a_request_makes_from_values_is_whole():
    class Answering:
        def send(self, request):
            assert whole(request)
            return Reply(200, (), b"", "OK")

        def close(self):
            pass

    class Listed(AuthPlugin):
        async def authorize(self, env, request):
            assert whole(request)
            return Stamp([("X-A", "1"), ("accept", "x/y")])  # type: ignore[arg-type]

    session = Session(Listed(), transport=Answering())
    answers = [session.get(URL), session.get("x", endpoint_override=URL)]
    for answer in answers:
        assert whole(answer.request)
        assert {"x-a": "1", "accept": "x/y"}.items() <= {
            name.lower(): value for name, value in answer.request.headers
        }.items()
    assert all(whole(entry) for entry in session.history)
    for call in (
        session._call(URL, "get", {}),
        session._call("x", "get", {"endpoint_override": URL}),
    ):
        assert whole(call)
        assert call.service is None or whole(call.service)
