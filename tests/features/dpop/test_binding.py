"""What is bound to a key, and what that means for whoever has a copy (RFC 9449 §5, §6, §7, §10)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from sojourn.model.client import Client
from sojourn.model.resource import ACCOUNT, Resource
from sojourn.server.pages.site import Site
from sojourn.wire import base64url
from tests.conformance.browser import Page
from tests.conformance.holder import KeyHolder, bound
from tests.conformance.relying_party import refused
from tests.conformance.setting import Provider
from tests.features.dpop.conftest import Register

OFFLINE = "openid profile offline_access"
API = "https://api.example/"
OWN: dict[str, Any] = {
    "grant_types": ("client_credentials",),
    "response_types": (),
    "redirect_uris": (),
    "scope": ("notes",),
}


def signed_in(provider: Provider, holder: KeyHolder, **parameters: Any) -> dict[str, Any]:
    said = {"scope": OFFLINE, "prompt": "consent", **parameters}
    sent, landing = holder.rp.ask(provider.browser(), provider.diana, **said)
    return bound(holder.redeem(landing.parameters["code"], sent))


def other_key(provider: Provider, holder: KeyHolder) -> KeyHolder:
    return KeyHolder(holder.rp, now=provider.clock.now)


def change(provider: Provider, holder: KeyHolder, **fields: Any) -> None:
    def alter(old: Client) -> Client:
        return replace(old, **fields)

    async def work(site: Site) -> None:
        await site.clients.change(holder.rp.client.client_id, alter, event="client.changed")

    provider.server.call(work)


def test_a_bound_refresh_token_is_not_replaced(provider: Provider, public: KeyHolder):
    first = signed_in(provider, public)
    for _ in range(3):
        provider.clock.advance(seconds=120)
        again = bound(public.refresh(first["refresh_token"]))
        assert again["refresh_token"] == first["refresh_token"]
        assert public.userinfo(again["access_token"]).status_code == 200


def test_a_stolen_refresh_token_is_of_no_use_and_ends_nothing(
    provider: Provider, public: KeyHolder
):
    first = signed_in(provider, public)
    text = first["refresh_token"]
    assert refused(other_key(provider, public).refresh(text), "invalid_grant")
    assert refused(public.rp.refresh(text), "invalid_grant")
    bound(public.refresh(text))
    assert public.userinfo(first["access_token"]).status_code == 200


def test_a_bound_refresh_token_that_is_used_lives_on(provider: Provider, public: KeyHolder):
    text = signed_in(provider, public)["refresh_token"]
    for _ in range(6):
        provider.clock.advance(seconds=10 * 86_400)
        bound(public.refresh(text))
    provider.clock.advance(seconds=31 * 86_400)
    assert refused(public.refresh(text), "invalid_grant")


def test_a_client_that_authenticates_may_change_its_key(provider: Provider, register: Register):
    holder = register()
    first = signed_in(provider, holder)
    other = other_key(provider, holder)
    second = bound(other.refresh(first["refresh_token"]))
    assert other.userinfo(second["access_token"]).status_code == 200
    assert holder.userinfo(second["access_token"]).status_code == 401
    assert holder.userinfo(first["access_token"]).status_code == 200


def test_introspection_tells_of_the_key(provider: Provider, register: Register):
    holder = register()
    first = signed_in(provider, holder)
    said = holder.rp.introspect(first["access_token"])
    assert (said["token_type"], said["cnf"]) == ("DPoP", {"jkt": holder.thumbprint})
    assert "cnf" not in holder.rp.introspect(first["refresh_token"])


def test_a_jwt_holds_the_key_and_is_judged_by_it(provider: Provider, register: Register):
    holder = register(token_format="jwt")
    token = signed_in(provider, holder)["access_token"]
    claims = json.loads(base64url.decode(token.split(".")[1]))
    assert claims["cnf"] == {"jkt": holder.thumbprint}
    assert holder.userinfo(token).status_code == 200
    assert holder.rp.userinfo(token).status_code == 401
    assert other_key(provider, holder).userinfo(token).status_code == 401
    assert holder.rp.introspect(token)["cnf"] == {"jkt": holder.thumbprint}


def test_a_program_and_a_device_are_bound_as_well(provider: Provider, register: Register):
    provider.server.add_resource(Resource(identifier=API, token_format="jwt"))
    holder = register(**OWN, resources=(API,))
    members = bound(holder.token(grant_type="client_credentials", resource=API))
    claims = json.loads(base64url.decode(members["access_token"].split(".")[1]))
    assert claims["cnf"] == {"jkt": holder.thumbprint}
    plain = holder.rp.token(grant_type="client_credentials").json()
    assert plain["token_type"] == "Bearer"


@pytest.mark.parametrize("jkt", ["x", "x" * 43, "é" * 43, "A" * 42])
def test_a_dpop_jkt_that_is_no_thumbprint_is_refused(
    provider: Provider, public: KeyHolder, jkt: str
):
    _, landing = public.rp.start(provider.browser(), dpop_jkt=jkt)
    assert getattr(landing, "error", "") == "invalid_request"


def test_a_code_for_a_key_is_not_given_without_a_proof(provider: Provider, public: KeyHolder):
    sent, landing = public.rp.ask(
        provider.browser(), provider.diana, dpop_jkt=public.thumbprint, scope="openid"
    )
    code = landing.parameters["code"]
    assert refused(public.rp.redeem(code, sent), "invalid_grant")
    bound(public.redeem(code, sent))


def test_a_client_whose_tokens_must_be_bound_gets_no_other(provider: Provider, register: Register):
    holder = register(**OWN)
    loose = holder.rp.token(grant_type="client_credentials").json()["access_token"]
    assert holder.rp.introspect(loose)["active"]
    change(provider, holder, dpop_bound_access_tokens=True)
    assert refused(holder.rp.token(grant_type="client_credentials"), "invalid_dpop_proof")
    assert holder.rp.introspect(loose) == {"active": False}
    token = bound(holder.token(grant_type="client_credentials"))["access_token"]
    assert holder.rp.introspect(token)["active"]
    assert "bound to no key" in explained(provider, loose)


def explained(provider: Provider, token: str) -> str:
    story = provider.server.call(lambda site: site.sessions.teller.explain(token))
    return "; ".join(f"{step.node} {step.about} {step.why}" for step in story.steps)


def test_an_unbound_token_is_not_shown_with_a_proof(provider: Provider, register: Register):
    holder = register()
    tokens = holder.rp.login(provider.browser(), provider.diana)
    answer = holder.userinfo(tokens.access)
    assert answer.status_code == 401
    assert 'DPoP realm="sojourn"' in answer.headers["www-authenticate"]
    assert holder.rp.userinfo(tokens.access).status_code == 200


def test_the_account_api_takes_bound_tokens_with_their_proof_alone(
    provider: Provider, register: Register
):
    holder = register(
        token_endpoint_auth_method="none",
        scope=("openid", "account"),
        resources=(ACCOUNT,),
        client_name="The Boat",
    )
    token = signed_in(provider, holder, scope="openid account", resource=ACCOUNT)["access_token"]
    at = f"{provider.issuer}/account/sessions"

    def asked(proof: str, scheme: str = "DPoP") -> int:
        headers = {"authorization": f"{scheme} {token}", "dpop": proof}
        return holder.rp.http.get(at, headers=headers).status_code

    assert asked(holder.proof("GET", at, token=token)) == 200
    assert asked(holder.proof("GET", at, token=token), "Bearer") == 401
    assert asked(holder.proof("GET", f"{provider.issuer}/userinfo", token=token)) == 401
    assert asked(other_key(provider, holder).proof("GET", at, token=token)) == 401
    assert holder.thumbprint in explained(provider, token)


def test_my_sessions_say_what_is_bound_to_a_key(provider: Provider, public: KeyHolder):
    browser = provider.browser()
    sent, landing = public.rp.ask(browser, provider.diana, scope=OFFLINE, prompt="consent")
    bound(public.redeem(landing.parameters["code"], sent))
    page = browser.open(f"{provider.issuer}/sessions")
    assert isinstance(page, Page)
    assert "Bound to a key of the application" in page.html
    assert public.thumbprint[:8] in page.html
