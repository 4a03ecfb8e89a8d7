"""Administration without a server, on its data folder."""

from __future__ import annotations

import json
import stat
import subprocess

import pytest

from tests.cli.conftest import SOJOURN, free_port, started

PASSWORD = "correct horse battery staple"


@pytest.fixture
def data(cli, tmp_path):
    cli.good(
        "users", "add", "ada", "--name", "Ada", "--password-stdin", "--data", "d", said=PASSWORD
    )
    return tmp_path / "d"


def test_the_first_command_makes_the_folder_for_its_owner_alone(cli, data):
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "root.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((data / "sojourn.db").stat().st_mode) == 0o600


def test_nobody_is_asked_for_a_password_where_the_standard_input_is_closed(cli, data):
    command = ["sh", "-c", f"exec '{SOJOURN}' users add bob --data d <&-"]
    ran = subprocess.run(
        command, env=cli.env, cwd=cli.home, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.endswith(
        "Error: There is nobody to ask for a password: the standard input is closed.\n"
    )


def test_people_are_added_listed_changed_and_deleted(cli, data):
    cli.good("users", "add", "bob", "--no-password", "--admin", "--data", "d")
    cli.good(
        "users", "set", "bob", "--email", "b@example.com", "--claim", "zoneinfo=UTC", "--data", "d"
    )
    listed = cli.good("users", "list", "--sort", "-login", "--data", "d", "--json").json
    assert [user["login"] for user in listed["items"]] == ["bob", "ada"]
    assert listed["items"][0]["claims"] == {"email": "b@example.com", "zoneinfo": "UTC"}
    assert listed["items"][0]["roles"] == ["administrator"]
    cli.good("users", "roles", "bob", "auditor", "--data", "d")
    cli.good("users", "status", "bob", "locked", "--data", "d")
    shown = cli.good("users", "show", "bob", "--data", "d", "--json").json
    assert (shown["roles"], shown["status"]) == (["auditor"], "locked")
    cli.good("users", "delete", "bob", "--yes", "--data", "d")
    assert cli("users", "show", "bob", "--data", "d").code == 5


def test_deleting_asks_first(cli, data):
    refused = cli("users", "delete", "ada", "--data", "d", said="n\n")
    assert refused.code == 1
    assert "Nothing was done." in refused.err
    cli.good("users", "show", "ada", "--data", "d")


def test_lists_are_filtered_limited_and_gone_on_with(cli, data):
    for name in ("b1", "b2", "b3"):
        cli.good("users", "add", name, "--no-password", "--data", "d")

    def logins(*words):
        found = cli.good("users", "list", *words, "--data", "d", "--json").json
        return {user["login"] for user in found["items"]}, found["after"]

    assert logins("--filter", "b")[0] == {"b1", "b2", "b3"}
    assert logins("--filter", "login=b2")[0] == {"b2"}
    assert logins("--filter", "status=locked")[0] == set()
    first, after = logins("--limit", "3")
    second, end = logins("--limit", "3", "--after", after)
    assert first | second == {"ada", "b1", "b2", "b3"}
    assert len(first) == 3
    assert end is None
    assert len(logins("--limit", "0")[0]) == 4


def test_a_table_is_aligned_and_no_name_rewrites_the_terminal(cli, data):
    cli.good("users", "set", "ada", "--name", "A\x1b[31m\u202ed\na", "--data", "d")
    head, row = cli.good("users", "list", "--data", "d").out.splitlines()
    assert head.split() == ["LOGIN", "NAME", "STATUS", "ROLES", "CREATED", "ID"]
    assert "A?[31m?d a" in row
    assert head.index("STATUS") == row.index("active")


def test_a_client_shows_its_secret_once_and_a_chosen_one_never(cli, data):
    made = cli.good("clients", "add", "job", "--data", "d", "--json").json
    assert made["client_secret"].startswith("sj_k_")
    chosen = "a-secret-that-somebody-chose-and-is-long"
    again = cli.good("clients", "add", "job2", "--secret-stdin", "--data", "d", said=chosen)
    assert chosen not in again.out
    listed = cli.good("clients", "list", "--data", "d", "--json")
    assert made["client_secret"] not in listed.out
    assert cli("clients", "secret", "nothing", "--data", "d").code == 5


def test_a_client_is_registered_with_its_metadata(cli, data):
    words = ("--public", "--redirect-uri", "https://a.example/cb", "--scope", "openid", "--no-pkce")
    assert cli("clients", "add", "app", *words, "--data", "d").code == 1
    made = cli.good("clients", "add", "app", *words[:-1], "--trusted", "--data", "d", "--json").json
    assert made["redirect_uris"] == ["https://a.example/cb"]
    assert made["trusted"] is True
    changed = cli.good(
        "clients", "set", "app", "--not-trusted", "--name", "App", "--data", "d", "--json"
    )
    assert "trusted" not in changed.json
    assert changed.json["client_name"] == "App"


def test_resources_are_registered_and_listed(cli, data):
    cli.good("resources", "add", "urn:x:api", "--scope", "a b", "--data", "d")
    listed = cli.good("resources", "list", "--data", "d", "--json").json
    assert [row["scope"] for row in listed["items"]] == ["a b"]


def test_keys_are_turned_over_without_a_server(cli, data):
    def kids(*words):
        listed = cli.good("keys", *words, "--data", "d", "--json").json["items"]
        return {key["status"]: key["kid"] for key in listed if key["alg"] == "ES256"}

    old, new = kids("list")["active"], kids("publish", "ES256")["published"]
    assert kids("activate", new) == {"retiring": old, "active": new}
    assert cli("keys", "retire", new, "--data", "d").code == 1
    assert kids("retire", old) == {"retired": old, "active": new}


def test_a_list_of_a_folder_that_is_not_there_makes_none(cli, tmp_path):
    refused = cli("users", "list", "--data", "typo")
    assert refused.code == 8
    assert "There is no data folder" in refused.err
    assert not (tmp_path / "typo").exists()


def test_while_a_server_runs_the_folder_is_its_own(cli, data):
    with started(cli, "serve", "--data", "d", "--port", str(free_port())) as server:
        refused = cli("users", "list", "--data", "d")
        assert refused.code == 7
        assert f"is in use by process {server.popen.pid}" in refused.err


def test_another_root_key_opens_nothing(cli, data):
    refused = cli("users", "list", "--data", "d", SOJOURN_ROOT_KEY="A" * 42 + "E")
    assert refused.code == 8
    assert "root key does not open this store" in refused.err


def test_a_session_tree_is_shown_and_ended_offline(cli, data):
    assert cli.good("sessions", "--user", "ada", "--data", "d", "--json").json["sign_ins"] == []
    cli.good("users", "end", "ada", "--data", "d")


def test_errors_are_one_line_with_masked_secrets_and_debug_shows_more(cli, data):
    refused = cli("users", "show", "sj_a_0123456789abcdef", "--data", "d")
    assert refused.err.count("\n") == 1
    assert "0123456789" not in refused.err
    (data / "root.key").write_text("short")
    assert json.dumps(cli("users", "list", "--data", "d").err).count("\\n") == 1


def test_an_application_for_devices_is_added_by_the_short_name_of_its_grant(cli, data):
    words = ("--public", "--grant", "device_code", "--grant", "refresh_token", "--scope", "openid")
    made = cli.good("clients", "add", "screen", *words, "--data", "d", "--json").json
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    assert made["grant_types"] == [grant, "refresh_token"]
    refused = cli("clients", "add", "other", "--grant", "device", "--data", "d")
    assert refused.code != 0
    assert grant in refused.err
