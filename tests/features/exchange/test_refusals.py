"""Token exchange: what is refused, with the words of RFC 8693 §2.2.2, and without telling of anybody else's tokens."""

from __future__ import annotations

from typing import Any

import pytest

from sojourn.wire import exchange
from tests.conformance.relying_party import refused
from tests.conformance.setting import Provider
from tests.features.exchange.conftest import SCOPE, Setting, given, login, program, traded


def test_a_client_must_be_registered_for_it(provider: Provider, setting: Setting):
    plain = provider.relying_party(scope=SCOPE)
    tokens = plain.login(provider.browser(), provider.diana, scope="openid notes")
    assert refused(traded(plain, tokens.access), "unauthorized_client")


@pytest.mark.parametrize(
    "more",
    [
        {"subject_token": None},
        {"subject_token_type": None},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"subject_token_type": exchange.REFRESH_TOKEN},
        {"subject_token_type": exchange.JWT},
        {"actor_token": "x"},
        {"actor_token_type": exchange.ACCESS_TOKEN},
        {"actor_token": "x", "actor_token_type": exchange.ACCESS_TOKEN},
        {"requested_token_type": exchange.REFRESH_TOKEN},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"subject_token": "sj_a_nothing"},
        {"subject_token": "a.b.c"},
        {"subject_token": ["x", "y"]},
        {"expires_in": "0"},
        {"expires_in": "-1"},
        {"expires_in": "1e3"},
        {"expires_in": "1" * 30},
        {"job": "x" * 101},
        {"job": "a\nb"},
        {"job": " a"},
    ],
)
def test_a_request_that_is_not_valid(provider: Provider, setting: Setting, more: dict[str, Any]):
    tokens = login(provider, setting)
    assert refused(traded(setting.app, tokens.access, **more), "invalid_request")


def test_a_token_that_is_not_for_the_client_is_as_good_as_none(
    provider: Provider, setting: Setting
):
    """No confused deputy: only whom it was issued to, and whom it is for."""
    tokens = login(provider, setting)
    other = program(provider, resources=(setting.back,))
    texts = {
        traded(other, text, resource=setting.back).text
        for text in (tokens.access, tokens.refresh, "sj_a_nothing", tokens.id_token)
    }
    assert len(texts) == 1
    assert "invalid_request" in texts.pop()
    bare = login(provider, setting, resource=None)  # for userinfo, so for no service
    assert refused(traded(setting.api, bare.access, resource=setting.back), "invalid_request")
    as_refresh = {"subject_token_type": exchange.REFRESH_TOKEN, "resource": setting.back}
    assert refused(traded(setting.api, tokens.refresh, **as_refresh), "invalid_request")


def test_an_actor_token_must_be_the_clients_own(provider: Provider, setting: Setting):
    tokens = login(provider, setting)
    own = setting.api.checked(
        setting.api.token(grant_type="client_credentials", resource=setting.back)
    )
    kind = {"actor_token_type": exchange.ACCESS_TOKEN, "resource": setting.back}
    assert given(setting.api, tokens.access, actor_token=own.access, **kind)
    for text in (tokens.access, given(setting.api, tokens.access, resource=setting.back)):
        response = traded(setting.api, tokens.access, actor_token=text, **kind)
        assert refused(response, "invalid_request")
        assert "actor_token" in response.text
    kind["actor_token_type"] = exchange.REFRESH_TOKEN
    response = traded(setting.api, tokens.access, actor_token=tokens.refresh, **kind)
    assert refused(response, "invalid_request")


def test_nothing_is_widened(provider: Provider, setting: Setting):
    tokens = login(provider, setting, scope="openid notes")
    api, app = setting.api, setting.app
    for party, more, code in (
        (app, {"scope": "mail"}, "invalid_scope"),
        (app, {"scope": "notes mail"}, "invalid_scope"),
        (app, {"scope": "offline_access"}, "invalid_scope"),
        (app, {"resource": setting.signed}, "invalid_target"),
        (app, {"audience": setting.signed}, "invalid_target"),
        (app, {"resource": [setting.front, setting.back]}, "invalid_target"),
        (api, {"resource": setting.front}, "invalid_target"),
        (api, {"resource": "https://nowhere.example"}, "invalid_target"),
        (api, {"resource": [setting.back, setting.signed]}, "invalid_target"),
        (api, {"resource": setting.back, "scope": "profile"}, "invalid_scope"),
    ):
        assert refused(traded(party, tokens.access, **more), code), more
    narrow = given(app, tokens.access, scope="notes")
    assert refused(traded(app, narrow, scope="openid"), "invalid_scope")


def test_what_both_may_have_must_be_something(provider: Provider, setting: Setting):
    tokens = login(provider, setting, scope="openid notes")
    poor = program(provider, scope=("mail",), resources=(setting.back,))
    from sojourn.model.resource import Resource

    provider.server.add_resource(
        Resource(identifier=setting.front, client_id=poor.client.client_id)
    )
    assert refused(traded(poor, tokens.access), "invalid_scope")


def test_offline_access_stays_with_the_person(provider: Provider, setting: Setting):
    tokens = login(provider, setting, scope=" ".join(SCOPE), prompt="consent")
    said = traded(setting.app, tokens.access).json()
    assert "offline_access" not in said["scope"].split()


def test_accounts_and_the_server_are_looked_after_only_by_who_asks_for_that_by_name(
    provider: Provider,
):
    app = provider.relying_party(
        grant_types=("authorization_code", exchange.GRANT), scope=("openid", "notes", "account")
    )
    tokens = app.login(provider.browser(), provider.diana, scope="openid notes account")
    assert traded(app, tokens.access).json()["scope"] == "openid notes"
    asked = traded(app, tokens.access, scope="notes account").json()
    assert asked["scope"] == "notes account"
    alone = app.login(provider.browser(), provider.diana, scope="account")
    assert refused(traded(app, alone.access), "invalid_scope")


def test_a_public_client_exchanges_its_own_access_tokens_alone(
    provider: Provider, setting: Setting
):
    native = provider.relying_party(
        token_endpoint_auth_method="none",
        grant_types=("authorization_code", "refresh_token", exchange.GRANT),
        scope=SCOPE,
        resources=(setting.front,),
    )
    tokens = native.login(provider.browser(), provider.diana, scope="openid notes")
    assert given(native, tokens.access)
    # A refresh token that was copied could be traded without the rotation that finds theft.
    response = traded(native, tokens.refresh, subject_token_type=exchange.REFRESH_TOKEN)
    assert refused(response, "invalid_request")
    from sojourn.model.resource import Resource

    provider.server.add_resource(
        Resource(identifier=setting.front, client_id=native.client.client_id)
    )
    others = login(provider, setting)
    assert refused(traded(native, others.access), "invalid_request")
