"""Protection of an ASGI application, requests and WebSockets. Applications stand above it; below it is the verifier."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import quote

from sojourn.errors import BearerError, ProtocolError
from sojourn.resource_server import presented
from sojourn.resource_server.answers import Answer
from sojourn.resource_server.demands import demands
from sojourn.resource_server.proofs import PATH_LETTERS
from sojourn.resource_server.verifier import Verifier

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class ProtectAsgi:
    """Lets only requests with a good access token through to `app`, which finds it in `scope["sojourn.token"]`.

    scopes      what every request must have been granted
    acr_values  how its user must have signed in: by one of them, if there are any (RFC 9470)
    max_age     seconds for which a sign-in is recent enough
    exempt      paths, compared exactly and whole, that need no token

    A BearerError that `app` raises before it answers, such as that of `token.require("notes")` or of
    `token.require_sign_in(max_age=300)`, is answered as well. The metadata document (RFC 9728) is served at its place.
    A CORS middleware belongs outside of this one, for a preflight request carries no token. At the end of the lifespan
    the verifier's connections are closed.
    """

    def __init__(
        self,
        app: Asgi,
        verifier: Verifier,
        *,
        scopes: Collection[str] = (),
        acr_values: Collection[str] = (),
        max_age: int | None = None,
        exempt: Collection[str] = (),
    ) -> None:
        self._app = app
        self._verifier = verifier
        self._demands = demands(scopes, acr_values, max_age)
        self._exempt = frozenset(exempt)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] not in ("http", "websocket"):
            message = f"an ASGI scope of type {scope['type']!r} cannot be protected"
            raise NotImplementedError(message)
        elif scope["path"] in self._exempt:
            await self._app(scope, receive, send)
        elif (document := self._document(scope)) is not None:
            await respond(document, scope, send)
        else:
            await self._guard(scope, receive, send)

    async def _guard(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noticed(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            proof = presented.proof_of(_fields(scope, b"dpop"))
            authorization = presented.authorization_of(
                _fields(scope, b"authorization"),
                query=scope.get("query_string", b"").decode("latin-1"),
            )
            token = await self._verifier.averify(
                authorization, dpop=proof, method=scope.get("method", "GET"), path=_path(scope)
            )
            self._demands.check(token)
        except ProtocolError as error:
            await self._refuse(error, scope, receive, send)
            return
        try:
            await self._app({**scope, "sojourn.token": token}, receive, noticed)
        except BearerError as error:
            if started:
                raise
            await self._refuse(error, scope, receive, send)

    async def _refuse(
        self, error: ProtocolError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        answer = self._verifier.answer(error)
        if scope["type"] == "websocket" and "websocket.http.response" not in scope.get(
            "extensions", {}
        ):
            await send({"type": "websocket.close", "code": 1008, "reason": error.public})
        else:
            await respond(answer, scope, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            await self._verifier.aclose()

    def _document(self, scope: Scope) -> Answer | None:
        metadata = self._verifier.metadata
        if metadata is None or scope["path"] != metadata.path:
            return None
        return metadata.answer if scope.get("method") in ("GET", "HEAD") else None


def _fields(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]


def _path(scope: Scope) -> str:
    """The path as the client wrote it, as far as the server tells."""
    raw: bytes | None = scope.get("raw_path")
    return quote(scope["path"], safe=PATH_LETTERS) if raw is None else raw.decode("latin-1")


async def respond(answer: Answer, scope: Scope, send: Send) -> None:
    """Send `answer`; without its body to HEAD."""
    kind = "websocket.http" if scope["type"] == "websocket" else "http"
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers]
    body = b"" if scope.get("method") == "HEAD" else answer.body
    await send({"type": f"{kind}.response.start", "status": answer.status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})
