"""Whose token an exchange gives, where two who ask are alike in all but the person or the secret."""

from __future__ import annotations

from typing import Any

import pytest

from sojourn import Accounts, Session, errors
from tests.conformance.setting import Provider
from tests.features.exchange.conftest import Setting, active, login, program
from tests.features.exchange.test_own_client import (
    acting,
    face,
    kept,
    of_program,
    provider,
    serve,
    served,
    setting,
    signed_in,
    store,
)

__all__ = ["face", "provider", "serve", "served", "setting", "store"]


def people(provider: Provider, setting: Setting) -> list[Any]:
    """The tokens of two who are signed in at the same application, with the same rights."""
    other = provider.person(f"second-{setting.front.rpartition('/')[2]}")
    asked: dict[str, Any] = {"scope": "openid notes", "resource": setting.front}
    return [
        login(provider, setting, scope="openid notes"),
        setting.app.login(provider.browser(), other, **asked),
    ]


def test_two_people_at_one_application_never_get_each_others_token(
    provider: Provider, setting: Setting, store: Any
):
    """Their plugins are alike in all that code gives them: who they are stands in the credential alone."""
    subs, wanted = [], []
    for tokens in people(provider, setting):
        plugin = acting(setting, signed_in(setting, tokens), store=store, dpop=False)
        wanted.append(tokens.claims["sub"])
        with Session(plugin, trust_env=False) as session:
            subs.append(setting.vault.introspect(session.get_token() or "")["sub"])
    assert subs == wanted
    assert len(store.ids()) == 2


def test_a_wrong_secret_of_the_subject_gets_nothing_that_the_right_one_got(
    provider: Provider, setting: Setting, store: Any
):
    party = program(provider, resources=(setting.front,))
    subject = of_program(party, setting.front)
    with Session(acting(setting, subject, store=store, dpop=False), trust_env=False) as session:
        assert session.get_token()
    party.secret = "wrong"
    subject = of_program(party, setting.front)
    with (
        Session(acting(setting, subject, store=store, dpop=False), trust_env=False) as session,
        pytest.raises(errors.AuthenticationError),
    ):
        session.get_token()


def test_an_account_that_acts_for_one_person_is_not_opened_for_another(
    provider: Provider, setting: Setting, store: Any
):
    accounts = Accounts(store)
    subs, wanted = [], []
    for number, tokens in enumerate(people(provider, setting)):
        person = signed_in(setting, tokens)
        account = store.account_id("oidc", setting.front, str(number))
        record = {**person.record(), "name": f"person {number}", "subject": str(number)}
        store.write(account, record)
        wanted.append(tokens.claims["sub"])
        plugin = acting(setting, accounts[account], dpop=False)
        with Session(plugin, trust_env=False) as session:
            accounts.open(session=session)
            subs.append(setting.vault.introspect(session.get_token() or "")["sub"])
    assert subs == wanted


def test_an_account_is_closed_also_after_the_one_that_it_acts_for(
    provider: Provider, setting: Setting, store: Any
):
    accounts = Accounts(store)
    person = kept(accounts, signed_in(setting, login(provider, setting)), setting)
    made = accounts.login(acting(setting, person, dpop=False), name="at the back")
    token = made.token()
    store.remove(person.id)
    assert accounts.close("at the back").revoked
    assert not active(setting.vault, token)
