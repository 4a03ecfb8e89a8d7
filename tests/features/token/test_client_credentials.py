"""Tokens that a client gets for itself, opaque or JWT by resource."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt

from sojourn.errors import InvalidRequest
from sojourn.model.resource import Resource
from tests.conformance.browser import Browser
from tests.conformance.relying_party import RelyingParty, refused
from tests.conformance.setting import Provider

OPAQUE = "https://api.example/opaque"
SIGNED = "https://api.example/signed"


@pytest.fixture(scope="module", autouse=True)
def resources(served: Provider) -> None:
    served.server.add_resource(Resource(identifier=OPAQUE, scopes=("read",)))
    served.server.add_resource(Resource(identifier=SIGNED, scopes=("read",), token_format="jwt"))


@pytest.fixture
def service(provider: Provider) -> RelyingParty:
    return provider.relying_party(
        grant_types=("client_credentials",),
        redirect_uris=(),
        post_logout_redirect_uris=(),
        scope=("read", "write", "openid"),
        resources=(OPAQUE, SIGNED),
    )


def test_a_token_for_one_resource_is_opaque(service: RelyingParty):
    tokens = service.checked(service.token(grant_type="client_credentials", resource=OPAQUE))
    assert set(tokens.members) == {"access_token", "token_type", "expires_in", "scope"}
    assert tokens.members["scope"] == "read write"
    assert tokens.access.startswith("sj_a_")
    said = service.introspect(tokens.access)
    assert (said["active"], said["aud"]) == (True, OPAQUE)
    assert said["sub"] == said["client_id"] == service.client.client_id


def test_a_token_for_another_resource_is_a_jwt(provider: Provider, service: RelyingParty):
    """RFC 9068 §2."""
    tokens = service.checked(
        service.token(grant_type="client_credentials", resource=SIGNED, scope="read")
    )
    found = jwt.decode(tokens.access, service.keys(), algorithms=["ES256"])
    assert found.header["typ"] == "at+jwt"
    now = provider.clock.now() // 1000
    said: dict[str, Any] = dict(found.claims)
    assert len(said.pop("jti")) >= 22
    assert said == {
        "iss": provider.issuer,
        "sub": service.client.client_id,
        "aud": SIGNED,
        "client_id": service.client.client_id,
        "scope": "read",
        "iat": now,
        "exp": now + 300,
    }
    assert tokens.members["expires_in"] == 300
    assert service.introspect(tokens.access)["aud"] == SIGNED


@pytest.mark.parametrize(
    "resource", ["https://api.example/unknown", "urn:sojourn:admin", "not-a-uri", f"{OPAQUE}/"]
)
def test_a_resource_that_the_client_may_not_use_is_refused(service: RelyingParty, resource: str):
    response = service.token(grant_type="client_credentials", resource=resource)
    assert refused(response, "invalid_target")


@pytest.mark.parametrize("scope", ["openid", "delete", "read delete", 'a"b'])
def test_a_scope_that_the_client_does_not_have_is_refused(service: RelyingParty, scope: str):
    response = service.token(grant_type="client_credentials", scope=scope)
    assert refused(response, "invalid_scope")


def test_a_public_client_cannot_be_registered_for_it(provider: Provider):
    with pytest.raises(InvalidRequest, match="client_credentials"):
        provider.relying_party(
            token_endpoint_auth_method="none", grant_types=("client_credentials",)
        )


def test_a_person_s_token_for_a_resource_is_a_jwt_too(provider: Provider, browser: Browser):
    rp = provider.relying_party(resources=(SIGNED,), id_token_signed_response_alg="ES256")
    tokens = rp.login(browser, provider.diana, scope="openid profile", resource=SIGNED)
    said = jwt.decode(tokens.access, rp.keys(), algorithms=["ES256"]).claims
    assert (said["aud"], said["sub"]) == (SIGNED, tokens.claims["sub"])
    assert said["auth_time"] == tokens.claims["auth_time"]
    assert rp.userinfo(tokens.access).status_code == 401
    assert tokens.header["alg"] == "ES256"
