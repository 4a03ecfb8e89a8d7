"""What every journey starts with: a Chromium, a server on each store, an application, and people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from sojourn.model.client import Client
from sojourn.testing.server import ServerInTest
from tests.flows.person import PASSWORD, Person
from tests.flows.relying_party import RelyingParty, relying_party

CHROMIUM = "/usr/bin/chromium"
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 60_000  # ms; a machine under load is no reason to fail
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for a file, no longer: while Playwright runs, the thread's event loop is its own."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(params=["memory", "sqlite"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerInTest]:
    """A server of its own for the test, on each store."""
    store = "memory:" if request.param == "memory" else ""
    with ServerInTest(tmp_path / "data", store=store) as running:
        yield running


@pytest.fixture
def notes(server: ServerInTest) -> Iterator[RelyingParty]:
    """An application called Notes that signs people in at the server."""
    with relying_party() as party:
        secret = server.add_client(
            Client(
                client_id="notes",
                client_name="Notes",
                redirect_uris=(party.callback,),
                post_logout_redirect_uris=(party.signed_out,),
                grant_types=("authorization_code", "refresh_token"),
                response_types=("code",),
                scope=("openid", "profile", "email", "offline_access"),
            )
        )
        party.register(server.issuer, "notes", secret)
        yield party


@pytest.fixture
def sit(chromium: Browser, server: ServerInTest) -> Iterator[Callable[..., Person]]:
    """Somebody new at a browser of their own: `sit(script=False)` runs no scripts; Playwright knows more options."""
    contexts: list[BrowserContext] = []

    def sit_down(*, script: bool = True, **options: Any) -> Person:
        context = chromium.new_context(java_script_enabled=script, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return Person(context.new_page(), server.issuer)

    yield sit_down
    for context in contexts:
        context.close()


@pytest.fixture
def ada(server: ServerInTest) -> str:
    """Ada has an account; her login name."""
    server.add_user("ada", PASSWORD, claims={"name": "Ada Lovelace", "email": "ada@example.org"})
    return "ada"


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.exists():
        pytest.fail("axe-core is not installed: run `npm ci` at the root of the repository")
    return AXE.read_text(encoding="utf-8")
