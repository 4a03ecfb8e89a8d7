"""Several resources in one request (RFC 8707 §2): `resource` alone may be repeated."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt

from sojourn.model.resource import Resource
from tests.conformance.browser import Browser, Landing
from tests.conformance.relying_party import RelyingParty, refused
from tests.conformance.setting import Provider

NOTES = "https://api.example/notes"
MAIL = "https://api.example/mail"
SIGNED = "https://api.example/signed"
OTHERS = "https://api.example/others"
ALL = (NOTES, MAIL, SIGNED)


@pytest.fixture(scope="module", autouse=True)
def resources(served: Provider) -> None:
    for identifier in (NOTES, MAIL, OTHERS):
        served.server.add_resource(Resource(identifier=identifier, scopes=("read",)))
    served.server.add_resource(Resource(identifier=SIGNED, scopes=("read",), token_format="jwt"))


@pytest.fixture
def program(provider: Provider) -> RelyingParty:
    return provider.relying_party(
        grant_types=("client_credentials",),
        redirect_uris=(),
        post_logout_redirect_uris=(),
        scope=("read",),
        resources=ALL,
    )


@pytest.fixture
def rp(provider: Provider) -> RelyingParty:
    return provider.relying_party(resources=ALL, id_token_signed_response_alg="ES256")


def for_itself(program: RelyingParty, resource: Any) -> Any:
    return program.token(grant_type="client_credentials", resource=resource)


def test_an_opaque_token_may_be_for_several(program: RelyingParty):
    tokens = program.checked(for_itself(program, [NOTES, MAIL]))
    assert program.introspect(tokens.access)["aud"] == [NOTES, MAIL]


def test_the_same_one_twice_counts_once(program: RelyingParty):
    tokens = program.checked(for_itself(program, [SIGNED, SIGNED]))
    said = jwt.decode(tokens.access, program.keys(), algorithms=["ES256"]).claims
    assert said["aud"] == SIGNED


@pytest.mark.parametrize(
    "resource",
    [[NOTES, "https://api.example/unknown"], [OTHERS, NOTES], [f"{NOTES}/", NOTES], ["x", "y"]],
)
def test_one_that_the_client_may_not_use_spoils_all(program: RelyingParty, resource: list[str]):
    assert refused(for_itself(program, resource), "invalid_target")


def test_a_jwt_is_for_one(program: RelyingParty):
    """RFC 9068 §3: no scope in it may be read as another service's."""
    response = for_itself(program, [NOTES, SIGNED])
    assert refused(response, "invalid_target")
    assert "name one" in response.json()["error_description"]
    assert refused(for_itself(program, []), "invalid_target")  # all that the client may use


@pytest.mark.parametrize(
    "more",
    [{"scope": ["read", "read"]}, {"resource": f"{NOTES} {MAIL}"}, {"resource": [NOTES, " "]}],
)
def test_nothing_else_may_be_repeated_nor_hide_two_in_one(program: RelyingParty, more: Any):
    response = program.token(grant_type="client_credentials", **more)
    assert refused(response, "invalid_request")


def test_no_other_endpoint_takes_it_twice(program: RelyingParty):
    for endpoint in ("introspection_endpoint", "revocation_endpoint"):
        response = program.call(endpoint, token="x", resource=[NOTES, MAIL])
        assert refused(response, "invalid_request")


def test_a_grant_for_several_gives_tokens_for_each(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    sent, landing = rp.ask(browser, provider.diana, scope="openid", resource=list(ALL))
    code = landing.parameters["code"]
    assert refused(rp.redeem(code, sent), "invalid_target")  # one of all three would be a JWT
    tokens = rp.checked(rp.redeem(code, sent, resource=[SIGNED]), sent)
    said = jwt.decode(tokens.access, rp.keys(), algorithms=["ES256"]).claims
    assert said["aud"] == SIGNED
    next_ = rp.checked(rp.refresh(tokens.refresh, resource=[MAIL, NOTES]))
    assert rp.introspect(next_.access)["aud"] == [MAIL, NOTES]
    assert refused(rp.refresh(next_.refresh, resource=[MAIL, OTHERS]), "invalid_target")
    assert refused(rp.refresh(next_.refresh, resource=[MAIL, SIGNED]), "invalid_target")
    last = rp.checked(rp.refresh(next_.refresh, resource=MAIL))
    assert rp.introspect(last.access)["aud"] == MAIL


def test_a_token_request_names_no_more_than_was_granted(
    provider: Provider, rp: RelyingParty, browser: Browser
):
    sent, landing = rp.ask(browser, provider.diana, resource=[NOTES, MAIL])
    response = rp.redeem(landing.parameters["code"], sent, resource=[NOTES, SIGNED])
    assert refused(response, "invalid_target")
    tokens = rp.checked(rp.redeem(landing.parameters["code"], sent), sent)
    assert rp.introspect(tokens.access)["aud"] == [NOTES, MAIL]


@pytest.mark.parametrize("resource", [[NOTES, OTHERS], ["urn:x", NOTES]])
def test_an_authorization_request_that_names_one_too_many_is_sent_back(
    rp: RelyingParty, browser: Browser, resource: list[str]
):
    sent, where = rp.start(browser, resource=resource)
    assert isinstance(where, Landing)
    assert rp.landed(sent, where).error == "invalid_target"
