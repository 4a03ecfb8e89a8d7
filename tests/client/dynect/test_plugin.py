"""DynECT's plugin in plain sessions, on threads and on a loop; and its accounts, kept in the sealed store."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sojourn import Accounts, AsyncSession, Session, errors
from sojourn.client.dialects.dynect import DynectAuth, DynectAuthError
from tests.client.servers import ok


@pytest.fixture
def auth(dynect):
    return DynectAuth("customer", "user", "password", url=dynect.url)


def zones(dynect):
    return f"{dynect.url}/REST/Zone/"


def test_a_plain_session_signs_in_when_first_needed(face, dynect, auth):
    session = face.session(auth)
    assert session.request(zones(dynect), json={}).json()["data"] == ["/REST/Zone/one.example/"]
    assert session.request(zones(dynect), json={}).ok
    assert [call.method for call in dynect.calls] == ["POST", "GET", "GET"]
    assert dynect.calls[-1].headers["api-version"] == "current"
    assert session.access().user_id == "user"


def test_a_token_that_is_refused_in_band_is_repaired_once(face, dynect, auth):
    session = face.session(auth)
    session.request(zones(dynect))
    dynect.expire()
    assert session.request(zones(dynect)).json()["status"] == "success"
    assert len(dynect.made("POST", "/REST/Session/")) == 2
    assert [entry.account for entry in session.history] == ["user of customer"] * 3


def test_an_in_band_refusal_stays_as_it_is_where_the_caller_says_so(face, dynect, auth):
    session = face.session(auth)
    session.request(zones(dynect))
    dynect.expire()
    answer = session.request(zones(dynect), allow_reauth=False, raise_exc=False)
    assert answer.json()["msgs"][0]["INFO"].startswith("login:")


def test_a_wrong_password_is_one_attempt_for_all_threads(dynect):
    auth = DynectAuth("customer", "user", "wrong", url=dynect.url)

    def ask(session):
        with pytest.raises(DynectAuthError, match="login: "):
            session.get(zones(dynect))

    with Session(auth, trust_env=False) as session, ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, [session] * 8))
    assert len(dynect.made("POST", "/REST/Session/")) == 1


def test_twelve_tasks_on_an_expired_token_make_one_sign_in(dynect, auth):
    async def main():
        async with AsyncSession(auth, trust_env=False) as session:
            await session.get(zones(dynect))
            dynect.expire()
            return await asyncio.gather(*(session.get(zones(dynect)) for _ in range(12)))

    assert {answer.json()["status"] for answer in asyncio.run(main())} == {"success"}
    assert len(dynect.made("POST", "/REST/Session/")) == 2


def test_the_token_goes_to_its_own_api_and_to_no_other(face, dynect, auth, serve):
    other = serve(lambda _: ok(status=401))
    session = face.session(auth)
    session.request(zones(dynect))
    assert session.request(f"{other.url}/REST/Zone/", raise_exc=False).status_code == 401
    assert len(other.received) == 1
    assert "auth-token" not in other.received[0].headers
    session.request(zones(dynect))
    assert len(dynect.made("POST", "/REST/Session/")) == 1, "and its refusal ends nothing here"


def test_an_account_is_kept_sealed_and_signed_out_when_it_is_closed(store, dynect, auth):
    accounts = Accounts(store)
    account = accounts.login(auth, name="dns")
    (token,) = dynect.tokens
    assert (account.name, account.username, account.kind, account.renewable) == (
        "dns",
        "user",
        "dynect",
        True,
    )
    assert Accounts(store).get("dns").token() == token
    sealed = Path(store.paths.credentials, f"{account.id}.sealed").read_bytes()
    assert b"password" not in sealed
    assert len(dynect.made("POST", "/REST/Session/")) == 1
    assert accounts.get().whoami() == {"sub": "user", "customer": "customer"}
    accounts.close()
    assert dynect.tokens == {}


def test_a_kept_account_renews_its_token_and_every_reader_sees_the_new_one(store, dynect, auth):
    Accounts(store).login(auth, name="dns")
    dynect.expire()
    with Session(Accounts(store).get().auth(), trust_env=False) as session:
        assert session.get(zones(dynect)).json()["status"] == "success"
    (token,) = dynect.tokens
    assert Accounts(store).get().token() == token


def test_closing_an_account_whose_session_is_over_already_is_no_failure(store, dynect, auth):
    accounts = Accounts(store)
    accounts.login(auth)
    dynect.expire()
    assert accounts.close().revoked
    assert list(accounts) == []


def test_an_answer_without_a_token_is_refused(dynect, auth):
    dynect.answer_next(
        200, json.dumps({"status": "success", "data": {}, "job_id": 1, "msgs": []}).encode()
    )
    with (
        Session(auth, trust_env=False) as session,
        pytest.raises(errors.Malformed, match="no token"),
    ):
        session.get(zones(dynect))


def test_no_secret_is_in_what_the_plugin_shows(dynect, auth):
    with Session(auth, trust_env=False) as session:
        session.get(zones(dynect))
    (token,) = dynect.tokens
    assert "'password'" not in repr([auth, auth.sign_in, vars(auth)])
    assert token not in repr([auth, vars(auth)])


def test_headers_that_are_asked_for_by_themselves_carry_the_token(dynect, auth):
    """As keystoneauth1's Session asks for them, which does not say what for."""
    with Session(auth, trust_env=False) as session:
        headers = session.get_auth_headers()
        assert headers == auth.get_headers(session)
    with Session(trust_env=False) as plain:
        assert plain.get(zones(dynect), headers=headers).json()["status"] == "success"
