"""Accounts at ShotGrid, kept in the sealed store: what is kept of each way to sign in, and how they come back."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sojourn import Accounts, Session, errors
from sojourn.client.dialects.shotgrid import AppSession, Password, Script, SessionToken
from sojourn.client.running import run


def rest(site):
    return f"{site.url}/api/v1/entity/shots"


def opened(account):
    return Session(account.auth(), trust_env=False)


def test_an_account_keeps_the_session_and_not_the_password(store, site):
    account = Accounts(store).login(Password(site.url, "bob", "sesame"), name="studio")
    (token,) = site.tokens
    assert (account.name, account.username, account.kind, account.renewable) == (
        "studio",
        "bob",
        "shotgrid",
        False,
    )
    assert account.record["secrets"].keys() == {"token", "intent"}
    assert "sesame" not in str(account.record)
    assert Accounts(store).get("studio").token() == token
    assert token.encode() not in Path(store.paths.credentials, f"{account.id}.sealed").read_bytes()
    assert Accounts(store).get().whoami() == {"sub": "bob", "type": "HumanUser", "id": 1}
    with opened(Accounts(store).get()) as session:
        assert session.get(rest(site)).ok


def test_an_account_whose_password_is_kept_renews_itself(store, site):
    auth = Password(site.url, "bob", "sesame", keep_password=True)
    account = Accounts(store).login(auth)
    assert (account.renewable, account.record["secrets"]["password"]) == (True, "sesame")
    site.expire()
    with opened(Accounts(store).get()) as session:
        assert session.get(rest(site)).ok
    (token,) = site.tokens
    assert Accounts(store).get().token() == token


def test_an_account_whose_session_ended_says_what_to_run(store, site):
    Accounts(store).login(Password(site.url, "bob", "sesame"))
    site.expire()
    account = Accounts(store).get()
    with opened(account) as session, pytest.raises(errors.InteractionRequired):
        session.get(rest(site))
    with pytest.raises(errors.InteractionRequired, match="sojourn login"):
        Accounts(store).get().token()


def test_each_way_to_sign_in_comes_back_as_what_it_was(store, site, nobody):
    accounts = Accounts(store)
    script = accounts.login(Script(site.url, "publisher", "key of publisher"))
    assert isinstance(script.auth(), Script)
    assert script.renewable
    token = Accounts(store).login(Password(site.url, "bob", "sesame")).token()
    held = accounts.login(SessionToken(site.url, "bob", token))
    assert isinstance(held.auth(), SessionToken)
    assert isinstance(held.auth(interactive=True), SessionToken)

    def approve(text):
        site.approve(site.launches[0], "eve")

    site.add_user("eve", "apple")
    by_browser = accounts.login(AppSession(site.url, show=approve))
    restored = by_browser.auth()
    assert isinstance(restored, AppSession)
    assert (restored.login, restored.interactive) == ("eve", False)
    assert {one.username for one in accounts.values()} == {"publisher", "bob", "eve"}


def test_a_token_that_the_site_does_not_take_makes_no_account(store, site):
    with pytest.raises(errors.AuthenticationError):
        Accounts(store).login(SessionToken(site.url, "bob", "dead"))
    assert list(Accounts(store)) == []


def test_signing_in_again_by_another_spelling_of_the_login_is_the_same_account(store, site):
    site.add_user("Bob", "sesame")
    first = Accounts(store).login(Password(site.url, "bob", "sesame"))
    second = Accounts(store).login(Password(f" {site.url.upper()}/ ", " Bob ", "sesame"))
    assert first.id == second.id


def test_a_record_without_a_token_is_no_crash(store, site):
    """Fault 5 of the Toolkit: a missing session_token crashed its desktop."""
    account = Accounts(store).login(Password(site.url, "bob", "sesame"))
    with store.locked(account.id):
        record = {**account.record, "secrets": {}}
        record["state"] = {**record["state"], "token": None}
        store.write(account.id, record)
    with pytest.raises(errors.InteractionRequired):
        Accounts(store).get().token()


def test_closing_an_account_forgets_it_and_says_that_the_session_lives_on(store, site):
    accounts = Accounts(store)
    accounts.login(Password(site.url, "bob", "sesame"))
    assert accounts.close().revoked is False
    assert list(accounts) == []
    assert len(site.tokens) == 1


def test_readers_of_one_account_renew_once_between_them(store, site):
    Accounts(store).login(Password(site.url, "bob", "sesame", keep_password=True))
    auths = [Accounts(store).get().auth() for _ in range(6)]
    site.expire()

    def ask(auth):
        return run(auth.entity)["id"]

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(ask, auths)) == [1] * 6
    assert len(site.tokens) == 1


@pytest.mark.parametrize(
    "stranger",
    [
        lambda url: Password(url, "bob", "wrong"),
        lambda url: Password(url, "bob", "wrong", keep_password=True),
    ],
)
def test_what_a_session_keeps_is_not_served_to_who_has_another_password(store, site, stranger):
    def read(auth):
        with Session(auth, trust_env=False, cache=store) as session:
            return session.get(rest(site)).status_code

    assert read(Password(site.url, "bob", "sesame")) == 200
    assert read(Password(site.url, "bob", "sesame")) == 200
    assert len(site.tokens) == 1, "the second was served what the first had got"
    with pytest.raises(errors.AuthenticationError):
        read(stranger(site.url))
    assert b"sesame" not in b"".join(json.dumps(store.read(one)).encode() for one in store.ids()), (
        "and the password is nowhere"
    )


def test_what_a_session_keeps_is_not_served_to_who_has_another_token(store, site):
    token = Accounts(store).login(Password(site.url, "bob", "sesame"), name="other").token()

    def read(auth):
        with Session(auth, trust_env=False, cache=store) as session:
            return session.get(rest(site)).status_code

    assert read(SessionToken(site.url, "bob", token)) == 200
    with pytest.raises(errors.AuthenticationError):
        read(SessionToken(site.url, "bob", "dead"))
    assert read(SessionToken(site.url, "bob", token)) == 200
    assert len(site.made("POST", "/api/v1/auth/access_token")) == 2


def test_a_refresh_that_finds_the_session_alive_keeps_it(store, site):
    account = Accounts(store).login(Password(site.url, "bob", "sesame"))
    token = account.token()
    auth = account.auth()
    auth.invalidate()
    assert run(auth.credential).access_token == token
    assert Accounts(store).get().token() == token
