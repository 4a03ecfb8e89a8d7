"""Users as text: who can read it, where and until when, and that hostile text is refused and never run."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from sojourn import (
    Authenticator,
    DefaultsManager,
    deserialize_user,
    errors,
    serialize_user,
)
from sojourn.client.cache.store import CredentialStore
from sojourn.wire import base64url
from tests.client.users.people import Nobody

ROOT = Path(__file__).parents[3]


@pytest.fixture
def user(store, dynect):
    authenticator = Authenticator(DefaultsManager(dynect.url), kind="dynect", prompt=Nobody())
    return authenticator.create_session_user("acme/ada", password="ada's")


@pytest.fixture
def script(store, dynect):
    authenticator = Authenticator(DefaultsManager(dynect.url), kind="dynect")
    return authenticator.create_script_user("acme/ada", "ada's", http_proxy="u:Passw@proxy:1")


@pytest.fixture
def alone(dynect, tmp_path, monkeypatch, store):
    """A user whom no store could keep."""
    authenticator = Authenticator(DefaultsManager(dynect.url), kind="dynect", prompt=Nobody())
    store.key_for("x")
    monkeypatch.setattr("sojourn.client.accounts.Accounts.keep", _full_disk, raising=True)
    return authenticator.create_session_user("acme/ada", password="ada's")


def _full_disk(*_, **__):
    raise errors.StoreUnavailable("Cannot write: the disk is full.")


def zones(user, dynect):
    with user.create_session(trust_env=False) as session:
        return session.get(f"{dynect.url}/REST/Zone/").json()["data"]


@pytest.mark.parametrize("kind", ["user", "script", "alone"])
def test_a_user_comes_back_in_another_process_as_they_were(kind, request, dynect):
    before = request.getfixturevalue(kind)
    text = serialize_user(before)
    for payload in (text, text.encode()):
        after = deserialize_user(payload)
        assert after.who == before.who
        assert repr(after) == repr(before)
    program = (
        "import sys; from sojourn import deserialize_user\n"
        "user = deserialize_user(sys.stdin.read())\n"
        "with user.create_session(trust_env=False, proxy={}) as session:\n"
        f"    print(session.get('{dynect.url}/REST/Zone/').json()['data'])\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.stdout == "['/REST/Zone/ada.example/']\n", done.stderr
    assert len(dynect.tokens) == 1


@pytest.mark.parametrize("kind", ["user", "script", "alone"])
def test_nothing_secret_is_in_clear_and_of_a_stored_user_no_token_at_all(kind, request, store):
    user = request.getfixturevalue(kind)
    text = serialize_user(user)
    assert set(json.loads(text)) == {"v", "kid", "aud", "exp", "jti", "sealed"}
    for secret in ("ada's", "Passw", "acme/ada", store.key_for("serialised user").hex()):
        assert secret not in text
    found = json.loads(_plain(text, store))
    whole = json.dumps(found)
    token = user.auth.record()["secrets"].get("token") or {}
    assert ("ada's" in whole) == (kind == "script")
    assert bool(token.get("access_token") and token["access_token"] in whole) == (kind == "alone")
    for name in ("refresh_token", "client_key", "client_secret", "intent", "password"):
        assert name not in whole


def _plain(text, store):
    from sojourn.wire import seal
    from sojourn.wire.serialized_user import SerializedUser

    found = SerializedUser.parse(text)
    key = store.key_for("serialised user")
    return seal.open(key, found.sealed, associated=found.associated)


def test_what_the_store_renews_meanwhile_serves_the_copy(user, dynect):
    copy = deserialize_user(serialize_user(user))
    dynect.expire()
    fresh = Authenticator(DefaultsManager(dynect.url), kind="dynect")
    fresh.create_session_user("acme/ada", password="ada's")
    assert zones(copy, dynect) == ["/REST/Zone/ada.example/"]


def test_a_copy_of_a_user_who_was_signed_out_is_of_no_use(user, dynect):
    text = serialize_user(user)
    authenticator = Authenticator(DefaultsManager(dynect.url), kind="dynect")
    authenticator.defaults.set_login("acme/ada")
    authenticator.clear_default_user()
    with pytest.raises(errors.InteractionRequired, match=r"acme/ada was signed out of http"):
        zones(deserialize_user(text), dynect)


def test_it_is_bound_to_its_service(user, dynect):
    text = serialize_user(user)
    for audience in (dynect.url, f" {dynect.url}/ "):
        assert deserialize_user(text, audience=audience).login == "acme/ada"
    with pytest.raises(errors.BadSerializedUser, match=r"not of https://other\.example"):
        deserialize_user(text, audience="https://other.example")


def test_it_ends_when_it_was_told_to(user, monkeypatch):
    text = serialize_user(user, expires_in=60)
    end = json.loads(text)["exp"]
    for now, good in ((end * 1000 - 1, True), (end * 1000, False)):
        monkeypatch.setattr("sojourn.client.serialize.wall_clock", lambda now=now: now)
        if good:
            assert deserialize_user(text).login == "acme/ada"
        else:
            with pytest.raises(errors.BadSerializedUser, match="expired"):
                deserialize_user(text)
    monkeypatch.undo()
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="above zero"):
            serialize_user(user, expires_in=wrong)


def test_every_altered_letter_is_noticed(user):
    text = serialize_user(user)
    for position in range(len(text)):
        other = "A" if text[position] != "A" else "B"
        with pytest.raises(errors.BadSerializedUser):
            deserialize_user(text[:position] + other + text[position + 1 :])


def test_every_truncated_text_is_refused(user):
    text = serialize_user(user)
    for length in range(len(text)):
        with pytest.raises(errors.BadSerializedUser):
            deserialize_user(text[:length].encode())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("v", 2),
        ("v", 0),
        ("v", True),
        ("v", "1"),
        ("exp", 4102444800),
        ("exp", "never"),
        ("exp", 4102444800.5),
        ("extra", "member"),
        ("exp", None),
        ("exp", -1),
        ("aud", "https://other.example"),
        ("aud", ["a"]),
        ("kid", "AAAAAAAAAAAA"),
        ("kid", "x" * 5000),
        ("jti", "another"),
        ("sealed", base64url.encode(b"x" * 64)),
        ("sealed", "not base64!"),
        ("sealed", ""),
    ],
)
def test_what_stands_in_clear_cannot_be_changed(user, name, value):
    members = {**json.loads(serialize_user(user)), name: value}
    with pytest.raises(errors.BadSerializedUser):
        deserialize_user(json.dumps(members))


RAN: list[str] = []


class Bomb:
    def __reduce__(self):
        return RAN.append, ("ran",)


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        "",
        "null",
        "[]",
        "{}",
        b"\xff\xfe",
        "\ud800",
        b"\x00" * 100,
        "{" * 100_000,
        "[" * 100_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
        " " * 10_000_000,
        b'{"v":1,"kid":"' + b"x" * 10_000_000 + b'"}',
        '{"v":1,"v":1}',
        '{"type":"SessionUser"}',
        '{"type":"SessionUser","data":[]}',
        '{"type":"SessionUser","data":{"host":"https://x","login":"bob"}}',
        '{"type":"Bomb","data":{"host":"https://x"}}',
        '{"type":["SessionUser"],"data":{"host":"https://x"}}',
        pickle.dumps(Bomb()),
        pickle.dumps(Bomb(), protocol=0),
        pickle.dumps(Bomb(), protocol=0).decode(),
        pickle.dumps({"type": "SessionUser", "data": {}}, protocol=0),
    ],
    ids=lambda payload: repr(payload[:24]),
)
def test_hostile_text_is_refused_with_one_error_and_never_run(store, payload, compat):
    with pytest.raises(errors.BadSerializedUser):
        deserialize_user(payload, compat=compat)
    assert RAN == []
    assert store.key_origin() is None


def test_the_key_of_another_person_or_machine_does_not_open_it(user, tmp_path):
    text = serialize_user(user)
    elsewhere = CredentialStore(tmp_path / "elsewhere")
    with pytest.raises(errors.BadSerializedUser, match="no key here"):
        deserialize_user(text, key=elsewhere)
    elsewhere.key_for("anything")
    with pytest.raises(errors.BadSerializedUser, match="another key"):
        deserialize_user(text, key=elsewhere)


def test_a_store_of_its_own_opens_what_its_users_wrote(tmp_path, dynect):
    own = CredentialStore(tmp_path / "own")
    authenticator = Authenticator(DefaultsManager(dynect.url), kind="dynect", store=own)
    text = serialize_user(authenticator.create_session_user("acme/ada", password="ada's"))
    assert zones(deserialize_user(text, key=own), dynect) == ["/REST/Zone/ada.example/"]


def test_nothing_is_ever_pickled(user):
    with pytest.raises(ValueError, match="JSON only"):
        serialize_user(user, use_json=False)
    with pytest.raises(TypeError, match="serialize_user"):
        pickle.dumps(user)


def test_the_toolkit_s_json_is_read_only_where_that_is_asked_for(store):
    data = {"host": "https://x.example", "login": "bob", "session_token": "t", "http_proxy": None}
    text = json.dumps({"type": "SessionUser", "data": data})
    with pytest.raises(errors.BadSerializedUser, match="no serialised user"):
        deserialize_user(text)
