"""Accounts of services whose certificate the system does not trust: what is trusted is kept with the account."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sojourn import Accounts, Session
from sojourn.client.cache.store import CredentialStore
from sojourn.client.dialects.keystone import v3
from tests.cli.conftest import Cli
from tests.client.certificates import certificate
from tests.client.conftest import store
from tests.client.servers import Server
from tests.client.small_keystone import SmallKeystone
from tests.client.small_provider import SmallProvider

__all__ = ["store"]


@pytest.fixture
def authority(tmp_path):
    folder = tmp_path / "tls"
    folder.mkdir()
    return certificate(folder)


@pytest.fixture
def keystone(authority):
    keystone = SmallKeystone()
    with Server(keystone.answer, tls=authority[1]) as server:
        yield keystone.at(server)


def clouds(folder: Path, url: str, **more: object) -> None:
    auth = {"auth_url": url, "username": "ada", "password": "right"}
    text = json.dumps({"clouds": {"mine": {"auth": auth, **more}}})
    (folder / "clouds.json").write_text(text, encoding="utf-8")


def used_renewed_and_ended(cli: Cli, keystone: SmallKeystone) -> None:
    """What an account needs connections for, from a folder elsewhere."""
    assert cli.good("get", "/x", "--json").json["status"] == 200
    assert cli.good("whoami", "--json").json["sub"] == "u-ada"
    keystone.live.clear()
    assert cli.good("get", "/x", "--json").json["status"] == 200
    assert len(keystone.sign_ins) == 2
    cli.good("logout")
    assert len(keystone.ended) == 1


def test_a_cloud_says_which_authority_its_account_trusts(cli, tmp_path, keystone, authority):
    clouds(tmp_path, keystone.url, cacert="tls/" + Path(authority[0]).name)
    cli.good("login", "--cloud", "mine")
    assert ["trusts", authority[0]] in [
        line.split() for line in cli.good("status").out.splitlines()
    ]
    assert cli.good("status", "--json").json["connection"] == {"verify": authority[0]}
    cli.home = tmp_path / "tls"
    used_renewed_and_ended(cli, keystone)


def test_a_flag_and_a_variable_say_it_too(cli, keystone, authority):
    words = ("login", keystone.url, "--kind", "keystone", "--username", "ada")
    assert cli(*words, "--password-file", "-", said="right\n").code == 6
    cli.good(*words, "--password-file", "-", "--cacert", authority[0], said="right\n")
    kept = CredentialStore(cli.env["SOJOURN_HOME"])
    assert Accounts(kept).get().again.endswith(f"--kind v3password --cacert {authority[0]}")
    cli.good("logout")
    cli.good(*words, "--password-file", "-", said="right\n", OS_CACERT=authority[0])
    assert cli.good("get", "/x", "--json").json["status"] == 200


def test_who_signs_in_again_says_anew_what_is_trusted(cli, tmp_path, keystone, authority):
    clouds(tmp_path, keystone.url, verify=False)
    cli.good("login", "--cloud", "mine")
    clouds(tmp_path, keystone.url)
    system = {"SSL_CERT_FILE": authority[0]}
    cli.good("login", "--cloud", "mine", **system)
    assert cli.good("status", "--json").json["connection"] is None
    assert cli("get", "/x").code == 6
    assert cli.good("get", "/x", "--json", **system).json["status"] == 200


def test_a_path_holds_wherever_the_account_is_used(store, keystone, authority, monkeypatch):
    folder = Path(authority[0]).parent
    monkeypatch.chdir(folder)
    name = Path(authority[0]).name
    auth = v3.Password(keystone.url, username="ada", password="right")
    account = Accounts(store).login(auth, verify=name, cert=None)
    assert account.connection == {"verify": authority[0]}
    monkeypatch.chdir("/")
    with Session(Accounts(store).get().auth(), trust_env=False) as session:
        assert session.get(f"{keystone.url}/x").ok
    again = Accounts(store).login(Accounts(store).get().auth())
    assert again.connection == {"verify": authority[0]}


def test_a_cloud_that_checks_nothing_is_warned_of(cli, tmp_path, keystone):
    clouds(tmp_path, keystone.url, verify=False)
    assert "the server's certificate is not checked" in cli.good("login", "--cloud", "mine").err
    assert "the server's certificate is not checked" in cli.good("status").out
    used_renewed_and_ended(cli, keystone)


def test_a_file_that_is_missing_or_no_authority_is_named_and_nothing_is_sent(
    cli, tmp_path, keystone
):
    clouds(tmp_path, keystone.url, cacert="gone.pem")
    ran = cli("login", "--cloud", "mine")
    assert (ran.code, "gone.pem" in ran.err) == (8, True)
    (tmp_path / "gone.pem").write_text("no PEM", encoding="utf-8")
    ran = cli("login", "--cloud", "mine")
    assert (ran.code, "gone.pem" in ran.err) == (8, True)
    words = ("login", keystone.url, "--kind", "keystone", "--username", "ada")
    ran = cli(*words, "--cacert", "nowhere.pem", "--password-file", "-", said="right\n")
    assert (ran.code, "nowhere.pem" in ran.err) == (2, True)
    assert keystone.sign_ins == []


def test_a_program_at_a_provider_with_an_authority_of_its_own(cli, authority):
    provider = SmallProvider()
    with Server(provider.answer, tls=authority[1]) as server:
        provider.at(server)
        words = ("login", server.url, "--client-id", "app", "--client-secret", "-")
        assert cli(*words, said="hush\n").code == 6
        cli.good(*words, "--cacert", authority[0], said="hush\n")
        assert cli.good("token").out
