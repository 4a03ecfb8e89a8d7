"""What git, kubectl and others say about credentials: accepted, refused, answered."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.errors import Malformed
from sojourn.wire import credential_process as wire
from sojourn.wire.credential_process import GitQuestion, Token

NOW = 1_800_000_000_000
V1, BETA = wire.API_VERSIONS


def test_a_question_of_git_is_read_up_to_its_empty_line():
    told = "protocol=https\nhost=git.example:8443\npath=a=b\ncapability[]=authtype\ncapability[]=state\n"
    text = told + "wwwauth[]=Bearer\n\nhost=x\n"
    assert wire.parse_git(text) == GitQuestion(
        "https", "git.example:8443", None, None, ("authtype", "state")
    )


@pytest.mark.parametrize(
    "text", ["host", "=x", "host=a\nhost=b", "host=a\0b", "host=a\r\n", "host=" + "a" * 70_000]
)
def test_a_question_that_breaks_the_grammar_is_refused(text):
    with pytest.raises(Malformed):
        wire.parse_git(text)


@given(st.text(max_size=64))
def test_any_text_is_a_question_or_malformed(text):
    try:
        assert "password" not in repr(wire.parse_git(text))
    except Malformed as error:
        assert error.public  # noqa: PT017 - either way is right


def test_git_gets_a_bearer_credential_where_it_understands_one_and_else_a_password():
    token = Token("t0ken", NOW)
    new = GitQuestion("https", "git.example", capabilities=("authtype",))
    assert wire.git_answer(new, token, user="ada").splitlines() == [
        "capability[]=authtype", "authtype=Bearer", "credential=t0ken", "ephemeral=1", "password_expiry_utc=1800000000"
    ]  # fmt: skip
    old = GitQuestion("https", "git.example")
    assert wire.git_answer(old, Token("t0ken"), user="ada") == "username=ada\npassword=t0ken\n"


def test_kubectl_gets_the_version_that_it_asks_for():
    assert wire.asked_version(None) == wire.asked_version("") == V1
    assert wire.asked_version(json.dumps({"apiVersion": BETA, "spec": {}})) == BETA
    made = json.loads(wire.exec_credential(BETA, Token("t0ken", NOW)))
    assert made == {
        "apiVersion": BETA,
        "kind": "ExecCredential",
        "status": {"token": "t0ken", "expirationTimestamp": "2027-01-15T08:00:00Z"},
    }


@pytest.mark.parametrize(
    "info", ["x", "{}", '{"apiVersion": "client.authentication.k8s.io/v9"}', '{"apiVersion": 1}']
)
def test_a_version_that_is_not_known_is_refused(info):
    with pytest.raises(Malformed):
        wire.asked_version(info)


@pytest.mark.parametrize(
    ("text", "expires_at"),
    [
        ("t0ken\n", None),
        ('{"access_token": "t0ken", "expires_in": 60}', NOW + 60_000),
        (
            '{"access_token": "t0ken", "expires_at": 1800000060, "token_type": "Bearer"}',
            NOW + 60_000,
        ),
        ('{"token": "t0ken", "expiry": "2027-01-15T08:01:00Z"}', NOW + 60_000),
        ('{"token": "t0ken", "expiration": "2027-01-15T10:01:00+02:00"}', NOW + 60_000),
        (wire.exec_credential(V1, Token("t0ken", NOW)), NOW),
        (wire.exec_credential(V1, Token("t0ken")), None),
    ],
)
def test_what_other_tools_print_is_read(text, expires_at):
    assert wire.parse_token(text, now=NOW) == Token("t0ken", expires_at)


@pytest.mark.parametrize(
    "text",
    [
        "", "two words", "a\nb", "{", "[]", "{}", "é", "a" * 16385,
        '{"token": ""}', '{"token": 1}', '{"token": "a b"}', '{"token": "a\\r\\nX: y"}',
        '{"kind": "ExecCredential", "token": "t"}', '{"token": "t", "expiry": "tomorrow"}',
        '{"token": "t", "expiry": "2027-01-15T08:00:00"}', '{"token": "t", "expires_in": "60"}',
    ],
)  # fmt: skip
def test_what_holds_no_token_is_refused(text):
    with pytest.raises(Malformed):
        wire.parse_token(text, now=NOW)


def test_a_token_is_not_shown():
    assert "t0ken" not in repr([Token("t0ken"), GitQuestion("https", "h", "t0ken", "t0ken")])
