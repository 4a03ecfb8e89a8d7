"""Accounts of CubicWeb in the sealed store, and its plugins by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sojourn import Accounts, Session, errors
from sojourn.cli.root import root
from sojourn.client.dialects.cubicweb import BasicAuth, CookieAuth, SignedRequestAuth
from sojourn.client.loading import loader
from tests.client.cubicweb.conftest import LOGINS, is_nobody

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("cubicweb")]

QUERY = {"rql": LOGINS, "vid": "jsonexport"}
ALL = [["admin"], ["jane"]]


def test_a_cookie_account_is_kept_sealed_and_signed_out_when_it_is_closed(store, cubicweb):
    accounts = Accounts(store)
    account = accounts.login(cubicweb.cookie(), name="data")
    assert (account.kind, account.username, account.renewable) == ("cubicweb", "jane", True)
    assert account.whoami() == {"sub": "jane"}
    sealed = Path(store.paths.credentials, f"{account.id}.sealed").read_bytes()
    assert b"ssword & more" not in sealed
    with Session(Accounts(store).get().auth(), trust_env=False) as session:
        assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL
        assert cubicweb.asked("POST /login") == 1
    cookie = Accounts(store).get().token()
    assert not is_nobody(cubicweb, cookie)
    assert accounts.close().revoked
    assert is_nobody(cubicweb, cookie)
    assert list(accounts) == []


def test_a_kept_session_that_has_ended_is_renewed_for_every_reader(store, cubicweb):
    accounts = Accounts(store)
    accounts.login(cubicweb.cookie(), name="data")
    cubicweb.order("end_sessions")
    with Session(Accounts(store).get().auth(), trust_env=False) as session:
        assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL
    with Session(Accounts(store).get().auth(), trust_env=False) as session:
        assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL
    assert cubicweb.asked("POST /login") == 2
    accounts.close()


def test_closing_an_account_whose_session_is_over_already_is_no_failure(store, cubicweb):
    accounts = Accounts(store)
    accounts.login(cubicweb.cookie())
    cubicweb.order("end_sessions")
    assert accounts.close().revoked
    assert list(accounts) == []


@pytest.mark.parametrize("way", ["signed", "basic"])
def test_what_needs_no_session_is_proved_before_it_is_kept(store, cubicweb, way):
    accounts = Accounts(store)
    account = accounts.login(getattr(cubicweb, way)(), name=way)
    assert cubicweb.order("seen") == ["GET /login"]
    assert account.renewable
    assert "kept, sealed" in account.credential
    with Session(Accounts(store).get(way).auth(), trust_env=False) as session:
        assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL
    assert accounts.close(way).revoked is False
    assert list(accounts) == []
    with pytest.raises(errors.AuthenticationError):
        accounts.login(getattr(cubicweb, way)("wrong"))
    assert list(accounts) == []


def test_the_text_of_an_account_is_not_its_secret(store, cubicweb):
    assert Accounts(store).login(cubicweb.signed()).token() == cubicweb.token["id"]
    assert Accounts(store).login(cubicweb.basic()).token() == "jane"


@pytest.mark.parametrize("way", ["signed", "basic"])
def test_an_account_without_its_secret_does_not_become_a_persons(store, cubicweb, way):
    account = Accounts(store).login(getattr(cubicweb, way)())
    record = store.read(account.id)
    store.write(account.id, {**record, "secrets": {**record["secrets"], "secret": ""}})
    with pytest.raises(errors.IncompleteCredentials):
        Accounts(store).get().auth()


def test_plugins_load_by_name_from_the_environment(cubicweb):
    environ = {
        "CUBICWEB_URL": cubicweb.http,
        "CUBICWEB_USERNAME": "jane",
        "CUBICWEB_PASSWORD": cubicweb.password,
    }
    found = loader("cubicweb")
    with Session(found.load(**found.variables(environ)), trust_env=False) as session:
        assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL


@pytest.mark.parametrize(
    ("kind", "words"),
    [("cubicweb", ["--username", "jane", "--password-file", "-"]),
     ("cubicweb_basic", ["--username", "jane", "--password-file", "-"]),
     ("cubicweb_signed", ["--token-id", "jane-1", "--secret-file", "-"])],
)  # fmt: skip
def test_a_person_signs_in_and_out_from_the_command_line(store, cubicweb, kind, words):
    secret = cubicweb.token["secret"] if kind == "cubicweb_signed" else cubicweb.password
    done = CliRunner().invoke(
        root,
        ["login", cubicweb.http, "--kind", kind, "--name", "data", *words],
        input=f"{secret}\n",
    )
    assert (done.exit_code, done.output) == (0, "Signed in: data\n")
    account = Accounts(store).get("data")
    assert f"--kind {kind}" in account.again
    with Session(account.auth(), trust_env=False) as session:
        assert sorted(session.get(cubicweb.view, params=QUERY).json()) == ALL
    assert CliRunner().invoke(root, ["logout"]).exit_code == 0
    assert list(Accounts(store)) == []


@pytest.mark.parametrize(
    ("name", "kind", "own"),
    [
        ("cubicweb", CookieAuth, {"username": "jane", "password": "x"}),
        ("cubicweb_basic", BasicAuth, {"username": "jane", "password": "x"}),
        ("cubicweb_signed", SignedRequestAuth, {"token_id": "jane-1", "secret": "x"}),
    ],
)
def test_each_plugin_has_a_name_and_says_what_it_needs(name, kind, own):
    url = "https://data.example.org"
    plugin = loader(name).load(url=url, **own)
    assert type(plugin) is kind
    for missing in own:
        given = {option: value for option, value in own.items() if option != missing}
        with pytest.raises(errors.IncompleteCredentials, match=missing):
            loader(name).load(url=url, **given)
