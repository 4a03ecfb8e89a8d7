"""Signing in at a real CubicWeb that has the cube api and no pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sojourn import Accounts, Session, errors
from tests.client.cubicweb.conftest import LOGINS, Instance, is_nobody

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("cubicweb")]

QUERY: dict[str, Any] = {"json": [{"query": LOGINS}], "headers": {"X-Client-Name": "tests"}}
ALL = [["admin"], ["jane"]]


@pytest.fixture
def api(cubicweb: Instance) -> Iterator[Instance]:
    cubicweb.order("hide_pages")
    yield cubicweb
    cubicweb.order("show_pages")


def rows(answer):
    return sorted(answer.json()["result_sets"][0]["rows"])


def test_a_session_signs_in_at_the_api_and_again_when_it_has_ended(face, api):
    session = face.session(api.cookie())
    assert rows(session.request(api.rql, "POST", **QUERY)) == ALL
    api.order("end_sessions")
    assert rows(session.request(api.rql, "POST", **QUERY)) == ALL
    assert api.asked("POST /api/v1/login") == 2


def test_a_wrong_password_is_told(api):
    with (
        Session(api.cookie("wrong"), trust_env=False) as session,
        pytest.raises(errors.AuthenticationError, match=r"refused the user name or .* \(401\)"),
    ):
        session.post(api.rql, **QUERY)


def test_an_account_is_signed_out_at_the_api(store, api):
    accounts = Accounts(store)
    cookie = accounts.login(api.cookie()).token()
    assert not is_nobody(api, cookie)
    assert accounts.close().revoked
    assert is_nobody(api, cookie)


@pytest.mark.parametrize("way", ["signed", "basic"])
def test_what_needs_no_session_is_proved_at_the_api(store, api, way):
    accounts = Accounts(store)
    accounts.login(getattr(api, way)())
    with pytest.raises(errors.AuthenticationError):
        accounts.login(getattr(api, way)("wrong"))
