"""`ProtectAsgi` beyond requests: WebSockets, the lifespan, scopes that the application requires, unknown scopes."""

from __future__ import annotations

import asyncio

import pytest

from sojourn.errors import InsufficientScope
from sojourn.resource_server import ProtectAsgi, Verifier
from tests.features.resource_server.issuers import RESOURCE, claims_of, signing_key


class Peer:
    """The server's side of one ASGI call."""

    def __init__(self, app, **scope):
        self.scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "headers": [],
            **scope,
        }
        self.sent = []
        self.app = app

    async def receive(self):
        return {"type": "http.request", "body": b""}

    async def send(self, message):
        self.sent.append(message)

    async def call(self):
        await self.app(self.scope, self.receive, self.send)
        return self.sent


class App:
    """Keeps the scopes it is called with, then does what the test says."""

    def __init__(self, then=None):
        self.scopes = []
        self.then = then

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        if self.then is not None:
            await self.then(scope, send)


@pytest.fixture
def verifier(issuer, clock):
    return Verifier(issuer.url, audience=RESOURCE, now=clock)


@pytest.fixture
def good(issuer, clock):
    token = signing_key("ES256", "one").sign(claims_of(issuer.url, now=clock()), typ="at+jwt")
    return [(b"authorization", f"Bearer {token}".encode())]


def run(verifier, peer):
    async def main():
        try:
            return await peer.call()
        finally:
            await verifier.aclose()

    return asyncio.run(main())


def test_a_websocket_with_a_token_is_let_through(verifier, good):
    app = App()
    run(verifier, Peer(ProtectAsgi(app, verifier), type="websocket", headers=good))
    assert app.scopes[0]["sojourn.token"].subject == "alice"


def test_a_websocket_without_a_token_is_closed_before_it_opens(verifier):
    app = App()
    sent = run(verifier, Peer(ProtectAsgi(app, verifier), type="websocket"))
    assert ([message["type"] for message in sent], app.scopes) == (["websocket.close"], [])


def test_a_websocket_is_told_why_where_the_server_can_tell(verifier):
    extensions: dict[str, object] = {"websocket.http.response": {}}
    sent = run(
        verifier, Peer(ProtectAsgi(App(), verifier), type="websocket", extensions=extensions)
    )
    assert [message["type"] for message in sent] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert sent[0]["status"] == 401


def test_a_kind_of_scope_that_nobody_knows_does_not_slip_through(verifier):
    app = App()
    with pytest.raises(NotImplementedError):
        run(verifier, Peer(ProtectAsgi(app, verifier), type="telepathy"))
    assert not app.scopes


def test_an_exempt_path_is_compared_whole(verifier):
    app = App()
    protected = ProtectAsgi(app, verifier, exempt=("/health",))
    assert run(verifier, Peer(protected, path="/health")) == []
    assert "sojourn.token" not in app.scopes[0]
    for path in ("/health/", "/healthy", "/HEALTH", "//health", "/health/../x", ""):
        assert run(verifier, Peer(protected, path=path))[0]["status"] == 401


def test_the_lifespan_is_the_applications_own(verifier):
    app = App()
    run(verifier, Peer(ProtectAsgi(app, verifier), type="lifespan"))
    assert app.scopes[0]["type"] == "lifespan"


async def needs_admin(scope, send):
    scope["sojourn.token"].require("admin")


async def answers_then_needs_admin(scope, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    scope["sojourn.token"].require("admin")


def test_a_scope_that_the_application_requires_is_answered(verifier, good):
    sent = run(verifier, Peer(ProtectAsgi(App(needs_admin), verifier), headers=good))
    assert sent[0]["status"] == 403
    assert b'scope="admin"' in dict(sent[0]["headers"])[b"www-authenticate"]


def test_an_answer_that_has_begun_is_not_answered_again(verifier, good):
    peer = Peer(ProtectAsgi(App(answers_then_needs_admin), verifier), headers=good)
    with pytest.raises(InsufficientScope):
        run(verifier, peer)
    assert len(peer.sent) == 1


def test_a_token_in_the_scope_from_outside_is_replaced(verifier, good):
    app = App()
    run(verifier, Peer(ProtectAsgi(app, verifier), headers=good, **{"sojourn.token": "forged"}))
    assert app.scopes[0]["sojourn.token"].subject == "alice"


def test_an_audience_that_is_no_url_has_no_metadata(verifier):
    assert verifier.metadata is None
    for path in ("/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/"):
        sent = run(verifier, Peer(ProtectAsgi(App(), verifier), path=path))
        assert dict(sent[0]["headers"])[b"www-authenticate"] == b'Bearer realm="sojourn"'


@pytest.mark.parametrize(
    ("audience", "url"),
    [
        ("https://a.example", "https://a.example/.well-known/oauth-protected-resource"),
        ("https://a.example/", "https://a.example/.well-known/oauth-protected-resource"),
        (
            "https://a.example:8443/x/y",
            "https://a.example:8443/.well-known/oauth-protected-resource/x/y",
        ),
        ("http://127.0.0.2:80/x/", "http://127.0.0.2:80/.well-known/oauth-protected-resource/x/"),
        ("http://[::1]:80", "http://[::1]:80/.well-known/oauth-protected-resource"),
        ("http://a.example", None),
        ("https://user@a.example", None),
        ("https://a.example/?x", None),
        ("https://a.example/#x", None),
        ("https://[bad", None),
        ("ftp://a.example", None),
        ("https://a.example:x", None),
        ("https://a.example/é", None),
        ("https://a.exa\nmple", None),
        ("files", None),
    ],
)
def test_metadata_lies_where_rfc_9728_puts_it(audience, url):
    metadata = Verifier("https://op.example", audience=audience).metadata
    assert (metadata.url if metadata else None) == url
