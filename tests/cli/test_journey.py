"""A person's way through the command line, at the demo's server: signed in, looked at, used, ended, refused."""

from __future__ import annotations

import json
import shlex
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sojourn.wire.jose import SigningKey
from tests.cli.conftest import free_port, started
from tests.client.servers import Server


@pytest.fixture
def alice(demo, tmp_path):
    cli = demo.as_person("alice", tmp_path)
    cli.good("login", demo.issuer, "--admin", "--name", "alice")
    return cli


@pytest.fixture
def bob(demo, tmp_path):
    folder = tmp_path / "bob"
    folder.mkdir()
    cli = demo.as_person("bob", folder)
    cli.good("login", demo.issuer, "--name", "bob")
    return cli


def notebook(demo, cli):
    cli.good(
        *("login", demo.issuer, "--client-id", "demo-app", "--resource", demo.facts["service"]),
        *("--scope", "openid offline_access notes", "--name", "notebook"),
    )
    return ("get", f"{demo.facts['service']}/notes", "--account", "notebook")


def test_every_line_that_the_demo_prints_works_as_printed(demo, tmp_path):
    alice = demo.as_person("alice", tmp_path)
    for line in demo.facts["try"]:
        done = subprocess.run(
            ["sh", "-c", line],
            env=alice.env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert done.stdout.strip(), line
        assert '"access_token"' in done.stdout or not line.startswith("curl")
    refused = alice("get", f"{demo.facts['service']}/notes", "--account", "notebook")
    assert refused.code == 3


def test_who_is_signed_in_is_told_by_the_server_and_by_what_is_kept_here(demo, bob):
    told = bob.good("whoami", "--json").json
    assert (told["name"], told["issuer"]) == ("Bob Burke", demo.issuer)
    kept = bob.good("status", "--json").json
    assert (kept["username"], kept["account"], kept["renewable"]) == ("bob", "bob", True)
    assert kept["key"] == "file"
    assert "No keyring of the desktop took it" in bob.good("status").err
    listed = bob.good("accounts", "--json").json["items"]
    assert [(one["name"], one["current"]) for one in listed] == [("bob", True)]


def test_accounts_are_completed_by_name(bob):
    asked = {"COMP_WORDS": "sojourn use b", "COMP_CWORD": "2", "_SOJOURN_COMPLETE": "bash_complete"}
    assert bob.good(**asked).out == "plain,bob\n"


def test_an_account_without_the_scope_is_told_to_sign_in_again(demo, bob):
    bob.good("login", demo.issuer, "--scope", "openid", "--name", "narrow")
    refused = bob("sessions")
    assert refused.code == 4
    assert refused.err.endswith(f"sojourn login {demo.issuer}\n")


def test_an_account_for_another_service_is_told_to_name_one_for_this(demo, bob):
    notebook(demo, bob)
    for command in (("sessions",), ("explain",), ("revoke", "demo-app")):
        refused = bob(*command)
        assert refused.code == 4
        assert f"for {demo.facts['service']}, not for {demo.issuer} itself" in refused.err
        assert "--account" in refused.err
    assert bob.good("revoke", "demo-app", "--account", "bob").out.startswith("Ended: ")


def test_an_address_without_scheme_is_understood(demo, bob):
    bob.good("login", demo.issuer.removeprefix("http://"))


def test_a_token_is_printed_alone_and_serves(bob):
    text = bob.good("token").out
    assert text.startswith("sj_a_")
    assert text.count("\n") == 1
    assert bob.good("token", "--json").json["access_token"] == text.strip()
    assert bob.good("get", "/userinfo", "--json").json["status"] == 200


def test_what_is_ended_is_refused_from_that_moment(demo, bob):
    notes = notebook(demo, bob)
    assert "A sojourn is a stay that ends." in bob.good(*notes).out
    bob.good("use", "bob")
    tree = bob.good("sessions", "--json").json
    grant = next(one for one in tree["offline"] if one["client_id"] == "demo-app")
    assert "Demo notebook" in bob.good("sessions").out
    token = bob.good("token", "--account", "notebook").out.strip()
    assert "The token is good." in bob.good("explain", token).out

    assert bob.good("revoke", grant["id"][:8]).out.startswith("Ended: demo-app")

    story = bob.good("explain", token)
    assert "The token is not good: grant revoked." in story.out
    assert "○ grant" in story.out
    refused = bob(*notes)
    assert refused.code == 3
    assert "A sojourn" not in refused.out
    assert bob("revoke", grant["id"][:8]).code == 5
    assert "Demo notebook" not in bob.good("sessions").out
    assert f"revoked · {grant['id'][:8]}" in bob.good("sessions", "--all").out


def test_it_is_explained_which_account_credential_and_address_are_used_and_why(demo, bob):
    told = bob.good("explain").out
    assert "because" in told
    assert "SOJOURN_ACCOUNT is not set; chosen with `sojourn use`" in told
    assert "renewed with the refresh token" in told
    assert f"{demo.issuer} (where the account signed in" in told
    assert "The token is good." in told
    choice = bob.good("explain", "--json", SOJOURN_ACCOUNT="bob").json["choice"]
    assert (choice["why"], choice["steps"][-1]["rule"]) == ("environment", "environment")
    offline = bob.good("explain", "--offline", "--account", "bob").out
    assert "the name given: bob" in offline
    assert "The token" not in offline


def test_one_token_is_revoked_and_the_next_is_fetched(bob):
    token = bob.good("token").out.strip()
    bob.good("revoke", "-", said=token)
    assert "access token" in bob.good("explain", "-", said=token).out
    assert bob.good("get", "/userinfo").code == 0
    assert bob.good("token").out.strip() != token


def test_a_used_code_on_the_path_is_shown_as_what_it_is(bob):
    token = bob.good("token").out.strip()
    shown = bob.good("explain", token).out
    [code] = [line for line in shown.splitlines() if "authorization code" in line]
    assert "◌ authorization code" in code
    assert code.endswith(" · used · nothing below depends on it")
    assert "The token is good." in shown
    story = bob.good("explain", token, "--json").json
    assert story["live"]
    states = {s["node"]: (s["live"], s["why"], s["handed_over"]) for s in story["steps"]}
    assert states["authorization code"] == (False, "used", True)
    assert states["access token"] == (True, "", False)


def test_all_others_are_ended_but_the_own(demo, bob, tmp_path):
    other_home = tmp_path / "other"
    other_home.mkdir()
    other = demo.as_person("bob", other_home)
    other.good("login", demo.issuer)
    bob.good("revoke", "--others")
    assert other("whoami").code in {3, 4}
    bob.good("whoami")


def test_a_person_without_rights_is_refused_and_told_how_to_get_them(demo, bob):
    bob.good("login", demo.issuer, "--admin", "--name", "would-be")
    refused = bob("users", "list")
    assert refused.code == 4
    assert f"sojourn login {demo.issuer} --admin" in refused.err
    assert bob("keys", "list").code == 4


def test_an_administrator_administers_over_the_network(alice):
    alice.good("users", "add", "carol", "--password-stdin", said="a good long password")
    assert alice.good("users", "list", "--filter", "login=carol", "--json").json["items"]
    assert "● carol" in alice.good("sessions", "--user", "carol").out
    alice.good("users", "password", "carol", "--password-stdin", said="another good password")
    alice.good("users", "delete", "carol", "--yes")
    assert alice("users", "show", "carol").code == 5
    made = alice.good("clients", "add", "job", "--scope", "notes", "--json").json
    assert made["client_secret"]
    assert {row["kid"] for row in alice.good("keys", "list", "--json").json["items"]}


def test_an_administrator_ends_and_explains_what_is_anothers(alice, bob):
    token = bob.good("token").out.strip()
    assert alice("explain", token).code == 5
    assert "The token is good." in alice.good("explain", token, "--any").out
    alice.good("revoke", "sojourn-cli", "--user", "bob")
    assert "not good" in alice.good("explain", token, "--any").out
    assert bob("whoami").code in {3, 4}


def test_a_program_signs_in_with_its_secret(demo, cli):
    secret = demo.facts["clients"]["demo-program"]
    words = ("login", demo.issuer, "--client-id", "demo-program", "--client-secret", "-")
    cli.good(*words, "--scope", "notes", "--resource", demo.facts["service"], said=secret)
    assert "stay that ends" in cli.good("get", f"{demo.facts['service']}/notes").out
    assert cli(*words, said="wrong").code == 4


def test_answers_of_services_become_exit_codes(demo, bob):
    assert bob("get", "/nowhere").code == 5
    assert bob("get", f"{demo.facts['service']}/notes").code == 4
    shown = bob.good("get", "/userinfo", "-i").out
    assert shown.startswith("200 OK\n")
    assert "content-type: application/json" in shown


@pytest.mark.parametrize(
    "url",
    ["http://service.example/x", "http://127.0.0.1.example.org/", "ftp://127.0.0.1/", "x"],
)
def test_a_token_is_never_sent_in_the_clear(bob, url):
    refused = bob("get", url)
    assert refused.code == 2
    assert refused.out == ""


def test_signing_out_revokes_and_forgets(demo, bob):
    token = bob.good("token").out.strip()
    ended = bob.good("logout")
    assert "Signed out: bob" in ended.out
    assert f"{demo.issuer}/end-session?" in ended.out
    assert bob("whoami").code == 3
    bob.good("login", demo.issuer)
    assert "not good" in bob.good("explain", token).out


def test_signing_out_says_which_account_is_current_then(demo, bob):
    bob.good("login", demo.issuer, "--name", "first")
    bob.good("login", demo.issuer, "--client-id", "demo-app", "--name", "second")
    bob.good("login", demo.issuer, "--admin", "--name", "third")
    ended = bob.good("logout", "second").out
    assert ended.splitlines()[-1] == "The current account is now third."
    left = bob.good("logout", "third", "--json").json
    assert [(one["name"], one["revoked"]) for one in left["signed_out"]] == [("third", True)]
    assert left["signed_out"][0]["logout_url"].startswith(f"{demo.issuer}/end-session?")
    assert left["current"]["account"] == "first"
    last = bob.good("logout").out
    assert last.splitlines()[-1] == (
        "No account is current now. Nobody is signed in. Run `sojourn login` first."
    )


def test_signing_out_of_several_says_that_one_must_be_chosen(demo, bob):
    bob.good("login", demo.issuer, "--client-id", "demo-app", "--name", "second")
    bob.good("login", demo.issuer, "--admin", "--name", "third")
    ended = bob.good("logout").out.splitlines()[-1]
    assert ended.startswith("No account is current now. Several accounts are signed in (")
    assert "sojourn use NAME" in ended
    every = bob.good("logout", "--all", "--json").json
    assert len(every["signed_out"]) == 2
    assert every["current"] is None


def test_without_browser_and_terminal_signing_in_is_refused_with_ways_out(demo, cli):
    refused = cli("login", demo.issuer)
    assert refused.code == 3
    assert "Ways out" in refused.err


def test_a_server_that_is_not_there_is_unreachable(cli):
    refused = cli("login", "http://127.0.0.1:9", BROWSER="true")
    assert refused.code == 6


def test_the_demo_keeps_its_folder_and_its_people(demo, tmp_path, cli):
    words = ("demo", "--json", "--data", "kept", "--port", str(free_port()))
    with started(cli, *words, "--sample-port", str(free_port())) as first:
        assert first.stop().code == 0
    with started(cli, *words, "--sample-port", str(free_port())) as second:
        assert second.stop().code == 0
    people = [line.split('"people": ')[1].split("}")[0] for line in (first.first, second.first)]
    assert people[0] == people[1]
    assert demo.facts["people"]["alice"] not in people[0]


CHALLENGE = 'Bearer error="insufficient_user_authentication", acr_values="urn:gold", max_age="60"'


def test_a_service_that_wants_a_newer_sign_in_is_answered_by_the_command_that_is_named(demo, bob):
    with Server(lambda _: (401, {"WWW-Authenticate": CHALLENGE}, b"")) as vault:
        refused = bob("get", vault.url)
        assert len(vault.received) == 1
    assert refused.code == 3
    command = refused.err.partition("Run: ")[2].split("\n")[0]
    assert command.startswith(f"sojourn login {demo.issuer} ")
    assert command.endswith("--acr urn:gold --max-age 60")
    before = bob.good("token").out
    assert bob.good(*shlex.split(command)[1:]).out == "Signed in: bob\n"
    assert bob.good("token").out != before
    assert bob.good("accounts").out.count("\n") == 2, "a heading, and the same account"


def test_how_to_sign_in_is_nothing_for_a_program(demo, cli):
    words = ("login", demo.issuer, "--client-id", "demo-program", "--client-secret", "x")
    for how in (("--max-age", "60"), ("--acr", "urn:gold")):
        refused = cli(*words, *how)
        assert (refused.code, "a program does not sign in" in refused.err) == (2, True)
    assert cli("login", demo.issuer, "--max-age", "-1").code == 2


def test_a_program_without_a_secret_signs_in_with_its_platforms_token(demo, alice, cli, tmp_path):
    platform = SigningKey("ci", "ES256", private=ec.generate_private_key(ec.SECP256R1()))
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [platform.public_jwk()]}))
    ci, subject = "https://ci.example", "project_path:analytical/engine:ref:main"
    trust = ("--workload", ci, subject, "--workload-jwks", str(jwks))
    made = alice.good("clients", "add", "runner", "--scope", "notes", *trust, "--json").json
    assert made["workloads"][0]["subject"] == subject
    assert "client_secret" not in made
    now = int(time.time())
    claims = {
        "iss": ci,
        "sub": subject,
        "aud": demo.issuer,
        "jti": "1",
        "iat": now,
        "exp": now + 600,
    }
    words = ("login", demo.issuer, "--kind", "workload", "--client-id", "runner")
    file = tmp_path / "token"
    missing = cli(*words, "--token-file", str(file))
    assert (missing.code, f"{file} is not there" in missing.err) == (5, True)
    file.write_text(platform.sign(claims, typ="JWT"))
    cli.good(*words, "--token-file", str(file), "--scope", "notes")
    assert cli.good("token").out.startswith("sj_a_")
    used = cli(*words, "--token-variable", "CI_ID_TOKEN", CI_ID_TOKEN=file.read_text())
    assert (used.code, "eyJ" in used.err) == (4, False)
    nowhere = cli(*words)
    assert (nowhere.code, "token_file or token_variable" in nowhere.err) == (5, True)
    alone = alice("clients", "add", "other", "--workload-reusable")
    assert (alone.code, "--workload ISSUER SUBJECT" in alone.err) == (2, True)
