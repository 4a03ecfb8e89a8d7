"""A server over HTTP, an application that people sign in at, and two services of which one calls the other."""

from __future__ import annotations

from itertools import count
from typing import Any

import httpx2
import pytest
from msgspec import Struct

from sojourn.model.resource import Resource
from sojourn.wire import exchange
from tests.conformance.fixtures import browser, provider, served
from tests.conformance.relying_party import RelyingParty, Tokens
from tests.conformance.setting import Provider

__all__ = ["browser", "provider", "served"]

SCOPE = ("openid", "profile", "offline_access", "notes", "mail")
_numbers = count(1)


class Setting(Struct):
    """`app` signs people in and asks for tokens for `front`, whose program `api` calls `back`, which `vault` guards."""

    app: RelyingParty
    api: RelyingParty
    vault: RelyingParty
    front: str
    back: str
    signed: str


def program(provider: Provider, **metadata: Any) -> RelyingParty:
    """A confidential client that nobody signs in at."""
    plain: dict[str, Any] = {
        "client_name": "A Program",
        "grant_types": ("client_credentials", exchange.GRANT),
        "redirect_uris": (),
        "post_logout_redirect_uris": (),
        "response_types": (),
        "scope": ("notes", "mail", "openid"),
    }
    return provider.relying_party(**(plain | metadata))


@pytest.fixture
def setting(provider: Provider) -> Setting:
    number = next(_numbers)
    front, back, signed = (
        f"https://{name}.example/{number}" for name in ("front", "back", "signed")
    )
    api = program(provider, client_name="The Front", resources=(back, signed))
    vault = program(provider, client_name="The Vault", grant_types=("client_credentials",))
    for identifier, kind, owner in (
        (front, "opaque", api),
        (back, "opaque", vault),
        (signed, "jwt", vault),
    ):
        provider.server.add_resource(
            Resource(identifier=identifier, token_format=kind, client_id=owner.client.client_id)
        )
    app = provider.relying_party(
        grant_types=("authorization_code", "refresh_token", exchange.GRANT),
        scope=SCOPE,
        resources=(front, signed),
        id_token_signed_response_alg="ES256",
    )
    return Setting(app, api, vault, front, back, signed)


def login(provider: Provider, setting: Setting, **more: Any) -> Tokens:
    asked = {"scope": " ".join(SCOPE[:2] + SCOPE[3:]), "resource": setting.front} | more
    return setting.app.login(provider.browser(), provider.diana, **asked)


def traded(party: RelyingParty, subject: str, **more: Any) -> httpx2.Response:
    """Exchange a token; `None` leaves a parameter out."""
    asked: dict[str, Any] = {
        "grant_type": exchange.GRANT,
        "subject_token": subject,
        "subject_token_type": exchange.ACCESS_TOKEN,
    } | more
    return party.token(**{name: value for name, value in asked.items() if value is not None})


def given(party: RelyingParty, subject: str, **more: Any) -> str:
    """The text of the token that an exchange gives."""
    response = traded(party, subject, **more)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


def active(party: RelyingParty, text: str) -> bool:
    return bool(party.introspect(text)["active"])
