"""`sojourn job`: what runs as the job has the job's credential and no other, and ends with it."""

from __future__ import annotations

import json
import sys

import pytest

from sojourn.wire import job
from tests.cli.conftest import SOJOURN


@pytest.fixture
def bob(demo, tmp_path):
    cli = demo.as_person("bob", tmp_path)
    cli.good("login", demo.issuer, "--dpop", "--name", "bob")
    return cli


SHOW = [
    sys.executable,
    "-c",
    "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if 'SOJOURN' in k}))",
]
SENT = ("job", "--for", "render 42", "--scope", "openid account", "--expires-in", "2h")


def test_a_program_runs_as_the_job(demo, bob):
    words = (SOJOURN, "get", "/account/sessions", "--json")
    said = bob.good(*SENT, "--", *words).json
    assert said["status"] == 200
    sessions = json.loads(said["body"])
    grants = [grant for one in sessions["sign_ins"] for grant in one["grants"]]
    grants += sessions["offline"]
    (mine,) = [one for grant in grants for one in grant["delegations"] if one["live"]]
    assert (mine["job"], mine["scope"]) == ("render 42", "openid account")
    assert 7190 < mine["ends"] - mine["created"] <= 7200
    assert "job render 42" in bob.good("sessions").out
    environ = bob.good(*SENT, *SHOW).json
    ended = bob.good("revoke", mine["id"][:8])
    assert "job render 42" in ended.out
    assert bob.good(*SENT, "--", *words).code == 0
    own = {name: environ[name] for name in ("SOJOURN_JOB", "SOJOURN_JOB_KEY")}
    assert bob("get", "/userinfo", **own).code == 0
    named = bob.good("get", "/userinfo", "--account", "bob", **own)
    assert json.loads(named.out)["name"] == "Bob Burke"


def test_nothing_in_a_job_acts_as_the_person_unless_an_account_is_named(demo, bob):
    environ = bob.good(*SENT, *SHOW).json
    own = {name: environ[name] for name in ("SOJOURN_JOB", "SOJOURN_JOB_KEY")}
    for words in (
        ("token",),
        ("whoami",),
        ("explain",),
        ("exec", "--", "true"),
        (*SENT[:3], "true"),
    ):
        refused = bob(*words, **own)
        assert (refused.code, "runs as a job" in refused.err) == (5, True), words
    assert bob.good("whoami", "--account", "bob", **own).out
    assert "bob" in bob.good("accounts", **own).out


def test_a_job_of_a_session_without_a_key_ends_with_its_token_and_that_is_told(demo, bob):
    assert bob.good(*SENT, *SHOW).err == ""
    bob.good("login", demo.issuer, "--no-dpop")
    ran = bob.good(*SENT, *SHOW)
    assert "--dpop" in ran.err
    assert "min" in ran.err


def test_a_job_that_was_ended_says_so(demo, bob):
    environ = bob.good(*SENT, *SHOW).json
    own = {name: environ[name] for name in ("SOJOURN_JOB", "SOJOURN_JOB_KEY")}
    assert bob.good("get", "/userinfo", **own)
    found = bob.good("sessions", "--json").json
    grants = [grant for one in found["sign_ins"] for grant in one["grants"]] + found["offline"]
    for one in (one for grant in grants for one in grant["delegations"] if one["live"]):
        bob.good("revoke", one["id"])
    ran = bob("get", "/userinfo", **own)
    assert (ran.code, "render 42" in ran.err, "ended" in ran.err) == (3, True, True)
    assert bob.good("get", "/userinfo")


def test_a_farm_gets_a_text_that_its_key_opens(demo, bob, tmp_path):
    public = bob.good("job-key", "farm.jwk").out
    (tmp_path / "farm.pub").write_text(public)
    assert (tmp_path / "farm.jwk").stat().st_mode & 0o777 == 0o600
    assert "d" not in json.loads(public)
    assert bob("job-key", "farm.jwk").code == 2
    sealed = bob.good(*SENT, "--recipient", "farm.pub").out.strip()
    assert job.JobText.parse(sealed).kid == json.loads(public)["kid"]
    key = str(tmp_path / "farm.jwk")
    assert bob.good("get", "/userinfo", SOJOURN_JOB=sealed, SOJOURN_JOB_KEY=key)
    refused = bob("get", "/userinfo", SOJOURN_JOB=sealed)
    assert (refused.code, "SOJOURN_JOB_KEY" in refused.err) == (8, True)
    environ = bob.good(*SENT, "--recipient", "farm.pub", *SHOW).json
    assert "SOJOURN_JOB_KEY" not in environ


def test_what_is_wrong_is_said_before_anything_is_asked_for(demo, bob, tmp_path):
    (tmp_path / "farm.pub").write_text("{}")
    (tmp_path / "no.json").write_text("x")
    for words, told in (
        (("job", "--scope", "openid", "true"), "--for"),
        (SENT, "--recipient"),
        (("job", "--for", "", "true"), "name"),
        (("job", "--for", "x", "--expires-in", "soon", "true"), "span"),
        ((*SENT, "--recipient", "farm.pub"), "recipient"),
        ((*SENT, "--recipient", "no.json"), "JWK"),
        ((*SENT, "--recipient", "nowhere"), "nowhere"),
    ):
        ran = bob(*words)
        assert (ran.code, told in ran.err) == (2, True), ran
    ran = bob("job", "--for", "x", "--scope", "keys:write", "--", "true")
    assert ran.code in (0, 4), ran


def test_nothing_runs_where_nobody_is_signed_in(cli, tmp_path):
    ran = cli("job", "--for", "x", "--", "touch", str(tmp_path / "ran"))
    assert (ran.code, (tmp_path / "ran").exists()) == (3, False)
