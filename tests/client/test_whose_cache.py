"""One session cache, several plugins that code gave the same: each is served its own."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sojourn import Accounts, Session, errors
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode, ClientCredentials
from tests.client.servers import Received, ok
from tests.client.small_provider import SmallProvider


@pytest.fixture
def small(serve: Any) -> SmallProvider:
    small = SmallProvider()
    return small.at(serve(small.answer))


def person(small: SmallProvider, subject: str | None = None) -> AuthorizationCode:
    plugin = AuthorizationCode(
        small.issuer, "app", client_secret="s", scope="api", interactive=False
    )
    if subject is not None:
        now = time.time_ns() // 1_000_000
        held = Credential(
            now, f"{subject}-0", now, refresh_token=f"{subject}-r", claims={"sub": subject}
        )
        plugin.adopt(held)
    return plugin


def test_a_person_is_not_served_what_the_same_client_got_for_itself(small, store):
    program = ClientCredentials(small.issuer, "app", client_secret="s", scope="api")
    with Session(program, cache=store, trust_env=False) as session:
        assert session.get(f"{small.issuer}/r").ok
    with (
        Session(person(small), cache=store, trust_env=False) as session,
        pytest.raises(errors.InteractionRequired),
    ):
        session.get(f"{small.issuer}/r")


def test_a_person_is_not_served_what_a_cache_keeps_of_another(small, store):
    """As in a service that holds a plugin for each of its people: who they are stands in the credential alone."""

    def answer(received: Received) -> Any:
        assert received.form["refresh_token"] == "grace-r"
        small.live.add("grace-1")
        return ok({"access_token": "grace-1", "token_type": "Bearer", "expires_in": 3600})

    small.on_token = answer
    grace, ada = person(small, "grace"), person(small, "ada")
    store.write(store.account_id("oidc", *ada.identity()), ada.record())
    with Session(grace, cache=store, trust_env=False) as session:
        assert session.get(f"{small.issuer}/r").ok
    assert small.resource_calls == ["grace-0", "grace-1"]


def test_an_account_of_one_person_is_not_opened_for_another(small, store, nobody):
    ada, grace = person(small, "ada"), person(small, "grace")
    account = store.account_id("oidc", small.issuer, "ada")
    store.write(account, {**ada.record(), "name": "ada", "subject": "ada"})
    accounts = Accounts(store)
    with Session(ada, trust_env=False) as session:
        assert accounts.open(session=session).subject == "ada"
    with Session(grace, trust_env=False) as session, pytest.raises(errors.InteractionRequired):
        accounts.open(session=session)
    assert grace.account is None
