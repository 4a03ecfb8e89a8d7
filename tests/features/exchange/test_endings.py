"""Token exchange: what ends a token that was given in exchange, wherever in the chain that happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from sojourn.model.resource import Resource
from sojourn.model.value import Ending
from tests.conformance.setting import Provider
from tests.features.exchange.conftest import Setting, active, given, login, program


@pytest.mark.parametrize("change", [{"status": "disabled"}, {"ended": Ending(1, "removed")}])
def test_each_client_that_acts_is_judged_and_the_one_that_people_allowed(
    provider: Provider, setting: Setting, change: dict[str, Any]
):
    middle = program(provider, resources=(setting.signed, setting.back))
    provider.server.add_resource(
        Resource(identifier=setting.back, client_id=middle.client.client_id)
    )
    tokens = login(provider, setting)
    first = given(setting.api, tokens.access, resource=setting.back)
    texts = [
        given(middle, first, resource=setting.signed),
        given(middle, first, resource=setting.back),
    ]
    own = (setting.vault, middle)

    def alter(client_id: str, fields: dict[str, Any]) -> None:
        provider.server.call(
            lambda site: site.clients.change(
                client_id, lambda old: structs.replace(old, **fields), event="client.changed"
            )
        )

    for party in (setting.app, setting.api):
        assert all(active(asks, text) for asks, text in zip(own, texts, strict=True))
        alter(party.client.client_id, change)
        assert not any(active(asks, text) for asks, text in zip(own, texts, strict=True))
        alter(party.client.client_id, {"status": "active", "ended": party.client.ended})
    alter(middle.client.client_id, change)
    assert not active(setting.vault, texts[0])


@pytest.mark.parametrize("ended", ["access", "refresh"])
def test_revoking_what_was_exchanged_ends_all_that_came_of_it(
    provider: Provider, setting: Setting, ended: str
):
    tokens = login(provider, setting)
    first = given(setting.app, tokens.access)
    second = given(setting.api, first, resource=setting.back)
    third = given(setting.api, tokens.access, resource=setting.signed)
    setting.app.revoke(getattr(tokens, ended))
    assert not active(setting.app, first)
    assert not active(setting.vault, second)
    assert not active(setting.vault, third)


def test_a_jwt_that_was_exchanged_ends_what_came_of_it(provider: Provider, setting: Setting):
    tokens = login(provider, setting, resource=setting.signed)
    texts = [given(setting.app, tokens.access), given(setting.app, tokens.access, job="again")]
    assert all(active(setting.vault, text) for text in texts)
    setting.app.revoke(tokens.access)
    assert not any(active(setting.vault, text) for text in texts)


def test_it_works_at_userinfo_for_who_may_ask_there(provider: Provider, setting: Setting):
    tokens = login(provider, setting, resource=None)
    text = given(setting.app, tokens.access, scope="openid")
    assert setting.app.userinfo(text).json()["sub"] == tokens.claims["sub"]
    assert setting.app.userinfo(given(setting.app, tokens.access, scope="notes")).status_code == 403
    bound = given(setting.api, login(provider, setting).access, resource=setting.back)
    assert setting.app.userinfo(bound).status_code == 401


def test_userinfo_tells_who_acts_with_less_no_more_than_their_scope_says(
    provider: Provider, setting: Setting
):
    claims = json.dumps({"userinfo": {"email": None}})
    asked = {"resource": None, "claims": claims, "prompt": "consent"}
    tokens = login(provider, setting, **asked)
    assert "email" in setting.app.userinfo(tokens.access).json()
    text = given(setting.app, tokens.access, scope="openid")
    assert set(setting.app.userinfo(text).json()) == {"sub"}


@pytest.mark.parametrize("kind", ["opaque", "jwt"])
def test_a_jwt_given_for_a_programs_own_token_is_known_and_ends_with_it(
    provider: Provider, setting: Setting, kind: str
):
    owner = setting.api.client.client_id
    provider.server.add_resource(
        Resource(identifier=setting.front, token_format=kind, client_id=owner)
    )
    caller = program(provider, resources=(setting.front,))

    def own() -> str:
        answer = caller.token(grant_type="client_credentials", resource=setting.front)
        return str(answer.json()["access_token"])

    subject = own()
    signed = given(setting.api, subject, resource=setting.signed)
    told = setting.vault.introspect(signed)
    assert (told["sub"], told["client_id"]) == (caller.client.client_id, owner)
    again = given(setting.api, signed)
    assert active(setting.vault, again)
    setting.api.revoke(signed)
    assert not active(setting.vault, signed)
    assert not active(setting.vault, again)
    subject = own()
    signed = given(setting.api, subject, resource=setting.signed)
    caller.revoke(subject)
    assert not active(setting.vault, signed)
