"""The authenticator: where a user comes from, what is remembered of them, and what is not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from sojourn import (
    Accounts,
    AsyncAuthenticator,
    Authenticator,
    DefaultsManager,
    User,
    deserialize_user,
    errors,
    get_authenticated_user,
    set_authenticated_user,
)
from tests.client.users.people import Asked, Nobody

PATH = "/REST/Zone/ada.example/"


def zone(user, host):
    with user.create_session(trust_env=False) as session:
        return session.get(f"{host}{PATH}").json()["data"]["zone"]


@pytest.fixture
def authenticator(store, dynect):
    """Of DynECT, whose prompt nobody may use."""
    return Authenticator(DefaultsManager(dynect.url), kind="dynect", prompt=Nobody())


def test_a_password_becomes_a_token_at_once_and_is_kept_nowhere(authenticator, dynect, store):
    user = authenticator.create_session_user("acme/ada", password="ada's")
    assert (user.login, user.host, user.http_proxy) == ("acme/ada", dynect.url, None)
    assert len(dynect.tokens) == 1
    assert "ada's" not in json.dumps([store.read(one) for one in store.ids()])
    assert "ada's" not in json.dumps(user.auth.record())
    assert zone(user, dynect.url) == "ada.example"


def test_a_new_user_is_in_the_store_at_once_and_another_process_has_them_by_login(
    authenticator, dynect
):
    authenticator.create_session_user("acme/ada", password="ada's")
    later = Authenticator(kind="dynect", prompt=Nobody())
    for spelled in ("acme/ada", " ACME/Ada "):
        user = later.create_session_user(spelled, host=dynect.url)
        assert user.login == "acme/ada"
        assert zone(user, dynect.url) == "ada.example"
    assert len(dynect.made("POST", "/REST/Session/")) == 1


def test_a_session_token_needs_no_server_to_become_a_user(authenticator, dynect):
    dynect.tokens["from-elsewhere"] = ("acme", "ada")
    user = authenticator.create_session_user("acme/ada", session_token="from-elsewhere")
    assert dynect.calls == []
    assert zone(user, dynect.url) == "ada.example"


def test_without_password_token_or_store_the_credentials_are_incomplete(authenticator):
    with pytest.raises(errors.IncompleteCredentials, match="Nothing is stored of acme/ada"):
        authenticator.create_session_user("acme/ada")


def test_a_wrong_password_is_refused_and_leaves_nothing_behind(authenticator, store):
    with pytest.raises(errors.AuthenticationError, match="credentials"):
        authenticator.create_session_user("acme/ada", password="wrong")
    assert store.ids() == []


def test_without_a_host_the_credentials_are_incomplete(store):
    keystone = Authenticator(kind="keystone", prompt=Nobody())
    with pytest.raises(errors.IncompleteCredentials, match="Which Keystone"):
        keystone.create_session_user("ada", password="secret")
    with pytest.raises(errors.IncompleteCredentials, match="is not a host"):
        keystone.create_session_user("ada", password="secret", host="ftp://x")


def test_a_script_signs_in_by_its_key_and_is_not_stored(authenticator, dynect, store):
    script = authenticator.create_script_user("acme/ada", "ada's")
    assert (script.login, str(script)) == (None, "acme/ada")
    assert zone(script, dynect.url) == "ada.example"
    assert store.ids() == []
    assert script.are_credentials_expired() is False
    with pytest.raises(errors.IncompleteCredentials):
        authenticator.create_script_user("acme/ada", "")


def test_whoever_is_asked_once_is_the_default_user_from_then_on(store, dynect):
    asked = Asked("ada's", host=dynect.url, login=" acme/ada ")
    user = Authenticator(kind="dynect", prompt=asked).get_user()
    again = Authenticator(kind="dynect", prompt=Nobody())
    found = again.get_user()
    assert isinstance(found, User)
    assert (user.login, found.login, found.host) == ("acme/ada", "acme/ada", dynect.url)
    assert again.get_default_host() == dynect.url
    assert len(dynect.made("POST", "/REST/Session/")) == 1


def test_a_wrong_answer_is_asked_for_again_and_a_cancel_leaves_nobody(store, dynect):
    asked = Asked("wrong", "ada's", host=dynect.url, login="acme/ada")
    authenticator = Authenticator(kind="dynect", prompt=asked)
    assert authenticator.get_user().login == "acme/ada"
    assert "credentials" in asked.problems[0]
    with pytest.raises(errors.AuthenticationCancelled):
        Authenticator(kind="dynect", prompt=Asked()).get_user_from_prompt()


def test_half_a_login_is_asked_for_again(store, dynect):
    asked = Asked("x", host=dynect.url, login="ada")
    with pytest.raises(errors.AuthenticationCancelled):
        Authenticator(kind="dynect", prompt=asked).get_user()
    assert asked.problems == ["DynECT needs the customer as well: write customer/user."]


def test_a_fixed_host_is_not_asked_for_and_what_was_used_is_offered(store, dynect):
    defaults = DefaultsManager(dynect.url)
    for who in ("ada", "grace"):
        asked = Asked(f"{who}'s", host="http://elsewhere.example", login=f"acme/{who}")
        authenticator = Authenticator(defaults, kind="dynect", prompt=asked)
        authenticator.clear_default_user()
        authenticator.get_user()
    form = asked.forms[-1]
    assert (form.host, form.host_fixed) == (dynect.url, True)
    assert (form.service, form.recent_logins) == ("DynECT", ("acme/ada",))


def test_eight_hosts_and_logins_are_remembered_the_last_one_first(store):
    defaults = DefaultsManager()
    defaults.serve("keystone", store)
    for number in range(12):
        defaults.set_host(f"https://h{number}.example")
    defaults.set_host("https://H9.example")
    for number in range(12):
        defaults.set_login(f" user{number} ")
    defaults.set_login("USER7")
    hosts = defaults.get_recent_hosts()
    assert [one.partition("//")[2].partition(".")[0] for one in hosts] == [
        "H9", "h11", "h10", "h8", "h7", "h6", "h5", "h4",
    ]  # fmt: skip
    logins = defaults.get_recent_logins("https://H9.example")
    assert logins == ("USER7", "user11", "user10", "user9", "user8", "user6", "user5", "user4")
    assert defaults.get_login() == "USER7"
    elsewhere = DefaultsManager()
    elsewhere.serve("shotgrid", store)
    assert elsewhere.get_host() is None


def test_a_profile_that_a_person_broke_is_named_left_as_it_is_and_not_needed(store, dynect):
    Path(store.paths.config).mkdir(parents=True)
    Path(store.paths.profile).write_text("{ not json")
    authenticator = Authenticator(kind="dynect", prompt=Nobody())
    for asked in (authenticator.get_default_user, authenticator.get_user_from_prompt):
        with pytest.raises(errors.ConfigurationError, match=r"profile\.json .* Mend it or remove"):
            asked()
    user = authenticator.create_session_user("acme/ada", password="ada's", host=dynect.url)
    assert zone(user, dynect.url) == "ada.example"
    assert Path(store.paths.profile).read_text() == "{ not json"


def test_clearing_the_default_user_ends_the_session_at_the_server_too(store, dynect):
    authenticator = Authenticator(
        DefaultsManager(dynect.url), kind="dynect", prompt=Asked("ada's", login="acme/ada")
    )
    assert authenticator.clear_default_user() is None
    user = authenticator.get_user()
    cleared = authenticator.clear_default_user()
    assert cleared is not None
    assert cleared.login == "acme/ada"
    assert (dynect.tokens, store.ids()) == ({}, [])
    assert authenticator.get_default_user() is None
    with pytest.raises(errors.InteractionRequired, match="signed out"):
        zone(user, dynect.url)


@pytest.mark.parametrize(
    ("given", "login"),
    [
        ({"api_script": "acme/ada", "api_key": "ada's"}, None),
        ({"login": "acme/ada", "password": "ada's"}, "acme/ada"),
        ({"login": "acme/ada", "session_token": "held"}, "acme/ada"),
    ],
)
def test_a_defaults_manager_gives_the_default_user(store, dynect, given, login):
    class Ours(DefaultsManager):
        def get_user_credentials(self):
            return given

        def get_host(self):
            return dynect.url

    dynect.tokens["held"] = ("acme", "ada")
    user = Authenticator(Ours(), kind="dynect", prompt=Nobody()).get_user()
    assert user.login == login
    assert zone(user, dynect.url) == "ada.example"


def test_a_defaults_manager_is_for_one_dialect(store):
    defaults = DefaultsManager("https://x.example")
    for _ in range(2):
        Authenticator(defaults, kind="dynect")
    with pytest.raises(errors.ConfigurationError, match="cannot be for those of keystone"):
        Authenticator(defaults, kind="keystone")


@pytest.mark.parametrize("given", [{}, {"api_script": "x"}, {"password": "x"}])
def test_half_of_something_from_a_defaults_manager_is_an_error(store, dynect, given):
    class Ours(DefaultsManager):
        def get_user_credentials(self):
            return given

    with pytest.raises(errors.IncompleteCredentials, match="defaults manager"):
        Authenticator(Ours(dynect.url), kind="dynect").get_default_user()


def test_an_account_of_the_command_line_is_the_default_user(store, dynect):
    first = Authenticator(DefaultsManager(dynect.url), kind="dynect")
    first.create_session_user("acme/ada", password="ada's")
    Accounts(store).choose(store.ids()[0])
    user = Authenticator(DefaultsManager(dynect.url), kind="dynect").get_default_user()
    assert user is not None
    assert user.login == "acme/ada"
    assert Authenticator(kind="keystone").get_default_user() is None


def test_the_page_s_four_exceptions_stand_in_its_hierarchy():
    for kind in (
        errors.AuthenticationError,
        errors.IncompleteCredentials,
        errors.AuthenticationCancelled,
    ):
        assert issubclass(kind, errors.CredentialError)


def test_a_user_shows_who_they_are_and_nothing_secret(authenticator, dynect):
    proxy = "Ada:Pass-Word@proxy.example:3128"
    user = authenticator.create_session_user("acme/ada", session_token="tok", http_proxy=proxy)
    script = authenticator.create_script_user("acme/ada", "ada's", http_proxy=proxy)
    assert repr(user) == f"<User acme/ada @ {dynect.url}>"
    assert str(user) == "acme/ada"
    assert user.http_proxy == f"http://{proxy}"
    for shown in (user, script, user.who, script.script, authenticator, user.auth):
        for secret in ("tok", "ada's", "Pass-Word"):
            assert secret not in f"{shown!r} {shown}".replace("token", "")


def test_the_process_has_one_user_for_code_that_cannot_ask(authenticator):
    assert get_authenticated_user() is None
    user = authenticator.create_script_user("acme/ada", "ada's")
    set_authenticated_user(user)
    try:
        assert get_authenticated_user() is user
    finally:
        set_authenticated_user(None)


def test_event_loops_have_the_same(store, dynect):
    async def work():
        asked = Asked("ada's", login="acme/ada")
        authenticator = AsyncAuthenticator(DefaultsManager(dynect.url), kind="dynect", prompt=asked)
        assert await authenticator.get_default_user() is None
        user = await authenticator.get_user()
        assert await user.are_credentials_expired() is False
        async with await user.create_session(trust_env=False) as session:
            answer = await session.get(f"{dynect.url}{PATH}")
        entity = await user.resolve_entity()
        assert repr(deserialize_user(await user.serialize())) == repr(user.facts)
        await authenticator.clear_default_user()
        return answer.json()["data"]["zone"], entity, repr(user)

    shown = f"<AsyncUser acme/ada @ {dynect.url}>"
    assert asyncio.run(work()) == ("ada.example", {"type": "User", "id": "ada"}, shown)
