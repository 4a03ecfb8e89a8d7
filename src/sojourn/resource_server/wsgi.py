"""Protection of a WSGI application (PEP 3333). Applications stand above it; below it is the verifier."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from sojourn.errors import BearerError, ProtocolError
from sojourn.resource_server import presented
from sojourn.resource_server.answers import Answer
from sojourn.resource_server.demands import demands
from sojourn.resource_server.proofs import PATH_LETTERS
from sojourn.resource_server.verifier import Verifier

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class ProtectWsgi:
    """Lets only requests with a good access token through to `app`, which finds it in `environ["sojourn.token"]`.

    scopes      what every request must have been granted
    acr_values  how its user must have signed in: by one of them, if there are any (RFC 9470)
    max_age     seconds for which a sign-in is recent enough
    exempt      paths, compared exactly and whole, that need no token

    A BearerError that calling `app` raises, such as that of `token.require("notes")` or of
    `token.require_sign_in(max_age=300)`, is answered as well. The metadata document (RFC 9728) is served at its place.
    """

    def __init__(
        self,
        app: WSGIApplication,
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

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if path in self._exempt:
            return self._app(environ, start_response)
        document = self._document(path, environ)
        if document is not None:
            return _respond(document, environ, start_response)
        try:
            token = self._verifier.verify(
                presented.authorization_of(
                    _fields(environ, "HTTP_AUTHORIZATION"), query=environ.get("QUERY_STRING", "")
                ),
                dpop=presented.proof_of(_fields(environ, "HTTP_DPOP")),
                method=environ["REQUEST_METHOD"],
                path=quote(path.encode("latin-1"), safe=PATH_LETTERS),
            )
            self._demands.check(token)
        except ProtocolError as error:
            return _respond(self._verifier.answer(error), environ, start_response)
        environ["sojourn.token"] = token
        try:
            return self._app(environ, start_response)
        except BearerError as error:
            return _respond(self._verifier.answer(error), environ, start_response)

    def _document(self, path: str, environ: WSGIEnvironment) -> Answer | None:
        metadata = self._verifier.metadata
        if metadata is None or path != metadata.path:
            return None
        return metadata.answer if environ["REQUEST_METHOD"] in ("GET", "HEAD") else None


def _fields(environ: WSGIEnvironment, name: str) -> list[str]:
    return [environ[name]] if name in environ else []


def _respond(
    answer: Answer, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    start_response(status, list(answer.headers))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]
