"""`sojourn login --kind` and `--cloud`: accounts of DynECT and of a real Keystone from the command line, and what the
commands do with them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import pty
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from sojourn import Session
from sojourn.cli.kinds import kinds, of_kind
from sojourn.client.dialects.keystone import v3
from sojourn.client.loading import Loader, Option, loaders
from sojourn.testing.dynect import DynectInTest
from tests.cli.conftest import PATIENCE, SOJOURN
from tests.client.servers import Server
from tests.client.small_keystone import SmallKeystone
from tests.peers.real_keystone import running


@pytest.fixture
def dynect() -> Iterator[DynectInTest]:
    with DynectInTest() as server:
        server.add_user("acme", "ada", "hush", zones=["one.example"])
        yield server


@pytest.fixture
def small() -> Iterator[SmallKeystone]:
    keystone = SmallKeystone()
    with Server(keystone.answer) as server:
        yield keystone.at(server)


@pytest.fixture(scope="session")
def keystone(tmp_path_factory) -> Iterator[dict[str, Any]]:
    with running(tmp_path_factory.mktemp("keystone")) as told:
        yield told


def at(dynect, *more):
    return (
        "login",
        dynect.url,
        "--kind",
        "dynect",
        "--customer",
        "acme",
        "--username",
        "ada",
        *more,
    )


# DynECT --------------------------------------------------------------------------------------------------------------


def test_an_account_of_dynect_is_signed_in_used_and_signed_out(cli, dynect):
    said = cli.good(*at(dynect, "--password-file", "-"), said="hush\n").out
    assert said == f"Signed in: ada at 127.0.0.1:{dynect.port}\n"
    kept = cli.good("status", "--json").json
    assert (kept["issuer"], kept["username"], kept["renewable"]) == (dynect.url, "ada", True)
    told = cli.good("token", "--json").json
    assert told["token_type"] == "Auth-Token"
    assert cli.good("token").out.strip() == told["access_token"]
    zones = cli.good("get", "/REST/Zone/", "--json").json
    assert json.loads(zones["body"])["data"] == ["/REST/Zone/one.example/"]
    assert dynect.calls[-1].headers["auth-token"] == told["access_token"]
    show = [sys.executable, "-c", "import os; print(os.environ['SOJOURN_TOKEN'])"]
    assert cli.good("exec", "--", *show).out.strip() == told["access_token"]
    explained = cli.good("explain").out
    assert "Auth-Token token of acme, password, renewed with the password that is kept" in explained
    assert cli.good("whoami", "--json").json["customer"] == "acme"
    assert len(dynect.made("POST", "/REST/Session/")) == 1, "one sign-in served all of this"
    assert cli.good("logout").out.startswith("Signed out: ada at")
    assert len(dynect.made("DELETE", "/REST/Session/")) == 1
    assert cli("token").code == 3


def test_one_signs_in_again_where_the_token_has_ended(cli, dynect):
    cli.good(*at(dynect, "--password-file", "-"), said="hush\n")
    first = cli.good("token").out
    dynect.expire()
    assert cli.good("get", "/REST/Zone/", "--json").json["status"] == 200
    assert cli.good("token").out != first


def test_what_no_flag_says_the_environment_does_and_flags_go_before_it(cli, dynect, tmp_path):
    environ = {"DYNECT_CUSTOMER": "nobody", "DYNECT_USERNAME": "ada", "DYNECT_PASSWORD": "hush"}
    words = ("login", "--kind", "dynect", dynect.url, "--name", "zones")
    assert cli(*words, **environ).code == 4
    cli.good(*words, "--customer", "acme", **environ)
    (tmp_path / "secret").write_text("wrong\n", encoding="utf-8")
    assert cli(*words, "--customer", "acme", "--password-file", "secret", **environ).code == 4
    assert cli.good("status", "--json").json["account"] == "zones"


def test_a_terminal_is_asked_and_the_password_is_not_shown(cli, dynect):
    screen, keyboard = pty.openpty()
    process = subprocess.Popen(
        [SOJOURN, "login", dynect.url, "--kind", "dynect", "--customer", "acme"],
        stdin=keyboard,
        stderr=keyboard,
        stdout=subprocess.PIPE,
        env=cli.env,
        text=True,
    )
    os.close(keyboard)
    shown = ""
    for question, answer in (("The user:", b"ada\n"), ("The user's password:", b"hush\n")):
        while question not in shown:
            shown += os.read(screen, 4096).decode()
        os.write(screen, answer)
    out, _ = process.communicate(timeout=PATIENCE)
    with suppress(OSError):  # the other end is closed, and everything was read
        shown += os.read(screen, 4096).decode()
    os.close(screen)
    assert (process.returncode, out.startswith("Signed in: ada")) == (0, True), shown
    assert "hush" not in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("http://127.0.0.1:1",), "The customer is missing"),
        (("http://127.0.0.1:1", "--customer", "c"), "--username or DYNECT_USERNAME"),
        (
            ("http://127.0.0.1:1", "--customer", "c", "--username", "u"),
            "--password-file or DYNECT_PASSWORD",
        ),
        (("http://api.example", "--customer", "c"), "in the clear"),
        (("--customer", "c", "--username", "u", "--password-file", "no-such"), "cannot be read"),
        (("--password", "hush"), "No such option"),
        (("--cloud", "x"), "leave --kind out"),
    ],
)
def test_what_is_missing_or_wrong_is_told_and_nothing_is_sent(cli, words, said):
    ran = cli("login", "--kind", "dynect", *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_kind_that_there_is_not_and_one_that_signs_nobody_in(cli):
    assert cli("login", "--kind", "nothing").code == 8
    ran = cli("login", "--kind", "none")
    assert (ran.code, "signs nobody in" in ran.err) == (2, True)


def test_a_command_for_a_sojourn_server_says_that_this_is_none(cli, dynect):
    cli.good(*at(dynect, "--password-file", "-"), said="hush\n")
    ran = cli("sessions")
    assert (ran.code, "an account of dynect" in ran.err) == (8, True)
    assert len(dynect.calls) == 1


# What each dialect describes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_has_its_own_help_and_no_secret_is_a_flag(cli, kind):
    text = cli.good("login", "--kind", kind, "--help").out
    for option in loaders()[kind].options:
        flag = f"--{option.name.replace('_', '-')}"
        if option.secret:
            assert f"{flag}-file FILE" in text
            assert f"{flag} TEXT" not in text
        elif option.name == loaders()[kind].address:
            assert f"[{option.name.upper()}]" in text
        else:
            assert f"{flag} TEXT" in text


def test_a_dialect_brings_everything_that_its_sign_in_needs(monkeypatch):
    options = (Option("host", "the place", required=True), Option("key", "a key", secret=True))
    brought = Loader("ships", v3.Password, options, environment="SHIPS_", address="host")
    monkeypatch.setattr("sojourn.client.loading.loaders", lambda: {"ships": brought})
    names = [one.name for one in of_kind("ships").params]
    assert names == ["host", "key_file", "cacert", "name", "kind", "cloud", "as_json"]
    assert brought.variables({"SHIPS_HOST": "h", "OS_HOST": "x"}) == {"host": "h"}


def test_one_option_may_stand_for_another():
    loader = loaders()["keystone"]
    assert [one.name for one in loader.missing({"auth_url": "u"})] == ["username", "password"]
    assert [one.name for one in loader.missing({"auth_url": "u", "user_id": "i"})] == ["password"]


# Keystone -------------------------------------------------------------------------------------------------------------


def test_a_cloud_of_the_file_is_signed_in_and_what_it_lacks_is_read(cli, small, tmp_path):
    auth = {"auth_url": small.url, "username": "ada", "tenant_name": "proj"}
    text = json.dumps({"clouds": {"mine": {"auth": auth, "region_name": "north"}}})
    (tmp_path / "clouds.json").write_text(text, encoding="utf-8")
    missing = cli("login", "--cloud", "mine", OS_PASSWORD="right")
    assert (missing.code, "--password-file." in missing.err) == (2, True)
    assert small.sign_ins == []
    cli.good("login", "--cloud", "mine", "--password-file", "-", said="right\n")
    assert small.bodies[0]["scope"]["project"]["name"] == "proj"
    assert cli.good("get", f"{small.url}/compute/v2.1/p-1", "--json").json["status"] == 200


def test_two_projects_of_one_user_are_two_accounts(cli, small):
    words = ("login", small.url, "--kind", "keystone", "--username", "ada", "--password-file", "-")
    for project in ("one", "two"):
        cli.good(*words, "--project-name", project, "--name", project, said="right\n")
    assert cli.good("token", "--account", "one").out == "token-1\n"
    assert cli.good("token", "--account", "two").out == "token-2\n"
    cli.good("use", "one")
    assert cli.good("token").out == "token-1\n"


@pytest.mark.peer
@pytest.mark.xdist_group("keystone")
class TestARealKeystone:
    """The four ways into one that others wrote."""

    def words(self, keystone, kind="keystone", *more):
        return ("login", keystone["http"], "--kind", kind, "--json", *more)

    def named(self, keystone, *more):
        return self.words(keystone, *more, "--username", "myuser", "--project-name", "proj")

    def accepted(self, cli, keystone, account):
        """What Keystone says of the account's token, asked with the token."""
        url = f"{keystone['http']}/v3/projects/proj"
        return cli.good("get", url, "--account", account, "--json").json["status"]

    def test_a_password(self, cli, keystone):
        words = (*self.named(keystone, "keystone"), "--password-file", "-")
        made = cli.good(*words, "--name", "mine", said="mypassword\n").json
        assert (made["name"], made["issuer"]) == ("mine", keystone["http"])
        assert self.accepted(cli, keystone, "mine") == 200
        told = cli.good("token", "--json").json
        assert told["token_type"] == "X-Auth-Token"
        assert told["access_token"].startswith("gAAAA")
        assert "renewed with what was signed in with, which is kept" in cli.good("explain").out
        assert cli.good("status", "--json").json["renewable"] is True
        assert cli.good("whoami", "--json").json["project"]["id"] == "proj"
        who = dict(line.split(maxsplit=1) for line in cli.good("whoami").out.splitlines())
        assert (who["user"], who["project"]) == ("myuser", "proj")
        assert {"admin", "member"} <= set(who["roles"].split(", "))
        cli.good("logout", "mine")
        headers = {"X-Auth-Token": told["access_token"]}
        with Session(trust_env=False) as session:
            url = f"{keystone['http']}/v3/projects/proj"
            assert session.get(url, headers=headers, raise_exc=False).status_code == 401

    def test_a_wrong_password(self, cli, keystone):
        ran = cli(*self.named(keystone, "keystone"), "--password-file", "-", said="wrong\n")
        assert ran.code == 4
        assert "wrong\n" not in ran.err
        assert cli("status").code == 3, "nothing was kept"

    def test_an_application_credential(self, cli, keystone):
        made = self.made(
            keystone, "users/{user}/application_credentials", "application_credential", name="job"
        )
        flag = ("--application-credential-id", made["id"], "--application-credential-secret-file")
        words = (*self.words(keystone, "v3applicationcredential"), *flag, "-", "--name", "job")
        cli.good(*words, said=made["secret"] + "\n")
        assert self.accepted(cli, keystone, "job") == 200

    def test_a_token_that_is_held(self, cli, keystone):
        cli.good(*self.named(keystone, "keystone"), "--password-file", "-", said="mypassword\n")
        token = cli.good("token").out
        words = (*self.words(keystone, "v3token"), "--project-id", "proj", "--name", "held")
        cli.good(*words, "--token-file", "-", said=token)
        assert self.accepted(cli, keystone, "held") == 200
        assert cli.good("token").out != token

    def test_a_passcode_which_signs_in_once(self, cli, keystone):
        secret = b"12345678901234567890"
        blob = base64.b32encode(secret).decode()
        self.made(keystone, "credentials", "credential", blob=blob, type="totp", user_id="{user}")
        words = (*self.named(keystone, "v3totp"), "--name", "code", "--passcode-file", "-")
        cli.good(*words, said=passcode(secret) + "\n")
        assert self.accepted(cli, keystone, "code") == 200
        assert "a person must sign in when it ends" in cli.good("explain").out

    def made(self, keystone, path, kind, **members):
        """Have Keystone make something for `myuser`; returns what it is."""
        auth = v3.Password(
            keystone["http"], username="myuser", password="mypassword", project_id="proj"
        )
        with Session(auth, trust_env=False) as session:
            user = session.get_user_id()
            filled = {name: value.replace("{user}", str(user)) for name, value in members.items()}
            url = f"{keystone['http']}/v3/{path.replace('{user}', str(user))}"
            return session.post(url, json={kind: filled}).json()[kind]


def passcode(secret: bytes) -> str:
    """What an authenticator shows now (RFC 6238)."""
    digest = hmac.new(secret, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    number = struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
