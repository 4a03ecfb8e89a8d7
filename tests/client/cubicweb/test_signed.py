"""Signed requests and HTTP Basic at a real CubicWeb."""

from __future__ import annotations

import time

import pytest

from sojourn import Session, errors
from sojourn.client.dialects.cubicweb import SignedRequestAuth
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from tests.client.cubicweb.conftest import LOGINS

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("cubicweb")]

QUERY = {"rql": LOGINS, "vid": "jsonexport"}
API = {"X-Client-Name": "tests"}
ALL = [["admin"], ["jane"]]


class Off(Session):
    """A session on a machine whose clock is `seconds` off."""

    def __init__(self, auth, seconds):
        self._seconds = seconds
        super().__init__(auth, trust_env=False)

    def _open(self, transport, rate_semaphore):
        super()._open(transport, rate_semaphore)
        wire = HttpxTransport(Trust(), Proxies(None, trust_env=False))
        self._env = BlockingEnv(wire, clock=lambda: int((time.time() + self._seconds) * 1000))


def test_a_get_is_signed(face, cubicweb):
    session = face.session(cubicweb.signed())
    assert sorted(session.request(cubicweb.view, params=QUERY).json()) == ALL
    assert cubicweb.order("seen") == ["GET /view"]


@pytest.mark.parametrize(
    "url",
    [
        "/view?",
        "/%76iew?",
        "/view?x=a+b%20c%c3%a9~%7E!*'()&",
        "/view?y=é ü&z=1+1&",
    ],
)
def test_a_url_is_signed_as_the_server_sees_it(face, cubicweb, url):
    session = face.session(cubicweb.signed())
    query = "rql=Any%20L%20WHERE%20X%20is%20CWUser,X%20login%20L&vid=jsonexport"
    assert sorted(session.request(f"{cubicweb.http}{url}{query}").json()) == ALL


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_post_is_signed_with_its_type_and_its_body(cubicweb, scheme):
    url = getattr(cubicweb, scheme)
    auth = SignedRequestAuth(url, cubicweb.token["id"], cubicweb.token["secret"])
    query = [{"query": LOGINS}]
    with Session(auth, verify=cubicweb.ca, trust_env=False) as session:
        answer = session.post(f"{url}/api/v1/rql", json=query, headers=API)
        assert sorted(answer.json()["result_sets"][0]["rows"]) == ALL


def test_a_signature_survives_the_quick_transport(cubicweb):
    with Session(cubicweb.signed(), transport="fast", trust_env=False) as session:
        assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL
        query = [{"query": LOGINS}]
        assert session.post(cubicweb.rql, json=query, headers=API).ok


def test_a_body_that_was_changed_on_the_way_is_refused(cubicweb):
    class Tampered(SignedRequestAuth):
        async def authorize(self, env, request):
            return await super().authorize(env, request._replace(content=b'[{"query": "Any 1"}]'))

    auth = Tampered(cubicweb.http, cubicweb.token["id"], cubicweb.token["secret"])
    with (
        Session(auth, trust_env=False) as session,
        pytest.raises(errors.AuthenticationError, match="for a guest's"),
    ):
        session.post(cubicweb.rql, json=[{"query": LOGINS}], headers=API)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/view"), ("POST", "/api/v1/rql")], ids=["page", "api"]
)
def test_a_wrong_secret_is_told_though_the_server_says_nothing(face, cubicweb, method, path):
    session = face.session(cubicweb.signed("0" * 128))
    body = {"json": [{"query": LOGINS}]} if method == "POST" else {}
    with pytest.raises(errors.AuthenticationError, match="its secret is another"):
        session.request(cubicweb.http + path, method, headers=API, **body)


def test_a_disabled_token_is_told(face, cubicweb):
    session = face.session(cubicweb.signed())
    assert sorted(session.request(cubicweb.view, params=QUERY).json()) == ALL
    cubicweb.order("disable_token")
    try:
        with pytest.raises(errors.AuthenticationError, match="disabled or expired"):
            session.request(cubicweb.view, params=QUERY)
    finally:
        cubicweb.order("enable_token")


@pytest.mark.parametrize(
    ("seconds", "told"), [(-400, "(39|40)[0-9] s behind"), (400, "(39|40)[0-9] s ahead of")]
)
def test_a_clock_that_is_off_is_told_and_by_how_much(cubicweb, seconds, told):
    with (
        Off(cubicweb.signed(), seconds) as session,
        pytest.raises(errors.AuthenticationError, match=f"clock is {told}"),
    ):
        session.get(cubicweb.view, params=QUERY)


def test_a_clock_that_is_off_by_less_does_no_harm(cubicweb):
    with Off(cubicweb.signed(), -200) as session:
        assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL


def test_the_signature_goes_to_its_own_instance_and_to_no_other(face, cubicweb, serve):
    other = serve(lambda _: (401, {}, b""))
    session = face.session(cubicweb.signed())
    assert session.request(f"{other.url}/view", raise_exc=False).status_code == 401
    assert "authorization" not in other.received[0].headers


def test_a_streamed_body_is_refused_before_it_is_sent(face, cubicweb):
    session = face.session(cubicweb.signed())
    with pytest.raises(errors.Malformed, match="streamed body"):
        session.request(cubicweb.rql, "POST", data=iter([b"[]"]))
    assert cubicweb.order("seen") == []


def test_history_has_no_signature(face, cubicweb):
    session = face.session(cubicweb.signed(), history="full")
    session.request(cubicweb.view, params=QUERY)
    (sent,) = (entry.exchange.request_headers for entry in session.history)
    assert dict(sent)["Authorization"] == "***"
    assert cubicweb.token["secret"] not in repr(session.history) + repr(session.session.auth)


def test_basic_is_sent_with_each_request(face, cubicweb):
    session = face.session(cubicweb.basic(), history="full")
    assert sorted(session.request(cubicweb.view, params=QUERY).json()) == ALL
    assert cubicweb.order("seen") == ["GET /view"]
    (sent,) = (entry.exchange.request_headers for entry in session.history)
    assert dict(sent)["Authorization"] == "***"


def test_a_wrong_password_of_basic_is_told_though_the_server_says_nothing(face, cubicweb):
    session = face.session(cubicweb.basic("wrong"))
    with pytest.raises(errors.AuthenticationError, match="did not take the user name"):
        session.request(cubicweb.view, params=QUERY)
