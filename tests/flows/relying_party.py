"""A relying party that others wrote most of: PyPI Authlib's Starlette client behind five pages, on a loopback port.

Discovery, PKCE, state, nonce and the ID token are Authlib's work; this file keeps sessions and shows what came.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any
from urllib.parse import urlencode

import uvicorn
from authlib.integrations.httpx_client import OAuth2Client
from authlib.integrations.starlette_client import OAuth, OAuthError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "relying_party"


class RelyingParty:
    """One application. `tokens` is what Authlib got at the newest sign-in, by whatever browser."""

    def __init__(self, origin: str, *, scope: str = "openid profile email") -> None:
        self.origin = origin
        self.scope = scope
        self.tokens: dict[str, Any] = {}
        self.callback = f"{origin}/callback"
        self.signed_out = f"{origin}/signed-out"
        self._issuer = ""
        self._client: Any = None
        self.credentials: tuple[str, str] = ("", "")

    def register(self, issuer: str, client_id: str, secret: str) -> None:
        """Say where the provider is, and who we are there."""
        self._issuer = issuer
        self.credentials = (client_id, secret)
        self._client = OAuth().register(
            "sojourn",
            client_id=client_id,
            client_secret=secret,
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": self.scope, "code_challenge_method": "S256"},
        )

    def app(self) -> ASGIApp:
        """The pages."""
        routes = [
            Route("/", self._home),
            Route("/sign-in", self._sign_in),
            Route("/callback", self._callback, methods=["GET", "POST"]),
            Route("/sign-out", self._sign_out),
            Route("/signed-out", self._signed_out),
        ]
        return _Remembering(Starlette(routes=routes))

    async def _home(self, request: Request) -> Response:
        user = request.session.get("user")
        return _page(f"Hello, {user['name']}" if user else "Nobody is signed in")

    async def _sign_in(self, request: Request) -> Response:
        asked = dict(request.query_params)
        answer: Response = await self._client.authorize_redirect(request, self.callback, **asked)
        return answer

    async def _callback(self, request: Request) -> Response:
        if request.method == "POST":
            request = await _as_query(request)
        try:
            tokens = await self._client.authorize_access_token(request)
        except OAuthError as error:
            return _page(f"Refused: {error.error}")
        self.tokens = dict(tokens)
        user = dict(await self._client.userinfo(token=tokens))
        assert user["sub"] == tokens["userinfo"]["sub"]
        request.session.update(user=user, id_token=tokens["id_token"])
        return _page(f"Hello, {user['name']}")

    async def _sign_out(self, request: Request) -> Response:
        hint = request.session.pop("id_token", None)
        request.session.pop("user", None)
        answer: Response = await self._client.logout_redirect(
            request, post_logout_redirect_uri=self.signed_out, id_token_hint=hint
        )
        return answer

    async def _signed_out(self, request: Request) -> Response:
        await self._client.validate_logout_response(request)
        return _page("Signed out everywhere")

    @contextmanager
    def _calling(self) -> Iterator[Any]:
        client_id, secret = self.credentials
        with OAuth2Client(client_id, secret, token=self.tokens, trust_env=False) as client:
            yield client

    def refresh(self) -> dict[str, Any]:
        """Use the refresh token; `tokens` are the new ones. Raises OAuthError."""
        with self._calling() as client:
            self.tokens = dict(client.refresh_token(f"{self._issuer}/token"))
        return self.tokens

    def userinfo(self) -> tuple[int, dict[str, Any]]:
        """Status and claims."""
        with self._calling() as client:
            answer = client.get(f"{self._issuer}/userinfo")
            return answer.status_code, answer.json()

    def introspect(self, token: str) -> dict[str, Any]:
        """What the provider says of a token."""
        with self._calling() as client:
            said = client.introspect_token(f"{self._issuer}/introspect", token=token)
            return dict(said.json())

    def revoke(self, token: str) -> int:
        """End a token; the status."""
        with self._calling() as client:
            return int(client.revoke_token(f"{self._issuer}/revoke", token=token).status_code)


class _Remembering:
    """Sessions in memory, by a cookie: what Starlette would bring with another package."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._sessions: dict[str, dict[str, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = Request(scope).cookies.get(COOKIE) or secrets.token_urlsafe(16)
        scope["session"] = self._sessions.setdefault(name, {})

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"{COOKIE}={name}; Path=/; HttpOnly; SameSite=Lax"
                message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode())]
            await send(message)

        await self._app(scope, receive, marked)


async def _as_query(request: Request) -> Request:
    """A form as if it had come in the query: Authlib reads forms with a parser that is not installed here."""
    body = await request.body()
    scope = {**request.scope, "method": "GET", "query_string": body}
    return Request(scope, request.receive)


def _page(text: str) -> Response:
    body = f"<!doctype html><html lang=en><title>Notes</title><h1>{escape(text)}</h1></html>"
    return HTMLResponse(body)


@contextmanager
def running(app: Any, listening: socket.socket) -> Iterator[None]:
    """Serve an ASGI application on a socket that listens already."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(60)


@contextmanager
def relying_party(host: str = "127.0.0.1") -> Iterator[RelyingParty]:
    """A relying party that answers, and is not registered anywhere yet."""
    with socket.create_server((host, 0)) as listening:
        party = RelyingParty(f"http://{host}:{listening.getsockname()[1]}")
        with running(party.app(), listening):
            yield party


def sign_in_url(party: RelyingParty, **asked: str) -> str:
    """Where a person begins, with parameters for the authorization request."""
    return f"{party.origin}/sign-in?{urlencode(asked)}" if asked else f"{party.origin}/sign-in"
