"""What the Toolkit's users suffered from, one test a fault that is not shown elsewhere in this folder."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from sojourn import Authenticator, DefaultsManager, deserialize_user, errors, serialize_user
from sojourn.testing.dynect import DynectInTest
from tests.client.users.people import Asked, Nobody


def zones(user, dynect):
    with user.create_session(trust_env=False) as session:
        return session.get(f"{dynect.url}/REST/Zone/").json()["data"]


def test_debug_logs_hold_no_password_key_or_token(store, dynect, caplog):
    """Its logs hold raw bodies with passwords and keys, and the launcher logs the session's token."""
    caplog.set_level(logging.DEBUG)
    asked = Asked("wrong-secret", "ada's", login="acme/ada")
    authenticator = Authenticator(DefaultsManager(dynect.url), kind="dynect", prompt=asked)
    user = authenticator.get_user()
    zones(user, dynect)
    held = list(dynect.tokens)
    dynect.expire()
    asked._passwords.append("ada's")
    zones(user, dynect)
    zones(authenticator.create_script_user("acme/grace", "grace's"), dynect)
    text = serialize_user(user)
    zones(deserialize_user(text), dynect)
    assert caplog.text
    for secret in ("wrong-secret", "ada's", "grace's", *held, *dynect.tokens, text):
        assert secret not in caplog.text


def test_a_record_without_a_token_is_a_user_who_is_asked(store, dynect):
    """A missing session_token crashed the desktop."""
    first = Authenticator(DefaultsManager(dynect.url), kind="dynect", prompt=Nobody())
    account = first.create_session_user("acme/ada", password="ada's").account
    assert account is not None
    record = store.read(account)
    emptied: list[dict[str, Any]] = [{}, {"token": None}, {"token": {}}]
    for secrets in emptied:
        store.write(account, {**record, "secrets": secrets})
        asked = Asked("ada's")
        again = Authenticator(DefaultsManager(dynect.url), kind="dynect", prompt=asked)
        user = again.create_session_user("acme/ada")
        assert zones(user, dynect) == ["/REST/Zone/ada.example/"]
        assert len(asked.forms) == 1


def test_another_site_can_be_chosen_while_the_first_has_expired(store, dynect):
    """Switching site after expiry was not possible."""
    Authenticator(
        kind="dynect", prompt=Asked("ada's", host=dynect.url, login="acme/ada")
    ).get_user()
    dynect.expire()
    with DynectInTest() as other:
        other.add_user("acme", "ada", "elsewhere", zones=["other.example"])
        asked = Asked("elsewhere", host=other.url)
        authenticator = Authenticator(kind="dynect", prompt=asked)
        user = authenticator.get_user_from_prompt()
        assert asked.forms[0].recent_hosts == (dynect.url,)
        assert zones(user, other) == ["/REST/Zone/other.example/"]
        authenticator.defaults.set_host(user.host)
        authenticator.defaults.set_login(str(user))
        found = Authenticator(kind="dynect", prompt=Nobody()).get_default_user()
        assert found is not None
        assert found.host == other.url
    assert store.ids()
    assert len(store.ids()) == 2


def test_the_password_of_a_proxy_is_not_changed(store):
    """It writes proxies, passwords with them, in small letters."""
    authenticator = Authenticator(DefaultsManager("https://x.example"), kind="dynect")
    for given in ("Ada:PaSs@Proxy.Example:3128", "http://Ada:PaSs@Proxy.Example:3128"):
        user = authenticator.create_session_user("acme/ada", session_token="t", http_proxy=given)
        assert user.http_proxy == "http://Ada:PaSs@Proxy.Example:3128"
        assert deserialize_user(serialize_user(user)).http_proxy == user.http_proxy


def test_a_cancel_locks_nobody_out(store, dynect):
    """A person who cancelled once was locked out for good."""
    authenticator = Authenticator(DefaultsManager(dynect.url), kind="dynect", prompt=Asked())
    for _ in range(3):
        with pytest.raises(errors.AuthenticationCancelled):
            authenticator.get_user()
    asked = Asked("ada's", login="acme/ada")
    again = Authenticator(DefaultsManager(dynect.url), kind="dynect", prompt=asked)
    assert again.get_user().login == "acme/ada"


def test_answers_have_names(store, dynect):
    """Its results are bare tuples of five."""
    user = Authenticator(DefaultsManager(dynect.url), kind="dynect").create_session_user(
        "acme/ada", password="ada's"
    )
    assert user.who._asdict() == {
        "kind": "dynect",
        "host": dynect.url,
        "login": "acme/ada",
        "subject": "acme/ada",
        "script": None,
        "http_proxy": None,
    }
