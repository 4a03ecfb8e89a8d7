"""Users of every dialect: the same calls, and what differs."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from pathlib import Path

import pytest

from sojourn import (
    Accounts,
    AsyncSession,
    Authenticator,
    DefaultsManager,
    deserialize_user,
    errors,
    serialize_user,
)
from sojourn.client.dialects.keystone import v3
from sojourn.client.prompt.contract import Way
from sojourn.testing.server import ServerInTest
from tests.client.certificates import certificate
from tests.client.servers import ok
from tests.client.small_keystone import GO_ON, SmallKeystone
from tests.client.users.people import Asked, Nobody

PERSON = Path(__file__).parents[2] / "cli" / "person.py"


class Checking(SmallKeystone):
    """A small Keystone that also says what a token is."""

    def _token(self, received):
        if received.method != "GET":
            return super()._token(received)
        secret = received.headers["x-subject-token"]
        return self.token(secret) if secret in self.live else ok({"error": {}}, 404)


@pytest.fixture
def keystone(serve):
    keystone = Checking()
    return keystone.at(serve(keystone.answer))


def test_a_keystone_user_has_a_catalog_and_no_password(store, keystone):
    authenticator = Authenticator(DefaultsManager(keystone.url), kind="keystone", prompt=Nobody())
    user = authenticator.create_session_user("ada", password="right")
    assert "right" not in json.dumps([store.read(one) for one in store.ids()])
    with user.create_session(trust_env=False) as session:
        found = session.get("/servers", endpoint_filter={"service_type": "compute"})
        assert found.json()["path"] == "/compute/v2.1/p-1/servers"
    assert user.resolve_entity() == {"type": "User", "id": "u-ada"}
    assert user.are_credentials_expired() is False
    keystone.live.clear()
    assert user.are_credentials_expired() is True


def test_what_the_service_is_known_by_is_kept_with_the_user(store, serve, tmp_path):
    authority, context = certificate(tmp_path)
    keystone = Checking()
    keystone.at(serve(keystone.answer, tls=context))

    class Ours(DefaultsManager):
        def get_options(self):
            return {"verify": authority}

    with pytest.raises(errors.SSLFailure):
        Authenticator(DefaultsManager(keystone.url), kind="keystone").create_session_user(
            "ada", password="right"
        )
    Authenticator(Ours(keystone.url), kind="keystone").create_session_user("ada", password="right")
    user = Authenticator(DefaultsManager(keystone.url), kind="keystone").create_session_user("ada")
    assert user.are_credentials_expired() is False
    for one in (user, deserialize_user(serialize_user(user))):
        with one.create_session(trust_env=False) as session:
            assert session.get(f"{keystone.url}/x").status_code == 200
            assert session.get_token()

    async def awaited():
        async with AsyncSession(user.auth, trust_env=False) as session:
            return await session.get_token(), (await session.get(f"{keystone.url}/x")).ok

    assert asyncio.run(awaited()) == ("token-1", True)


def test_a_keystone_user_is_asked_again_when_the_token_is_refused(store, keystone):
    asked = Asked("wrong", "right")
    authenticator = Authenticator(DefaultsManager(keystone.url), kind="keystone", prompt=asked)
    user = authenticator.create_session_user("ada", password="right")
    keystone.live.clear()
    with user.create_session(trust_env=False) as session:
        assert session.get(f"{keystone.url}/x").status_code == 200
    form = asked.forms[0]
    assert (form.host, form.host_fixed) == (keystone.url, True)
    assert (form.login, form.login_fixed, form.extra) == ("ada", True, ())
    assert len(asked.problems) == 1


def test_a_keystone_token_from_elsewhere_becomes_a_user(store, keystone):
    authenticator = Authenticator(DefaultsManager(keystone.url), kind="keystone", prompt=Nobody())
    keystone.live.add("from-elsewhere")
    user = authenticator.create_session_user("ada", session_token="from-elsewhere")
    assert user.resolve_entity()["id"] == "u-ada"
    with pytest.raises(errors.AuthenticationError, match="does not take the token"):
        authenticator.create_session_user("ada", session_token="dead")


def test_domain_and_project_come_from_options_and_from_the_prompt(store, keystone):
    class Ours(DefaultsManager):
        def get_options(self):
            return {"user_domain_name": "Films"}

    extra = {"project_name": "dune"}
    asked = Asked("right", login="ada", extra=extra)
    Authenticator(Ours(keystone.url), kind="keystone", prompt=asked).get_user()
    body = keystone.bodies[-1]
    assert body["identity"]["password"]["user"]["domain"] == {"name": "Films"}
    assert body["scope"]["project"] == {"name": "dune", "domain": {"name": "Films"}}


def test_options_stand_in_the_form_and_what_is_left_blank_there_takes_none_away(store, keystone):
    class Ours(DefaultsManager):
        def get_options(self):
            return {"user_domain_name": "Films", "project_name": "dune"}

    asked = Asked("right", login="ada", extra={"user_domain_name": "Films", "project_name": ""})
    Authenticator(Ours(keystone.url), kind="keystone", prompt=asked).get_user()
    shown = {field.name: field.value for field in asked.forms[0].extra}
    assert shown == {"user_domain_name": "Films", "project_name": "dune"}
    assert keystone.bodies[-1]["scope"]["project"]["name"] == "dune"


def test_an_account_that_keeps_its_password_is_a_user_who_renews_alone(store, keystone):
    Accounts(store).login(v3.Password(keystone.url, username="ada", password="right"))
    user = Authenticator(DefaultsManager(keystone.url), kind="keystone", prompt=Nobody()).get_user()
    assert user.login == "ada"
    assert user.are_credentials_expired() is False
    keystone.live.clear()
    with user.create_session(trust_env=False) as session:
        assert session.get(f"{keystone.url}/x").status_code == 200
    assert user.are_credentials_expired() is False


def test_keystone_asks_for_a_second_factor(store, keystone):
    def both(received):
        methods = json.loads(received.body)["auth"]["identity"]["methods"]
        if methods == ["password", "totp"]:
            return GO_ON
        body = {"receipt": {"methods": ["password"], "user": {"id": "u-ada"}}}
        required = {"required_auth_methods": [["password", "totp"]]}
        return ok({**body, **required}, 401, Openstack_Auth_Receipt="r")

    class WithCode(Asked):
        def ask(self, form, attempt):
            answer = self._answer(form)
            with pytest.raises(errors.SecondFactorRequired, match="passcode"):
                attempt(answer)
            return attempt(answer._replace(code="123456"))

    keystone.on_sign_in = both
    prompt = WithCode("right", login="ada")
    user = Authenticator(DefaultsManager(keystone.url), kind="keystone", prompt=prompt).get_user()
    assert user.login == "ada"
    assert keystone.bodies[-1]["identity"]["totp"]["user"]["passcode"] == "123456"


def test_a_keystone_script_is_an_application_credential(store, keystone):
    authenticator = Authenticator(DefaultsManager(keystone.url), kind="keystone")
    script = authenticator.create_script_user("app-id", "app-secret")
    with script.create_session(trust_env=False) as session:
        assert session.get(f"{keystone.url}/x").status_code == 200
    assert keystone.bodies[-1]["identity"]["methods"] == ["application_credential"]


@pytest.fixture
def sojourn_server(tmp_path):
    with ServerInTest(tmp_path / "server") as server:
        server.add_user("ada", "a long password of ada's", claims={"name": "Ada"})
        server.add_user("grace", "a long password of grace's")
        yield server


@pytest.fixture
def browser(monkeypatch):
    """Let ada sit at this process's browser."""
    monkeypatch.setenv("BROWSER", f"{sys.executable} {PERSON} %s")
    monkeypatch.setenv("PERSON_LOGIN", "ada")
    monkeypatch.setenv("PERSON_PASSWORD", "a long password of ada's")


