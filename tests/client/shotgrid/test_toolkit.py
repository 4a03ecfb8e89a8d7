"""Settings of the Toolkit, taken over: what is found, what stays as it is, and what a damaged file does."""

from __future__ import annotations

import json

import pytest

from sojourn import Accounts, errors
from sojourn.client.dialects.shotgrid import Password, toolkit
from sojourn.client.dialects.shotgrid.authentication import ShotgunAuthenticator
from tests.client.users.people import Nobody

STUDIO = "https://studio.shotgunstudio.com"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "shotgun"


@pytest.fixture
def written(root):
    def write(text, folder=""):
        path = root / folder / "authentication.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def settings_of(written, site):
    """A machine on which somebody works at two sites, one of them the test's."""
    written(f"current_host: {site.url}\nrecent_hosts: [{site.url}, {STUDIO}]\nshotgun_feature: 7\n")
    written(
        "current_user: bob\nrecent_users: [bob, ann]\nmethod: qt\nusers:\n"
        f"- {{login: ' bob ', session_token: {live(site, 'bob')}}}\n"
        "- {login: ann, session_token: deadbeef, session_metadata: cookies}\n"
        "- {login: eve}\n",
        "127.0.0.1",
    )
    written("current_user: null\nusers: [{login: carl, session_token: '0123456789'}]\n", "studio")


def live(site, login):
    return site.open_session("HumanUser", login)


def test_every_site_and_user_is_taken_over(written, root, store, site):
    settings_of(written, site)
    taken = toolkit.take(toolkit.read(root), store)
    assert taken.problems == ()
    assert {(one.username, one.issuer) for one in taken.accounts} == {
        ("bob", site.url),
        ("ann", site.url),
        ("carl", STUDIO),
    }
    authenticator = ShotgunAuthenticator(prompt=Nobody(), store=store)
    user = authenticator.get_user()
    assert (user.login, user.host, user.are_credentials_expired()) == ("bob", site.url, False)
    ann = authenticator.create_session_user("ann")
    assert (ann.session_metadata, ann.are_credentials_expired()) == ("cookies", True)
    assert authenticator.defaults.get_recent_hosts() == (site.url, STUDIO)
    assert authenticator.defaults.get_recent_logins(site.url) == ("bob", "ann")


def test_nothing_is_asked_of_any_site_and_the_files_stay_as_they_are(written, root, store, site):
    settings_of(written, site)
    before = {path: path.read_bytes() for path in root.rglob("*.yml")}
    toolkit.take(toolkit.read(root), store)
    assert site.calls == []
    assert {path: path.read_bytes() for path in root.rglob("*.yml")} == before


def test_who_is_signed_in_here_already_stays(written, root, store, site):
    settings_of(written, site)
    mine = Accounts(store).login(Password(site.url, "bob", "sesame"), name="mine")
    taken = toolkit.take(toolkit.read(root), store)
    assert taken.known == (f"bob at {site.url}",)
    assert Accounts(store).get("mine").token() == mine.token()
    again = toolkit.take(toolkit.read(root), store)
    assert (again.accounts, len(again.known)) == ((), 3)


def test_who_is_the_default_user_here_already_stays(written, root, store, site):
    settings_of(written, site)
    authenticator = ShotgunAuthenticator(prompt=Nobody(), store=store)
    authenticator.defaults.set_host("https://other.example")
    authenticator.defaults.set_login("zoe")
    toolkit.take(toolkit.read(root), store)
    assert authenticator.get_default_host() == "https://other.example"
    assert authenticator.defaults.get_login() == "zoe"
    assert site.url in authenticator.defaults.get_recent_hosts()


@pytest.mark.parametrize(
    "damage",
    [
        ("users: [", "it is no YAML (line 1)"),
        ("users:\n- {login: bob, session_token: s3cret-of-bob\n", "it is no YAML"),
        ("!!python/object/apply:os.system ['touch /tmp/ran']", "it is no YAML"),
        ("- a list", "it holds no settings"),
        ("just text", "it holds no settings"),
        ("when: 2024-13-45", "it is no YAML"),
        ("a: " + "[" * 3000, "it is no YAML"),
        ("x" * 1_048_577, "it is too large"),
    ],
)
def test_a_damaged_file_is_named_hides_no_other_and_loses_nothing(
    written, root, store, site, damage
):
    """Fault 3 of the Toolkit: a damaged file read as an empty one and was then written over."""
    text, why = damage
    settings_of(written, site)
    path = written(text, "studio")
    taken = toolkit.take(toolkit.read(root), store)
    (problem,) = taken.problems
    assert str(path) in problem
    assert why in problem
    assert "s3cret-of-bob" not in problem
    assert {one.username for one in taken.accounts} == {"bob", "ann"}
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("{session_token: deadbeef}", "has no login"),
        ("[]", "has no login"),
        ("{login: 7, session_token: deadbeef}", "has no login"),
        ("{login: bob, session_token: 7}", "session token of bob is damaged"),
        ("{login: bob, session_token: 'a; b'}", "session token of bob is damaged"),
    ],
)
def test_a_damaged_entry_hides_no_other(written, root, store, entry, why):
    written(f"users: [{entry}, {{login: ann, session_token: deadbeef}}]", "studio")
    taken = toolkit.take(toolkit.read(root), store)
    assert why in taken.problems[0]
    assert [one.username for one in taken.accounts] == ["ann"]


def test_a_file_that_must_not_be_read_is_named(written, root, store, site, monkeypatch):
    settings_of(written, site)
    path = written("users: []", "studio")

    def denied(self, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_text", denied)
    taken = toolkit.take(toolkit.read(root), store)
    assert all("Permission denied" in problem for problem in taken.problems)
    assert len(taken.problems) == 3


def test_a_folder_without_settings_is_told(tmp_path):
    with pytest.raises(errors.ConfigurationError, match="no settings of the Toolkit"):
        toolkit.read(tmp_path)


@pytest.mark.parametrize(
    ("folder", "hosts", "found"),
    [
        ("studio", "[]", STUDIO),
        ("studio", "['https://studio.shotgunstudio.com:8443']", f"{STUDIO}:8443"),
        ("shotgun.studio.lan", "[]", "https://shotgun.studio.lan"),
        ("localhost", "['http://localhost:8080']", "http://localhost:8080"),
    ],
)
def test_a_folder_is_of_the_host_that_it_is_named_after(written, root, folder, hosts, found):
    written(f"recent_hosts: {hosts}")
    written("users: [{login: bob, session_token: deadbeef}]", folder)
    (site,) = toolkit.read(root).sites
    assert site.host == found


def test_no_token_shows_in_what_is_printed(written, root, store, site):
    settings_of(written, site)
    read = toolkit.read(root)
    taken = toolkit.take(read, store)
    token = next(iter(site.tokens))
    assert token not in repr(read) + repr(taken)
    assert token.encode() not in b"".join(
        path.read_bytes() for path in (root.parent / "home").rglob("*") if path.is_file()
    )
    assert token in json.dumps([store.read(one) for one in store.ids()])
