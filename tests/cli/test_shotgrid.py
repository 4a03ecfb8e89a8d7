"""ShotGrid from the command line: sign-in in each of its ways, what commands do with the account, and the Toolkit's
settings taken over."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest

from sojourn.testing.shotgrid import ShotgridInTest
from tests.cli.conftest import PATIENCE, SOJOURN


@pytest.fixture
def site() -> Iterator[ShotgridInTest]:
    with ShotgridInTest() as server:
        server.add_user("bob", "sesame")
        server.add_user("ann", "lotus", code="123456")
        server.add_script("publisher", "key of publisher")
        yield server


def test_an_account_is_signed_in_used_and_signed_out(cli, site):
    words = ("login", site.url, "--kind", "shotgrid", "--login", "bob", "--password-file", "-")
    assert cli.good(*words, said="sesame\n").out == f"Signed in: bob at 127.0.0.1:{site.port}\n"
    kept = cli.good("status", "--json").json
    assert (kept["issuer"], kept["username"], kept["renewable"]) == (site.url, "bob", False)
    (token,) = site.tokens
    assert cli.good("token").out.strip() == token
    answer = cli.good("get", "/api/v1/entity/shots", "--json").json
    assert json.loads(answer["body"])["data"]["id"] == "bob"
    told = cli.good("whoami", "--json").json
    assert (told["sub"], told["type"], told["id"]) == ("bob", "HumanUser", 1)
    ran = cli.good("logout")
    assert ran.out.startswith("Signed out: bob at")
    assert "they live until they expire" in ran.err
    assert b"sesame" not in b"".join(
        path.read_bytes() for path in cli.home.rglob("*") if path.is_file()
    )


def test_a_session_that_has_ended_is_told_with_the_command_that_helps(cli, site):
    words = ("login", site.url, "--kind", "shotgrid", "--login", "bob", "--password-file", "-")
    cli.good(*words, said="sesame\n")
    site.expire()
    assert cli("get", "/api/v1/entity/shots").code == 3
    ran = cli("token")
    assert ran.code == 3
    assert f"sojourn login {site.url} --kind shotgrid" in ran.err


def test_a_kept_password_gets_the_next_session(cli, site):
    words = ("login", site.url, "--kind", "shotgrid", "--login", "bob", "--keep-password", "yes")
    cli.good(*words, SHOTGRID_PASSWORD="sesame")
    assert cli.good("status", "--json").json["renewable"] is True
    site.expire()
    assert cli.good("get", "/api/v1/entity/shots", "--json").json["status"] == 200
    assert cli.good("token").out.strip() in site.tokens


def test_a_script_signs_in_by_the_environment(cli, site):
    environ = {
        "SHOTGRID_SCRIPT_NAME": "publisher",
        "SHOTGRID_API_KEY": "key of publisher",
        "SHOTGRID_HOST": site.url,
    }
    cli.good("login", "--kind", "shotgrid_script", **environ)
    assert cli.good("whoami", "--json").json["type"] == "ApiUser"


def test_a_second_factor_is_asked_for_at_the_terminal_until_it_is_good(cli, site):
    screen, keyboard = pty.openpty()
    process = subprocess.Popen(
        [SOJOURN, "login", site.url, "--kind", "shotgrid", "--login", "ann"],
        stdin=keyboard,
        stderr=keyboard,
        stdout=subprocess.PIPE,
        env=cli.env,
        text=True,
    )
    os.close(keyboard)
    shown = ""
    code = "The code of a second factor, where one is asked for:"
    for count, question, answer in (
        (1, "The user's password:", b"lotus\n"),
        (1, code, b"000000\n"),
        (2, code, b"123456\n"),
    ):
        while shown.count(question) < count:
            shown += os.read(screen, 4096).decode()
        os.write(screen, answer)
    out, _ = process.communicate(timeout=PATIENCE)
    with suppress(OSError):  # the other end is closed, and everything was read
        shown += os.read(screen, 4096).decode()
    os.close(screen)
    assert (process.returncode, out.startswith("Signed in: ann")) == (0, True), shown
    assert "lotus" not in shown
    assert "123456" not in shown


def test_without_a_terminal_a_second_factor_is_named_and_taken_from_a_file(cli, site, tmp_path):
    words = ("login", site.url, "--kind", "shotgrid", "--login", "ann", "--password-file", "-")
    ran = cli(*words, said="lotus\n")
    assert ran.code == 2
    assert "--auth-token-file or SHOTGRID_AUTH_TOKEN" in ran.err
    (tmp_path / "code").write_text("000000\n", encoding="utf-8")
    assert cli(*words, "--auth-token-file", "code", said="lotus\n").code == 4
    (tmp_path / "code").write_text("123456\n", encoding="utf-8")
    cli.good(*words, "--auth-token-file", "code", said="lotus\n")


def test_a_person_signs_in_through_the_browser(cli, site, tmp_path):
    script = tmp_path / "browser.sh"
    script.write_text('#!/bin/sh\nprintf %s "$1" > "$(dirname "$0")/opened"\n', encoding="utf-8")
    script.chmod(0o700)
    process = subprocess.Popen(
        [SOJOURN, "login", site.url, "--kind", "shotgrid_browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=cli.env | {"BROWSER": f"{script} %s"},
        text=True,
    )
    assert process.stderr is not None
    shown = ""
    while "/app_session_request/" not in shown:
        shown += process.stderr.readline()
    site.approve(site.launches[0], "bob")
    out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out.startswith("Signed in: bob")) == (0, True), shown
    assert (tmp_path / "opened").read_text().strip() in shown
    assert cli.good("token").out.strip() in site.tokens


def test_settings_of_the_toolkit_are_taken_over(cli, site):
    folder = cli.home / ".shotgun"
    (folder / "127.0.0.1").mkdir(parents=True)
    (folder / "studio").mkdir()
    (folder / "authentication.yml").write_text(f"current_host: {site.url}\n", encoding="utf-8")
    token = site.open_session("HumanUser", "bob")
    (folder / "127.0.0.1" / "authentication.yml").write_text(
        f"current_user: bob\nusers: [{{login: bob, session_token: {token}}}]\n", encoding="utf-8"
    )
    damaged = folder / "studio" / "authentication.yml"
    damaged.write_text("users: [", encoding="utf-8")
    ran = cli("import", "toolkit")
    assert ran.code == 1
    assert f"Taken over: bob at 127.0.0.1:{site.port}\n" in ran.out
    assert f"Problem: {damaged} was left out and left as it is" in ran.err
    assert cli.good("get", "/api/v1/entity/shots", "--json").json["status"] == 200
    damaged.unlink()
    again = cli.good("import", "toolkit", "--json", "--from", str(folder)).json
    assert again == {"accounts": [], "known": [f"bob at {site.url}"], "problems": []}
    assert cli("import", "toolkit", "--from", "nowhere").code == 8
