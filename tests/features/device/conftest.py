"""A server over HTTP for this folder, and a device that waits at it."""

from __future__ import annotations

from itertools import count
from typing import Any

import httpx2
import pytest

from sojourn.model.client import Client
from sojourn.wire import device
from tests.conformance.browser import Browser, Page, Person
from tests.conformance.fixtures import browser, provider, served
from tests.conformance.setting import Provider

__all__ = ["browser", "provider", "served"]

SCOPE = "openid profile offline_access"
_numbers = count(1)


class Television:
    """A public client without a browser, which asks and polls."""

    def __init__(self, provider: Provider, client_id: str, **headers: str) -> None:
        self.issuer = provider.issuer
        self.client_id = client_id
        self.http = httpx2.Client(trust_env=False, timeout=60, headers=headers)
        self.said: dict[str, Any] = {}

    def post(self, path: str, **form: Any) -> httpx2.Response:
        kept = {"client_id": self.client_id, **form}
        named = {name: value for name, value in kept.items() if value is not None}
        return self.http.post(f"{self.issuer}{path}", data=named)

    def ask(self, **form: Any) -> httpx2.Response:
        answer = self.post("/device_authorization", **{"scope": SCOPE, **form})
        self.said = answer.json()
        return answer

    def poll(self, **form: Any) -> httpx2.Response:
        code = self.said.get("device_code", "")
        return self.post("/token", **{"grant_type": device.GRANT, "device_code": code, **form})

    def told(self, **form: Any) -> str:
        """Poll, and say with what code it was refused; empty if it was not."""
        answer = self.poll(**form)
        assert answer.status_code in (200, 400), answer.text
        return str(answer.json().get("error", ""))

    @property
    def user_code(self) -> str:
        return str(self.said["user_code"])


def television(provider: Provider, client_id: str = "", **metadata: Any) -> Television:
    """A new device of a client that is registered for it, or of one that was."""
    if not client_id:
        plain: dict[str, Any] = {
            "client_id": f"tv-{next(_numbers)}",
            "client_name": "Big Screen",
            "grant_types": (device.GRANT, "refresh_token"),
            "scope": tuple(SCOPE.split()),
            "token_endpoint_auth_method": "none",
        }
        client = Client(**(plain | metadata))
        provider.server.add_client(client)
        client_id = client.client_id
    found = Television(provider, client_id)
    provider._open.append(found)  # type: ignore[arg-type]
    return found


def typed(browser: Browser, code: str) -> Page:
    """The page after a code was typed."""
    page = browser.open(f"{browser.issuer}/device")
    assert isinstance(page, Page)
    found = browser.submit(page, user_code=code)
    assert isinstance(found, Page)
    return found


def signed_in(browser: Browser, page: Page, person: Person) -> Page:
    found = browser.sign_in(page, person)
    assert isinstance(found, Page)
    return found


def decided(browser: Browser, code: str, person: Person, decision: str = "allow") -> Page:
    """Type a code, sign in if asked, and decide; the last page."""
    page = typed(browser, code)
    if page.kind == "sign-in":
        page = signed_in(browser, page, person)
    assert page.kind == "confirm", page.html
    last = browser.submit(page, button=("decision", decision))
    assert isinstance(last, Page)
    return last


@pytest.fixture
def tv(provider: Provider) -> Television:
    return television(provider)
