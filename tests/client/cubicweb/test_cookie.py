"""Sign-in with a cookie at a real CubicWeb: queries, the end of a session, wrong passwords, signing out."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from sojourn import AsyncSession, Session, errors
from tests.client.cubicweb.conftest import LOGINS, is_nobody

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("cubicweb")]

QUERY = {"rql": LOGINS, "vid": "jsonexport"}
API = {"X-Client-Name": "tests"}
ALL = [["admin"], ["jane"]]


def test_a_session_signs_in_when_first_needed_and_asks_a_query(face, cubicweb):
    session = face.session(cubicweb.cookie())
    assert sorted(session.request(cubicweb.view, params=QUERY).json()) == ALL
    assert sorted(session.request(cubicweb.view, params=QUERY).json()) == ALL
    assert cubicweb.asked("POST /login") == 1
    assert session.access().user_id == "jane"


def test_the_json_api_takes_the_cookie(face, cubicweb):
    session = face.session(cubicweb.cookie())
    query = [{"query": LOGINS}]
    answer = session.request(cubicweb.rql, "POST", json=query, headers=API)
    assert sorted(answer.json()["result_sets"][0]["rows"]) == ALL


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_form_is_posted_with_what_proves_that_no_other_site_sent_it(cubicweb, scheme):
    url = getattr(cubicweb, scheme)
    auth = type(cubicweb.cookie())(url, "jane", cubicweb.password)
    with Session(auth, verify=cubicweb.ca, trust_env=False) as session:
        answer = session.post(f"{url}/view", data=QUERY)
        assert sorted(answer.json()) == ALL
        naked = session.post(f"{url}/view", data=QUERY, authenticated=False, raise_exc=False)
        assert naked.status_code == 400


def test_a_page_is_html_and_an_export_is_json(face, cubicweb):
    session = face.session(cubicweb.cookie())
    page = session.request(cubicweb.view, params={"rql": LOGINS})
    assert page.headers["content-type"].startswith("text/html")
    assert b"jane" in page.content
    export = session.request(cubicweb.view, params=QUERY)
    assert export.headers["content-type"].startswith("application/json")
    assert cubicweb.asked("POST /login") == 1


@pytest.mark.parametrize("ending", ["end_sessions", "age"])
@pytest.mark.parametrize(
    "asked",
    [
        {"url": "/view", "params": QUERY},
        {"url": "/view", "params": QUERY, "redirect": False},
        {"url": "/view", "params": {"rql": LOGINS}},
        {"url": "/view", "method": "POST", "data": QUERY},
        {"url": "/api/v1/rql", "method": "POST", "json": [{"query": LOGINS}], "headers": API},
    ],
    ids=["export", "export-no-redirect", "page", "form", "api"],
)
def test_an_ended_session_is_repaired_once(face, cubicweb, ending, asked):
    session = face.session(cubicweb.cookie())
    session.request(cubicweb.view, params=QUERY)
    cubicweb.order(ending)
    answer = session.request(**{**asked, "url": cubicweb.http + asked["url"]})
    assert b"jane" in answer.content
    assert answer.status_code == 200
    assert cubicweb.asked("POST /login") == 2


def test_twelve_threads_on_an_ended_session_make_one_sign_in(cubicweb):
    with Session(cubicweb.cookie(), trust_env=False) as session, ThreadPoolExecutor(12) as pool:
        session.get(cubicweb.view, params=QUERY)
        cubicweb.order("end_sessions")
        answers = list(pool.map(lambda _: session.get(cubicweb.view, params=QUERY), range(12)))
    assert [sorted(answer.json()) for answer in answers] == [ALL] * 12
    assert cubicweb.asked("POST /login") == 2


def test_twelve_tasks_on_an_ended_session_make_one_sign_in(cubicweb):
    async def main():
        async with AsyncSession(cubicweb.cookie(), trust_env=False) as session:
            await session.get(cubicweb.view, params=QUERY)
            cubicweb.order("end_sessions")
            asked = [session.get(cubicweb.view, params=QUERY) for _ in range(12)]
            return await asyncio.gather(*asked)

    assert [sorted(answer.json()) for answer in asyncio.run(main())] == [ALL] * 12
    assert cubicweb.asked("POST /login") == 2


def test_where_the_caller_says_so_the_refusal_is_the_answer(face, cubicweb):
    session = face.session(cubicweb.cookie())
    session.request(cubicweb.view, params=QUERY)
    cubicweb.order("end_sessions")
    answer = session.request(cubicweb.view, params=QUERY, allow_reauth=False, redirect=False)
    assert answer.status_code == 303
    assert cubicweb.asked("POST /login") == 1


def test_a_wrong_password_is_one_attempt_for_all_threads(cubicweb):
    def ask(session):
        with pytest.raises(errors.AuthenticationError, match="refused the user name or the passw"):
            session.get(cubicweb.view)

    auth = cubicweb.cookie("wrong")
    with Session(auth, trust_env=False) as session, ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, [session] * 8))
    assert cubicweb.asked("POST /login") == 1


def test_the_cookie_goes_to_its_own_instance_and_to_no_other(face, cubicweb, serve):
    other = serve(lambda _: (401, {}, b""))
    session = face.session(cubicweb.cookie())
    session.request(cubicweb.view, params=QUERY)
    assert session.request(f"{other.url}/view", raise_exc=False).status_code == 401
    assert len(other.received) == 1
    assert "cookie" not in other.received[0].headers
    session.request(cubicweb.view, params=QUERY)
    assert cubicweb.asked("POST /login") == 1, "and its refusal ends nothing here"


def test_signing_out_ends_the_session_at_the_server_for_every_copy_of_the_cookie(cubicweb):
    auth = cubicweb.cookie()
    with Session(auth, trust_env=False) as session:
        session.get(cubicweb.view, params=QUERY)
        copy = auth.secrets()["token"]["access_token"]
        assert not is_nobody(cubicweb, copy)
        assert auth.close(session)
        assert is_nobody(cubicweb, copy)
        assert not auth.close(session), "there is nothing left to end"
        assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL
    assert cubicweb.asked("POST /login") == 2


def test_signing_out_is_awaited_on_a_loop(cubicweb):
    async def main():
        auth = cubicweb.cookie()
        async with AsyncSession(auth, trust_env=False) as session:
            await session.get(cubicweb.view, params=QUERY)
            return await auth.sign_out(session.env)

    assert asyncio.run(main())
    assert cubicweb.asked("GET /logout") == 1


def test_history_has_neither_cookie_nor_token(face, cubicweb):
    auth = cubicweb.cookie()
    session = face.session(auth, history="full")
    session.request(cubicweb.view, params={"rql": LOGINS})
    session.request(cubicweb.view, "POST", data=QUERY)
    secrets = [
        part.partition("=")[2] for part in auth.secrets()["token"]["access_token"].split("; ")
    ]
    assert len(secrets) == 3
    kept = repr(session.history) + repr(session.session.history.har())
    assert "csrf_token" in kept or "X-CSRF-Token" in kept
    for secret in (*secrets, cubicweb.password):
        assert secret not in kept


def test_where_guests_are_let_in_a_page_shows_that_the_session_has_ended(open_to_guests):
    instance = open_to_guests
    instance.order("seen")
    with Session(instance.cookie(), trust_env=False) as session:
        page = session.get(instance.view, params={"rql": LOGINS})
        assert b'name="__login"' not in page.content
        instance.order("end_sessions")
        page = session.get(instance.view, params={"rql": LOGINS})
        assert b'name="__login"' not in page.content
    assert instance.asked("POST /login") == 2
