"""Users of ShotGrid under the Toolkit's names: sign-in by prompt, password, token, browser and script, their
connections, and what happens when sessions end in the middle of calls."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import shotgun_api3

import sojourn.client.dialects.shotgrid as sgtk
from sojourn import Accounts, AsyncAuthenticator, errors
from sojourn.client.dialects.shotgrid import Password
from sojourn.client.dialects.shotgrid.authentication import (
    AuthenticationCancelled,
    AuthenticationError,
    DefaultsManager,
    IncompleteCredentials,
    ShotgunAuthenticationError,
    ShotgunAuthenticator,
    ShotgunUser,
    UnresolvableHumanUser,
    UnresolvableScriptUser,
    deserialize_user,
    serialize_user,
)
from sojourn.client.prompt.contract import Answer, Way
from sojourn.testing.scripted_prompt import Fill, GiveCode, ScriptedPrompt
from sojourn.testing.shotgrid import ShotgridInTest
from sojourn.wire import shotgrid
from tests.client.users.people import Asked, Nobody

pytestmark = pytest.mark.peer


def sign_ins(site):
    calls = site.made("POST", shotgrid.RPC)
    return [json.loads(call.body)["method_name"] for call in calls].count("get_session_token")


@pytest.fixture
def authenticator(store, site):
    def made(prompt=None, **options):
        return ShotgunAuthenticator(
            DefaultsManager(site.url), prompt=prompt or Nobody(), store=store, **options
        )

    return made


@pytest.fixture
def connect():
    made = []

    def one(user):
        made.append(user.create_sg_connection())
        return made[-1]

    yield one
    for connection in made:
        connection.close()


def find(connection, login="bob"):
    return connection.find_one("HumanUser", [["login", "is", login]], ["login"])


def test_a_person_signs_in_once_and_is_the_default_user_from_then_on(
    authenticator, site, store, connect
):
    first = authenticator(Asked("sesame", login="bob")).get_user()
    assert isinstance(first, ShotgunUser)
    again = authenticator().get_user()
    assert (str(again), again.login, again.host) == ("bob", "bob", site.url)
    assert repr(again) == f"<ShotgunUser bob @ {site.url}>"
    connection = connect(again)
    assert isinstance(connection, shotgun_api3.Shotgun)
    assert find(connection) == {"type": "HumanUser", "id": 1, "login": "bob"}
    assert again.resolve_entity() == {"type": "HumanUser", "id": 1}
    assert sign_ins(site) == 1
    assert "sesame" not in json.dumps([store.read(one) for one in store.ids()])


def test_a_second_factor_is_asked_for_after_the_password(authenticator, site):
    prompt = ScriptedPrompt(Fill("lotus", login="ann"), GiveCode("000000"), GiveCode("123456"))
    user = authenticator(prompt).get_user_from_prompt()
    assert (user.login, user.are_credentials_expired()) == ("ann", False)


def test_whoever_approves_in_the_browser_is_the_user(authenticator, site, store):
    class Browser:
        def ask(self, form, attempt):
            assert form.ways == (Way.PASSWORD, Way.BROWSER)

            def show(text):
                site.approve(site.launches[-1], "bob")

            return attempt(Answer(form.host, way=Way.BROWSER, show=show))

    user = authenticator(Browser()).get_user_from_prompt()
    assert (user.login, user.resolve_entity()["id"]) == ("bob", 1)
    site.expire()
    asked = Asked("sesame")
    kept = authenticator(asked).create_session_user("bob")
    kept.refresh_credentials()
    assert (asked.forms[0].login, asked.forms[0].login_fixed) == ("bob", True)
    site.expire()
    again = authenticator(Browser()).create_session_user("bob")
    again.refresh_credentials()
    assert again.are_credentials_expired() is False


def test_somebody_else_who_approves_in_the_browser_does_not_become_the_user(authenticator, site):
    site.add_user("eve", "apple")
    problems = []

    class Browser:
        def ask(self, form, attempt):
            def show(text):
                site.approve(site.launches[-1], "eve")

            try:
                return attempt(Answer(form.host, way=Way.BROWSER, show=show))
            except errors.AuthenticationError as error:
                problems.append(str(error))
                raise AuthenticationCancelled from error

    authenticator().create_session_user("bob", password="sesame")
    site.expire()
    user = authenticator(Browser()).create_session_user("bob")
    with pytest.raises(AuthenticationCancelled):
        user.refresh_credentials()
    assert problems == ["eve approved the sign-in, and it is for bob."]
    assert user.login == "bob"


def test_a_user_is_made_from_a_password_a_token_or_what_is_kept(authenticator, site):
    first = authenticator().create_session_user("bob", password="sesame")
    token = next(iter(site.tokens))
    assert authenticator().create_session_user(" BOB ").login == "bob"
    by_token = authenticator().create_session_user("bob", session_token=token)
    assert [one.are_credentials_expired() for one in (first, by_token)] == [False, False]
    with pytest.raises(IncompleteCredentials):
        authenticator().create_session_user("ann")
    with pytest.raises(errors.Malformed):
        authenticator().create_session_user("bob", session_token="a; b")
    with pytest.raises(AuthenticationError):
        authenticator().create_session_user("bob", password="wrong")


def test_a_script_never_expires_and_is_nobodys_default(authenticator, site, connect):
    user = authenticator().create_script_user("publisher", "key of publisher")
    assert (user.login, str(user), user.are_credentials_expired()) == (None, "publisher", False)
    assert find(connect(user))["login"] == "bob"
    assert user.resolve_entity() == {"type": "ApiUser", "id": 1}
    assert authenticator().get_default_user() is None


def test_a_defaults_manager_says_who_it_is(store, site):
    class Farm(DefaultsManager):
        def get_host(self):
            return site.url

        def get_user_credentials(self):
            return {"api_script": "publisher", "api_key": "key of publisher"}

    user = ShotgunAuthenticator(Farm(), store=store).get_user()
    assert isinstance(user, ShotgunUser)
    assert user.resolve_entity()["type"] == "ApiUser"


def test_who_the_site_does_not_know_is_unresolvable(authenticator, site):
    user = authenticator().create_session_user("bob", password="sesame")
    script = authenticator().create_script_user("publisher", "key of publisher")
    for entities in site.entities.values():
        entities.clear()
    with pytest.raises(UnresolvableHumanUser):
        user.resolve_entity()
    with pytest.raises(UnresolvableScriptUser):
        script.resolve_entity()


def test_the_session_that_ends_in_the_middle_is_asked_for_once_by_twelve_threads(
    authenticator, site, connect
):
    asked = Asked("sesame")
    user = authenticator(asked).create_session_user("bob", password="sesame")
    connections = [connect(user) for _ in range(12)]
    for connection in connections:
        find(connection)
    site.expire()
    with ThreadPoolExecutor(12) as pool:
        assert [one["id"] for one in pool.map(find, connections)] == [1] * 12
    assert (len(asked.forms), sign_ins(site)) == (1, 2)


def test_two_users_who_expire_together_are_each_asked_and_each_get_their_own_token(
    authenticator, site, connect
):
    """Fault 1 of the Toolkit: the state of a renewal was shared by all users."""
    site.add_user("eve", "apple")
    together = threading.Event()
    passwords = {"bob": "sesame", "eve": "apple"}
    asked = Asked(passwords, passwords, begin=together)
    users = [
        authenticator(asked).create_session_user(login, password=password)
        for login, password in passwords.items()
    ]
    connections = [(connect(user), user.login) for user in users for _ in range(3)]
    for connection, login in connections:
        find(connection, login)
    site.expire()
    with ThreadPoolExecutor(6) as pool:
        found = [pool.submit(find, *pair) for pair in connections]
        while len(asked.forms) < 2 and not any(one.done() for one in found):
            asked.asking.wait(0.01)
        together.set()
        assert [one.result()["login"] for one in found] == ["bob"] * 3 + ["eve"] * 3
    assert sorted(str(form.login) for form in asked.forms) == ["bob", "eve"]
    for connection, login in connections:
        assert site.tokens[connection.config.session_token] == ("HumanUser", login)


def test_a_cancel_is_one_for_all_who_wait_and_leaves_the_user_able_to_try_again(
    authenticator, site, connect
):
    """Fault 5 of the Toolkit: a cancel locked the user out for good."""
    begin = threading.Event()
    asked = Asked(begin=begin)
    user = authenticator(asked).create_session_user("bob", password="sesame")
    connections = [connect(user) for _ in range(4)]
    for connection in connections:
        find(connection)
    site.expire()

    def refused(connection):
        try:
            find(connection)
        except AuthenticationCancelled:
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(refused, connection) for connection in connections]
        assert asked.asking.wait(30)
        begin.set()
        assert [one.result() for one in waiting] == [True] * 4
    asked._passwords.append("sesame")
    assert find(connections[0])["id"] == 1


def test_what_another_process_renewed_is_used_without_asking(authenticator, site, connect):
    user = authenticator().create_session_user("bob", password="sesame")
    find(connect(user))
    site.expire()
    authenticator().create_session_user("bob", password="sesame")  # as another program would
    assert find(connect(user))["id"] == 1
    assert sign_ins(site) == 2


def test_a_kept_password_that_is_good_no_more_is_asked_for_anew(store, site, authenticator):
    kept = Password(site.url, "bob", "sesame", keep_password=True)
    Accounts(store).login(kept)
    site.add_user("bob", "open")
    site.expire()
    asked = Asked("open")
    assert authenticator(asked).create_session_user("bob").resolve_entity()["id"] == 1
    assert len(asked.forms) == 1


@pytest.mark.parametrize("method", ["default", "saml2"])
def test_expiry_is_told_and_asks_nobody(authenticator, site, method):
    user = authenticator().create_session_user("bob", password="sesame")
    site.leave_sign_ins_to(method)
    assert user.are_credentials_expired() is False
    site.expire()
    assert user.are_credentials_expired() is True


def test_after_an_expiry_another_site_can_be_chosen(authenticator, site, store):
    """Fault 5 of the Toolkit: switching the site after an expiry failed."""
    authenticator().create_session_user("bob", password="sesame")
    site.expire()
    with ShotgridInTest() as other:
        other.add_user("zoe", "zebra")
        prompt = Asked("zebra", host=other.url, login="zoe")
        user = ShotgunAuthenticator(prompt=prompt, store=store).get_user_from_prompt(
            site.url, "bob"
        )
        assert (user.host, user.login, user.resolve_entity()["id"]) == (other.url, "zoe", 1)
    assert authenticator().create_session_user("bob").are_credentials_expired() is True


def test_users_of_shotgrid_work_on_an_event_loop(store, site):
    """Fault 7 of the Toolkit: there was nothing for event loops."""

    async def main():
        made = AsyncAuthenticator(DefaultsManager(site.url), kind="shotgrid", store=store)
        user = await made.create_session_user("bob", password="sesame")
        async with await user.create_session(trust_env=False) as session:
            answer = await session.get(f"{site.url}/api/v1/entity/shots")
        return answer.json()["data"]["id"], (await user.resolve_entity())["id"]

    assert asyncio.run(main()) == ("bob", 1)


def test_a_site_that_signs_in_elsewhere_tells_the_person_to_use_the_browser(authenticator, site):
    site.leave_sign_ins_to("saml2")
    prompt = Asked("sesame", login="bob")
    with pytest.raises(AuthenticationCancelled):
        authenticator(prompt).get_user_from_prompt()
    assert "in the browser" in prompt.problems[0]


def test_the_default_user_is_cleared_though_the_site_cannot_end_a_session(authenticator, site):
    authenticator(Asked("sesame", login="bob")).get_user()
    cleared = authenticator().clear_default_user()
    assert isinstance(cleared, ShotgunUser)
    assert authenticator().get_default_user() is None


def test_a_serialised_user_comes_back_as_one_of_shotgrid(authenticator, site, connect):
    user = authenticator().create_session_user("bob", password="sesame")
    text = serialize_user(user)
    assert next(iter(site.tokens)) not in text
    for payload in (text, text.encode()):
        again = deserialize_user(payload)
        assert isinstance(again, ShotgunUser)
        assert find(connect(again))["id"] == 1
    script = authenticator().create_script_user("publisher", "key of publisher")
    assert deserialize_user(serialize_user(script)).resolve_entity()["type"] == "ApiUser"


def test_the_toolkits_json_is_read_where_it_is_asked_for_also_as_bytes_and_its_pickles_never(
    authenticator, site, store
):
    """Fault 2 of the Toolkit: JSON as bytes, and whatever is no JSON, was unpickled."""
    authenticator().create_session_user("bob", password="sesame")
    data = {"host": site.url, "http_proxy": None, "login": "bob"}
    data["session_token"] = next(iter(site.tokens))
    theirs = json.dumps({"type": "SessionUser", "data": data})
    for payload in (theirs, theirs.encode()):
        assert deserialize_user(payload, compat=True).resolve_entity()["id"] == 1
        with pytest.raises(errors.BadSerializedUser):
            deserialize_user(payload)

    class Evil:
        def __reduce__(self):
            return exec, ("raise SystemExit('it ran')",)

    for payload in (pickle.dumps(Evil()), pickle.dumps(Evil(), 0).decode("latin-1")):
        with pytest.raises(errors.BadSerializedUser):
            deserialize_user(payload, compat=True)


def test_session_metadata_is_kept_of_old_users_and_new_ones(authenticator, site, store):
    """Fault 6 of the Toolkit: metadata of a user who had none before was never stored, and a user made again by login
    only came without it."""
    authenticator().create_session_user("bob", password="sesame")
    token = next(iter(site.tokens))
    authenticator().create_session_user("bob", session_token=token, session_metadata="cookies")
    assert authenticator().create_session_user("bob").session_metadata == "cookies"


def test_the_errors_are_the_toolkits_tree():
    for kind in (AuthenticationError, IncompleteCredentials, AuthenticationCancelled):
        assert issubclass(kind, ShotgunAuthenticationError)
    assert issubclass(UnresolvableHumanUser, ShotgunAuthenticationError)
    assert sgtk.authentication.ShotgunAuthenticationError is errors.CredentialError
