"""What `sojourn status` and the other commands say of users that an authenticator keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sojourn import Authenticator, DefaultsManager
from sojourn.cli.root import root


@pytest.fixture
def kept(store, dynect):
    here = Authenticator(DefaultsManager(dynect.url), kind="dynect")
    here.create_session_user("acme/ada", password="ada's")
    here.create_session_user("acme/grace", password="grace's")
    return store


def run(*words):
    done = CliRunner().invoke(root, words, standalone_mode=False, catch_exceptions=False)
    assert done.exit_code == 0
    return done


def test_it_says_what_is_stored_where_how_protected_and_until_when(kept, dynect):
    told = json.loads(run("status", "--account", "ada", "--json").stdout)
    assert (told["username"], told["issuer"], told["renewable"]) == ("ada", dynect.url, False)
    assert [one["username"] for one in told["stored"]] == ["ada", "grace"]
    assert {one["kind"] for one in told["stored"]} == {"dynect"}
    assert (told["key"], told["protection"]) == ("file", "AES-256-GCM")
    assert told["folder"] == kept.paths.data
    said = run("status", "--account", "ada").stdout
    assert "then a person must sign in" in said
    assert "also stored  grace at 127.0.0.1" in said
    assert f"{kept.paths.data}, a sealed file each (AES-256-GCM), readable by you alone" in said
    for secret in ("ada's", *dynect.tokens):
        assert secret not in said + json.dumps(told)


def test_it_names_what_cannot_be_read(kept):
    path = next(Path(kept.paths.credentials).glob("*.sealed"))
    path.write_bytes(path.read_bytes()[:-1])
    left = next(one.username for one in _readable())
    done = run("status", "--account", left)
    assert f"Warning: {path} is damaged" in done.stderr


def _readable():
    from sojourn import Accounts

    return Accounts().readable()[0]


def test_a_user_can_be_signed_out_from_the_shell(kept, dynect):
    run("logout", "ada")
    assert len(dynect.tokens) == 1
