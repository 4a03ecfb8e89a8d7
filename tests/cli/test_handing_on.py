"""`sojourn exec` and `sojourn credential-process`: the token in other programs' hands, and in no wrong ones."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sojourn.client.cache.store import CredentialStore
from tests.cli.conftest import PATIENCE, SOJOURN
from tests.client.servers import Server
from tests.client.small_provider import SmallProvider, signed_in

SHOW = [
    sys.executable,
    "-c",
    "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))",
]


@pytest.fixture
def ada(cli, monkeypatch):
    """A person whose account is kept: a token of an issuer that need not be asked."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    signed_in("https://id.example", CredentialStore(cli.env["SOJOURN_HOME"]), lasts=3600)
    return cli


def test_a_program_runs_with_the_token_in_its_environment(ada):
    words, environ = ada.good("exec", "--", *SHOW, "-a", "--x", "é").json
    assert words == ["-a", "--x", "é"]
    assert environ["SOJOURN_TOKEN"] == "access-0"
    assert environ["SOJOURN_ISSUER"] == "https://id.example"
    assert ada.good("token", SOJOURN_ACCOUNT=environ["SOJOURN_ACCOUNT"]).out == "access-0\n"


def test_the_variables_may_be_named(ada):
    ran = ada.good("exec", "--variable", "OS_TOKEN", "--variable", "GH_TOKEN", *SHOW)
    environ = ran.json[1]
    assert environ["OS_TOKEN"] == environ["GH_TOKEN"] == "access-0"
    assert "SOJOURN_TOKEN" not in environ
    assert ada("exec", "--variable", "A=B", *SHOW).code == 2


def test_the_exit_code_is_the_programs(ada, tmp_path):
    assert ada("exec", "--", sys.executable, "-c", "raise SystemExit(42)").code == 42
    missing = ada("exec", "no-such-program-anywhere")
    assert (missing.code, "no program" in missing.err) == (127, True)
    plain = tmp_path / "plain"
    plain.write_text("x")
    assert ada("exec", str(plain)).code == 126


def test_nothing_is_run_where_a_person_would_have_to_sign_in(cli, tmp_path):
    ran = cli("exec", "--", "touch", str(tmp_path / "ran"))
    assert (ran.code, (tmp_path / "ran").exists()) == (3, False)


def asked(host, protocol="https", *more):
    return "\n".join([f"protocol={protocol}", f"host={host}", *more, "", ""])


def test_git_gets_the_token_for_the_accounts_own_host_and_for_no_other(ada):
    said = ada.good("credential-process", "git", "get", said=asked("id.example")).out
    assert "username=ada\npassword=access-0\n" in said
    for host, protocol in (
        ("evil.example", "https"),
        ("id.example", "http"),
        ("id.example:8443", "https"),
        ("id.example.evil", "https"),
        ("", "https"),
    ):
        assert ada.good("credential-process", "git", "get", said=asked(host, protocol)).out == ""
    assert ada.good("credential-process", "git", "store", said=asked("id.example")).out == ""


@pytest.mark.parametrize(
    ("resource", "hosts"),
    [
        ("https://git.example", ["git.example"]),
        (
            ("https://git.example", "https://code.example:8443/x"),
            ["git.example", "code.example:8443"],
        ),
    ],
    ids=["one", "several"],
)
def test_git_gets_it_for_the_resources_of_the_account_and_not_for_its_issuer(ada, resource, hosts):
    store = CredentialStore(ada.env["SOJOURN_HOME"])
    signed_in("https://id.example", store, lasts=3600, resource=resource)
    for host in hosts:
        assert "access-0" in ada.good("credential-process", "git", "get", said=asked(host)).out
    for host in ("id.example", "code.example", "evil.example"):
        assert ada.good("credential-process", "git", "get", said=asked(host)).out == ""


def test_git_may_have_it_for_hosts_that_are_named(ada):
    words = ("credential-process", "git", "--host", "git.example", "--host", "127.0.0.1:3000")
    assert "access-0" in ada.good(*words, "get", said=asked("git.example")).out
    assert "access-0" in ada.good(*words, "get", said=asked("127.0.0.1:3000", "http")).out
    assert ada.good(*words, "get", said=asked("id.example")).out == ""


def test_a_real_git_takes_the_token_from_the_helper(ada):
    helper = f"credential.helper=!{SOJOURN} credential-process git"
    done = subprocess.run(
        ["git", "-c", "credential.helper=", "-c", helper, "credential", "fill"],
        input=asked("id.example"),
        env=ada.env,
        cwd=ada.home,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert "password=access-0" in done.stdout or "credential=access-0" in done.stdout
    assert "username=ada" in done.stdout or "authtype=Bearer" in done.stdout


def test_a_token_that_git_found_refused_is_renewed(cli):
    small = SmallProvider()
    with Server(small.answer) as server:
        issuer = small.at(server).issuer
        signed_in(issuer, CredentialStore(cli.env["SOJOURN_HOME"]), lasts=3600)
        host = issuer.partition("//")[2]
        refused = asked(host, "http", "password=access-0")
        assert (
            cli.good(
                "credential-process", "git", "erase", said=asked(host, "http", "password=other")
            ).out
            == ""
        )
        assert small.token_calls == []
        assert cli.good("credential-process", "git", "erase", said=refused).out == ""
        assert len(small.token_calls) == 1
        assert (
            "password=access-1"
            in cli.good("credential-process", "git", "get", said=asked(host, "http")).out
        )


def test_kubectl_gets_an_exec_credential(ada):
    made = ada.good("credential-process", "kubectl").json
    assert (made["kind"], made["status"]["token"]) == ("ExecCredential", "access-0")
    assert made["status"]["expirationTimestamp"].endswith("Z")
    info = json.dumps(
        {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "spec": {}}
    )
    beta = ada.good("credential-process", "kubectl", KUBERNETES_EXEC_INFO=info).json
    assert beta["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    assert ada("credential-process", "kubectl", KUBERNETES_EXEC_INFO="{").code == 1


def test_an_unknown_form_is_wrong_usage(ada):
    assert ada("credential-process", "svn").code == 2