def test_a_user_of_our_own_server_signs_in_in_the_browser_and_renews_silently(
    store, sojourn_server, browser
):
    defaults = DefaultsManager(sojourn_server.issuer)
    asked = Asked("", way=Way.BROWSER)
    user = Authenticator(defaults, prompt=asked).get_user()
    assert asked.forms[0].ways == (Way.BROWSER,)
    assert user.login == "ada"
    again = Authenticator(DefaultsManager(sojourn_server.issuer), prompt=Nobody()).get_user()
    assert again.login == "ada"
    assert again.are_credentials_expired() is False
    before = again.auth.record()["secrets"]["token"]["access_token"]
    again.refresh_credentials()
    assert again.auth.record()["secrets"]["token"]["access_token"] != before
    assert again.resolve_entity()["type"] == "User"


def test_a_program_without_window_and_terminal_asks_in_the_browser_all_the_same(
    store, sojourn_server, browser
):
    user = Authenticator(DefaultsManager(sojourn_server.issuer)).get_user()
    assert user.login == "ada"


def test_whoever_else_signs_in_does_not_become_the_user(
    store, sojourn_server, browser, monkeypatch
):
    user = Authenticator(DefaultsManager(sojourn_server.issuer)).get_user()
    monkeypatch.setenv("PERSON_LOGIN", "grace")
    monkeypatch.setenv("PERSON_PASSWORD", "a long password of grace's")
    ended = user.auth.record()
    secrets = {**ended["secrets"], "token": {**ended["secrets"]["token"], "refresh_token": None}}
    assert user.account is not None
    store.write(user.account, {**store.read(user.account), "secrets": secrets})
    with pytest.raises(errors.AuthenticationError, match="another person"):
        user.refresh_credentials()
    assert store.read(user.account)["login"] == "ada"


def test_openid_connect_takes_no_password_from_programs(store):
    authenticator = Authenticator(DefaultsManager("https://id.example"))
    with pytest.raises(errors.IncompleteCredentials, match=r"RFC 9700 §2\.4"):
        authenticator.create_session_user("ada", password="x")


def test_a_host_that_cannot_be_reached_counts_as_expired(authenticator_of_nowhere):
    assert authenticator_of_nowhere.are_credentials_expired() is True


@pytest.fixture
def authenticator_of_nowhere(store):
    authenticator = Authenticator(DefaultsManager("http://127.0.0.1:9"), kind="dynect")
    return authenticator.create_session_user("acme/ada", session_token="x")


@pytest.mark.parametrize(
    ("kind", "why"),
    [("telepathy", "neither this release has"), ("Keystone", "neither this release has")],
)
def test_a_dialect_without_users_says_so(kind, why):
    with pytest.raises(errors.ConfigurationError, match=why):
        Authenticator(kind=kind)


def test_threads_build_one_plugin(store, dynect):
    authenticator = Authenticator(DefaultsManager(dynect.url), kind="dynect")
    authenticator.create_session_user("acme/ada", password="ada's")
    user = authenticator.create_session_user("acme/ada")
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(user.auth)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, seen))) == 1
