"""The seven units of the HTTP bench: what each connection sends, and how often.

Each prepares its own tokens right before it runs: a peer of bounded memory still holds them.
Refresh and code go round several grants a connection: a peer that lists the tokens of a grant would
otherwise be charged for lists that no real client grows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bench.browser import new_pkce
from bench.target import REDIRECT_URI, Target
from bench.wire import request

CONNECTIONS = 16
GRANTS_A_CONNECTION = 4
LANES = range(CONNECTIONS)
Plan = dict[str, Any]


@dataclass(frozen=True)
class Unit:
    """`must` and `aim`: how many times less CPU than the peer; `expected`: its µs then."""

    name: str
    plan: Callable[[Target], Plan]
    count: int
    must: float
    aim: float
    expected: int


def same_for_all(message: bytes) -> Plan:
    return {"unit": "repeat", "connections": [{"request": message.decode()}] * CONNECTIONS}


def form_post(target: Target, endpoint: str, form: dict[str, str]) -> bytes:
    headers = {"Authorization": target.basic}
    body = urlencode(form)
    return request("POST", target.path(endpoint), host=target.host, headers=headers, body=body)


def open_post(target: Target, endpoint: str) -> str:
    """A form request without Content-Length and body, which the load generator adds."""
    return (
        f"POST {target.path(endpoint)} HTTP/1.1\r\nHost: {target.host}\r\n"
        f"Authorization: {target.basic}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    )


def client_credentials(resource: str | None, scope: str) -> dict[str, str]:
    form = {"grant_type": "client_credentials", "scope": scope}
    return form | ({"resource": resource} if resource else {})


def discovery(target: Target) -> Plan:
    path = "/.well-known/openid-configuration"
    return same_for_all(request("GET", path, host=target.host, headers={}))


def client_credentials_opaque(target: Target) -> Plan:
    form = client_credentials(target.opaque, target.scope)
    return same_for_all(form_post(target, "token_endpoint", form))


def client_credentials_jwt(target: Target) -> Plan:
    form = client_credentials(target.jwt, target.scope)
    return same_for_all(form_post(target, "token_endpoint", form))


def introspection(target: Target) -> Plan:
    token = target.token(client_credentials(target.opaque, target.scope))["access_token"]
    return same_for_all(form_post(target, "introspection_endpoint", {"token": token}))


def userinfo(target: Target) -> Plan:
    browser = target.browser()
    token = target.tokens(browser, scope="openid profile")["access_token"]
    browser.close()
    headers = {"Authorization": f"Bearer {token}"}
    path = target.path("userinfo_endpoint")
    return same_for_all(request("GET", path, host=target.host, headers=headers))


def refresh(target: Target) -> Plan:
    scope = f"openid offline_access {target.scope}"
    form = urlencode({"grant_type": "refresh_token", "resource": target.jwt})
    lane = {"request": open_post(target, "token_endpoint"), "form": form}
    return {"unit": "refresh", "connections": [lane | families(target, scope) for _ in LANES]}


def families(target: Target, scope: str) -> Plan:
    """Refresh tokens of as many grants, each from its own browser."""
    tokens = []
    for _ in range(GRANTS_A_CONNECTION):
        browser = target.browser()
        answer = target.tokens(browser, scope=scope, resource=target.jwt, prompt="consent")
        tokens.append(answer["refresh_token"])
        browser.close()
    return {"tokens": tokens}


def code(target: Target) -> Plan:
    target = target.without_refresh()
    pkce = new_pkce()
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT_URI,
        "code_verifier": pkce.verifier,
        "resource": target.jwt,
    }
    lane = {"request": open_post(target, "token_endpoint"), "form": urlencode(form)}
    lanes = [
        lane | {"name": f"lane{number}", "authorize": signed_in(target, pkce.challenge)}
        for number in LANES
    ]
    return {"unit": "code", "connections": lanes}


def signed_in(target: Target, challenge: str) -> list[str]:
    """Authorization requests of as many browsers, each signed in and with consent remembered."""
    scope = f"openid {target.scope}"
    query = urlencode(target.authorization(challenge, scope=scope, resource=target.jwt))
    path = f"{target.path('authorization_endpoint')}?{query}"
    requests = []
    for _ in range(GRANTS_A_CONNECTION):
        browser = target.browser()
        target.tokens(browser, scope=scope, resource=target.jwt)
        headers = {"Cookie": browser.cookies()}
        requests.append(request("GET", path, host=target.host, headers=headers).decode())
        browser.close()
    return requests


UNITS = (
    Unit("discovery", discovery, count=12_000, must=3, aim=3.6, expected=188),
    Unit("client_credentials opaque", client_credentials_opaque, 8_000, 1.5, 2.5, 309),
    Unit("client_credentials ES256", client_credentials_jwt, 6_000, 2, 3.5, 459),
    Unit("introspection", introspection, 8_000, 2, 2.6, 314),
    Unit("userinfo", userinfo, 8_000, 2.5, 3.2, 296),
    Unit("refresh, rotation, ES256", refresh, 4_000, 2, 3, 668),
    Unit("code + PKCE, ES256", code, 2_400, 2, 3, 1238),
)
