"""Users while the disk is full, the home cannot be written, the keyring is locked, a file is broken, or others write at
the same time: a clear message, and nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sojourn import Authenticator, DefaultsManager, deserialize_user, errors, serialize_user
from sojourn.client.cache import keys
from sojourn.client.cache.store import CredentialStore
from tests.client.users.people import Asked, Nobody

ROOT = Path(__file__).parents[3]


def authenticator(dynect, prompt=None, store=None):
    defaults = DefaultsManager(dynect.url)
    return Authenticator(defaults, kind="dynect", prompt=prompt or Nobody(), store=store)


def zones(user, dynect):
    with user.create_session(trust_env=False) as session:
        return session.get(f"{dynect.url}/REST/Zone/").json()["data"]


FULL = """
import logging, resource, signal, sys
logging.basicConfig(stream=sys.stdout, format="%(message)s")
from sojourn import Authenticator, DefaultsManager
from tests.client.users.people import Asked
url = sys.argv[1]
ada = Authenticator(DefaultsManager(url), kind="dynect", prompt=Asked("ada's"))
user = ada.create_session_user("acme/ada")
grace = Authenticator(DefaultsManager(url), kind="dynect", prompt=Asked("grace's", login="acme/grace"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
for one in (grace.get_user(), user):
    with one.create_session(trust_env=False) as session:
        print(session.get(f"{url}/REST/Zone/").json()["data"])
"""


def test_on_a_full_disk_people_sign_in_and_are_asked_again_for_this_process_alone(store, dynect):
    authenticator(dynect).create_session_user("acme/ada", password="ada's")
    before = store.read(store.ids()[0])
    dynect.expire()
    command = [sys.executable, "-c", FULL, dynect.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert "grace is signed in for this process only: Cannot write" in said
    assert "acme/grace will not be the default user: Cannot write" in said
    assert "The new credential of ada at" in said
    assert "was not saved: Cannot write" in said
    assert "What was stored there is unchanged." in said
    assert "['/REST/Zone/grace.example/']\n" in said
    assert "['/REST/Zone/ada.example/']\n" in said
    assert [store.read(one) for one in store.ids()] == [before]
    assert list(Path(store.paths.data).rglob("*.new")) == []


def test_in_a_home_that_cannot_be_written_people_sign_in_for_this_process(
    dynect, monkeypatch, caplog
):
    monkeypatch.setenv("SOJOURN_HOME", "/proc/sojourn")
    asked = Asked("ada's", "ada's", login="acme/ada")
    at_home = authenticator(dynect, asked)
    assert at_home.get_default_user() is None
    user = at_home.get_user()
    assert zones(user, dynect) == ["/REST/Zone/ada.example/"]
    assert "ada is signed in for this process only: Cannot lock /proc/sojourn" in caplog.text
    dynect.expire()
    assert zones(user, dynect) == ["/REST/Zone/ada.example/"]
    with pytest.raises(errors.StoreUnavailable, match="/proc/sojourn"):
        serialize_user(user)


def test_behind_a_locked_keyring_the_stored_wait_and_others_sign_in_for_this_process(
    dynect, tmp_path, monkeypatch, caplog
):
    import keyring

    from tests.client.keyrings import Remembering

    monkeypatch.setattr(keys, "PROBE_LIMIT", 0.1)
    open_one = Remembering()
    monkeypatch.setattr(keyring.core, "_keyring_backend", open_one)
    home = tmp_path / "home"
    kept = authenticator(dynect, store=CredentialStore(home))
    text = serialize_user(kept.create_session_user("acme/ada", password="ada's"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", Remembering())
    locked = authenticator(dynect, store=CredentialStore(home))
    for call in (
        lambda: locked.create_session_user("acme/ada"),
        lambda: deserialize_user(text, key=CredentialStore(home)),
    ):
        with pytest.raises(errors.ConfigurationError, match="Unlock the keyring"):
            call()
    user = locked.create_session_user("acme/ada", password="ada's")
    assert zones(user, dynect) == ["/REST/Zone/ada.example/"]
    assert "for this process only: The OS keyring holds the key" in caplog.text
    monkeypatch.setattr(keyring.core, "_keyring_backend", open_one)
    again = authenticator(dynect, store=CredentialStore(home)).create_session_user("acme/ada")
    assert zones(again, dynect) == ["/REST/Zone/ada.example/"]


def test_a_broken_file_is_named_hides_nobody_else_and_is_put_aside_at_the_next_sign_in(
    store, dynect, caplog
):
    here = authenticator(dynect)
    here.create_session_user("acme/ada", password="ada's")
    path = Path(store.paths.credentials, f"{store.ids()[0]}.sealed")
    here.create_session_user("acme/grace", password="grace's")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(errors.IncompleteCredentials, match=f"{path} is damaged"):
        here.create_session_user("acme/ada")
    assert zones(here.create_session_user("acme/grace"), dynect) == ["/REST/Zone/grace.example/"]
    assert f"{path} is damaged" in caplog.text
    here.create_session_user("acme/ada", password="ada's")
    assert zones(here.create_session_user("acme/ada"), dynect) == ["/REST/Zone/ada.example/"]
    assert Path(f"{path}.damaged").exists()


MANY = """
import sys
from sojourn import Authenticator, DefaultsManager
url, own = sys.argv[1], sys.argv[2]
authenticator = Authenticator(DefaultsManager(url), kind="dynect")
print("ready", flush=True)
sys.stdin.readline()
for number in range(6):
    authenticator.create_session_user("acme/ada", session_token=f"{own}-{number}")
    authenticator.create_session_user(f"acme/{own}", session_token=f"{own}-{number}")
    authenticator.defaults.set_login(f"acme/{own}")
"""


def test_processes_that_write_at_once_lose_nothing(store, dynect):
    crew = [
        subprocess.Popen(
            [sys.executable, "-c", MANY, dynect.url, f"u{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for one in crew:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in crew:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    assert [one.communicate()[1] for one in crew] == [""] * 4
    records = [store.read(one) for one in store.ids()]
    tokens = {one["login"]: one["secrets"]["token"]["access_token"] for one in records}
    assert tokens.keys() == {"acme/ada", "acme/u0", "acme/u1", "acme/u2", "acme/u3"}
    assert all(tokens[f"acme/u{number}"] == f"u{number}-5" for number in range(4))
    names = json.loads(Path(store.paths.profile).read_text())["recent"]["dynect"]["logins"]
    assert sorted(names[dynect.url]) == [f"acme/u{number}" for number in range(4)]


def test_metadata_of_a_session_is_kept_with_it_and_comes_back_by_login_alone(store, dynect):
    """The Toolkit stores it only where there was some before, and a user made anew by login alone is without it."""
    here = authenticator(dynect)
    here.create_session_user("acme/ada", session_token="t")
    here.create_session_user("acme/ada", session_token="t", session_metadata={"cookies": "c"})
    assert here.create_session_user("acme/ada").session_metadata == {"cookies": "c"}
    here.create_session_user("acme/ada", session_token="u")
    assert here.create_session_user("acme/ada").session_metadata == {"cookies": "c"}
