"""Tokens that another program prints."""

from __future__ import annotations

import json
import sys

import pytest

from sojourn import Session, errors
from sojourn.client.process import ProcessAuth
from tests.client.servers import ok


def printing(text, *, code=0, count=None):
    """A command that prints `text`, and writes a line into `count` each time."""
    lines = [f"import sys; print({text!r}); print('hush', file=sys.stderr)"]
    if count is not None:
        lines.append(f"open({str(count)!r}, 'a').write('x')")
    return [sys.executable, "-c", "; ".join([*lines, f"sys.exit({code})"])]


def test_a_token_of_another_program_is_sent_and_used_until_its_end(face, serve, tmp_path):
    server = serve(lambda _: ok())
    command = printing(
        json.dumps({"access_token": "t0ken", "expires_in": 3600}), count=tmp_path / "runs"
    )
    session = face.session(ProcessAuth(command))
    for _ in range(3):
        session.request(server.url)
    assert {one.headers["authorization"] for one in server.received} == {"Bearer t0ken"}
    assert (tmp_path / "runs").read_text() == "x"


def test_after_a_401_the_program_is_run_again_once(face, serve, tmp_path):
    server = serve(lambda _: ok(status=401))
    session = face.session(ProcessAuth(printing("t0ken", count=tmp_path / "runs")))
    assert session.request(server.url, raise_exc=False).status_code == 401
    assert (tmp_path / "runs").read_text() == "xx"
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (printing("t0ken", code=3), "ended with code 3"),
        (printing("no token here"), "printed no token"),
        (["/nowhere/at-all"], "No such file"),
    ],
)
def test_a_program_that_fails_is_an_authentication_error_without_its_output(
    face, serve, command, said
):
    server = serve(lambda _: ok())
    with pytest.raises(errors.AuthenticationError, match=said) as caught:
        face.session(ProcessAuth(command)).request(server.url)
    assert "hush" not in str(caught.value)
    assert server.received == []


def test_a_program_that_takes_too_long_is_ended(serve):
    command = [
        sys.executable,
        "-c",
        "import sys; sys.stdin.read(); import threading; threading.Event().wait(30)",
    ]
    with (
        Session(ProcessAuth(command, timeout=0.2)) as session,
        pytest.raises(errors.AuthenticationError, match="longer than"),
    ):
        session.get(serve(lambda _: ok()).url)


@pytest.mark.parametrize("command", ["gcloud auth print-access-token", [], ""])
def test_a_command_is_a_list_of_words_and_never_a_line(command):
    with pytest.raises(TypeError, match="one by one"):
        ProcessAuth(command)
