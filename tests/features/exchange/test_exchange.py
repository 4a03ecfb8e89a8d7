"""Token exchange: what an exchange gives, whom it names, and how far its tokens reach (RFC 8693)."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt

from sojourn.wire import exchange
from tests.conformance.relying_party import refused
from tests.conformance.setting import Provider
from tests.features.exchange.conftest import Setting, active, given, login, program, traded


def test_a_service_acts_at_the_next_one_for_the_person(provider: Provider, setting: Setting):
    tokens = login(provider, setting)
    response = traded(setting.api, tokens.access, resource=setting.back, scope="notes")
    said = response.json()
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert said["issued_token_type"] == exchange.ACCESS_TOKEN
    assert (said["token_type"], said["scope"]) == ("Bearer", "notes")
    assert 0 < said["expires_in"] <= tokens.members["expires_in"]
    assert "refresh_token" not in said
    told = setting.vault.introspect(said["access_token"])
    actor = setting.api.client.client_id
    assert told["active"]
    assert told["sub"] == tokens.claims["sub"]
    assert (told["client_id"], told["aud"], told["scope"]) == (actor, setting.back, "notes")
    assert told["act"] == {"sub": actor, "client_id": actor}


def test_the_metadata_names_it(provider: Provider, setting: Setting):
    assert exchange.GRANT in setting.app.metadata["grant_types_supported"]


def test_a_jwt_comes_by_resource_or_because_it_was_asked_for(provider: Provider, setting: Setting):
    tokens = login(provider, setting)
    for more, kind in (
        ({"resource": setting.signed}, exchange.ACCESS_TOKEN),
        ({"resource": setting.back, "requested_token_type": exchange.JWT}, exchange.JWT),
    ):
        response = traded(setting.api, tokens.access, **more)
        assert response.json()["issued_token_type"] == kind
        text = response.json()["access_token"]
        claims = jwt.decode(text, setting.app.keys(), algorithms=["ES256"]).claims
        actor = setting.api.client.client_id
        assert claims["act"] == {"sub": actor, "client_id": actor}
        assert (claims["sub"], claims["aud"]) == (tokens.claims["sub"], more["resource"])
        assert claims["exp"] - claims["iat"] <= 300
        assert setting.vault.introspect(text)["act"] == claims["act"]


@pytest.mark.parametrize("kind", [exchange.ACCESS_TOKEN, exchange.JWT])
def test_a_jwt_may_be_exchanged(provider: Provider, setting: Setting, kind: str):
    tokens = login(provider, setting, resource=setting.signed)
    assert tokens.access.startswith("eyJ")
    text = given(setting.app, tokens.access, subject_token_type=kind, scope="mail")
    assert setting.vault.introspect(text)["scope"] == "mail"
    assert refused(
        traded(setting.app, login(provider, setting).access, subject_token_type=exchange.JWT),
        "invalid_request",
    )


def test_each_actor_holds_the_one_before_it(provider: Provider, setting: Setting):
    """RFC 8693 §4.1."""
    tokens = login(provider, setting)
    last = program(provider, resources=(setting.signed,))
    middle = program(provider, resources=(setting.back,))
    provider.server.add_resource(_owned(setting.back, middle.client.client_id))
    first = given(setting.api, tokens.access, resource=setting.back)
    second = given(middle, first, resource=setting.back)
    third = given(middle, second, resource=setting.back)
    one, two = setting.api.client.client_id, middle.client.client_id
    inner = {"sub": two, "client_id": two, "act": {"sub": one, "client_id": one}}
    assert middle.introspect(second)["act"] == inner
    assert middle.introspect(third)["act"] == {"sub": two, "client_id": two, "act": inner}
    assert refused(traded(last, third), "invalid_request")


def _owned(identifier: str, client_id: str) -> Any:
    from sojourn.model.resource import Resource

    return Resource(identifier=identifier, client_id=client_id)


def test_exchanges_in_a_row_come_to_an_end(provider: Provider, setting: Setting):
    text = login(provider, setting).access
    for _ in range(8):
        text = given(setting.app, text)
    response = traded(setting.app, text)
    assert refused(response, "invalid_request")
    assert "8 times" in response.text


def test_an_actor_token_names_whom_it_is_about(provider: Provider, setting: Setting):
    tokens = login(provider, setting)
    helper = provider.person(f"helper-{setting.front[-6:].replace('/', '')}")
    own = setting.app.login(provider.browser(), helper, scope="openid")
    text = given(
        setting.app,
        tokens.access,
        actor_token=own.access,
        actor_token_type=exchange.ACCESS_TOKEN,
    )
    told = setting.api.introspect(text)
    assert told["sub"] == tokens.claims["sub"]
    assert told["act"] == {"sub": own.claims["sub"], "client_id": setting.app.client.client_id}


def test_a_program_exchanges_its_own_tokens_and_acts_for_programs(
    provider: Provider, setting: Setting
):
    caller = program(provider, resources=(setting.front,))
    own = caller.checked(caller.token(grant_type="client_credentials", scope="notes mail")).access
    text = given(setting.api, own, resource=setting.back, scope="notes")
    told = setting.vault.introspect(text)
    actor = setting.api.client.client_id
    assert (told["sub"], told["client_id"]) == (caller.client.client_id, actor)
    assert told["act"] == {"sub": actor, "client_id": actor}
    caller.revoke(own)
    assert not active(setting.vault, text)


def test_the_token_that_was_exchanged_is_as_good_as_before(provider: Provider, setting: Setting):
    tokens = login(provider, setting)
    text = given(setting.api, tokens.access, resource=setting.back)
    assert active(setting.api, tokens.access)
    assert setting.api.revoke(text).status_code == 200
    assert not active(setting.vault, text)
    assert active(setting.api, tokens.access)


def test_a_jwt_given_in_exchange_ends_alone_and_at_once(provider: Provider, setting: Setting):
    tokens = login(provider, setting)
    text = given(setting.api, tokens.access, resource=setting.signed)
    below = given(setting.api, text, resource=setting.signed)
    assert active(setting.vault, below)
    assert "accepted_offline_until" in setting.api.revoke(text).json()
    assert not active(setting.vault, text)
    assert not active(setting.vault, below)
    assert active(setting.api, tokens.access)


def test_a_refresh_token_gives_what_outlives_the_access_token(provider: Provider, setting: Setting):
    tokens = login(provider, setting, scope="openid notes mail")
    text = given(
        setting.app,
        tokens.refresh,
        subject_token_type=exchange.REFRESH_TOKEN,
        resource=setting.front,
        scope="notes",
    )
    setting.app.revoke(tokens.access)
    assert active(setting.api, text)
    again = setting.app.checked(setting.app.refresh(tokens.refresh))
    again = setting.app.checked(setting.app.refresh(again.refresh))
    assert active(setting.api, text)  # rotation is not the end of the family
    assert refused(
        traded(setting.app, tokens.refresh, subject_token_type=exchange.REFRESH_TOKEN),
        "invalid_request",
    )
    setting.app.revoke(again.refresh)
    assert not active(setting.api, text)


def test_it_never_outlives_its_parent_and_may_be_asked_to_be_shorter(
    provider: Provider, setting: Setting
):
    tokens = login(provider, setting)
    life = tokens.members["expires_in"]
    provider.clock.advance(seconds=life - 100)
    for asked, granted in ((None, 100), ("10", 10), ("100000", 100)):
        response = traded(setting.app, tokens.access, expires_in=asked)
        assert response.json()["expires_in"] == granted
    provider.clock.advance(seconds=99)
    text = given(setting.app, tokens.access)
    provider.clock.advance(seconds=1)
    assert not active(setting.app, text)


def test_an_audience_is_a_resource_by_another_name(provider: Provider, setting: Setting):
    tokens = login(provider, setting)
    text = given(setting.api, tokens.access, audience=[setting.back, setting.back])
    assert setting.vault.introspect(text)["aud"] == setting.back


def test_what_the_application_loses_its_exchanged_tokens_lose(provider: Provider, setting: Setting):
    from msgspec.structs import replace

    tokens = login(provider, setting)
    text = given(setting.api, tokens.access, resource=setting.back, scope="notes mail")

    def change(client_id: str, **fields: Any) -> None:
        provider.server.call(
            lambda site: site.clients.change(
                client_id, lambda old: replace(old, **fields), event="client.changed"
            )
        )

    app, api = setting.app.client, setting.api.client
    change(app.client_id, scope=("openid", "mail"))
    assert setting.vault.introspect(text)["scope"] == "mail"
    change(api.client_id, scope=("notes",))
    assert setting.vault.introspect(text)["scope"] == ""
    change(app.client_id, resources=())
    assert not active(setting.vault, text)
    change(app.client_id, resources=app.resources)
    assert active(setting.vault, text)
    change(api.client_id, resources=())
    assert not active(setting.vault, text)
