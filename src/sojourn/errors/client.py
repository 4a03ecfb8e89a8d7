"""Errors of the client: credentials, requests, and answers by status.

The whole tree is drawn in the package.
"""

from __future__ import annotations

from typing import ClassVar

from sojourn.errors.base import SojournError


class CredentialError(SojournError):
    text = "The credential cannot be used."


class AuthenticationError(CredentialError):
    text = "Authentication failed."


class IncompleteCredentials(CredentialError):
    text = "The credentials are incomplete."


class AuthenticationCancelled(CredentialError):
    text = "Authentication was cancelled."


class MissingAuthMethods(AuthenticationError):
    """One more factor is asked for: `required` lists the rules, `receipt` proves what was given."""

    text = "The server asks for another authentication method as well."

    def __init__(
        self,
        text: str | None = None,
        *,
        receipt: str = "",
        methods: tuple[str, ...] = (),
        required: tuple[tuple[str, ...], ...] = (),
        detail: str = "",
    ) -> None:
        super().__init__(text, detail=detail)
        self.receipt = receipt
        self.methods = methods
        self.required_auth_methods = required


class SecondFactorRequired(AuthenticationError):
    """The password was good, and a code is asked for as well: the public text says which one and where the person finds
    it, `label` names it. Raised again for a code that was not good."""

    text = "Type the code of your second factor."

    def __init__(self, text: str | None = None, *, label: str = "Code", detail: str = "") -> None:
        super().__init__(text, detail=detail)
        self.label = label


class DelegationNotSupported(CredentialError):
    text = "The provider lets nobody act for somebody else."


class InteractionRequired(CredentialError):
    """`ways_out` are what the person who reads it can do, a sentence's part each; they stand in the public text."""

    text = "A person must sign in, and none can be asked here."

    def __init__(
        self, text: str | None = None, *, ways_out: tuple[str, ...] = (), detail: str = ""
    ) -> None:
        said = text or self.text
        super().__init__(
            f"{said} Ways out: {'; '.join(ways_out)}." if ways_out else said, detail=detail
        )
        self.ways_out = ways_out


class NotRevocable(CredentialError):
    text = "The service has no way to end this."


class StepUpRequired(InteractionRequired):
    """A service wants a newer or stronger sign-in (RFC 9470): by one of `acr_values`, if there are any, and not older
    than `max_age` seconds, if that is not None.
    """

    text = "The service wants a newer or stronger sign-in."

    def __init__(
        self,
        text: str | None = None,
        *,
        acr_values: tuple[str, ...] = (),
        max_age: int | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(text, detail=detail)
        self.acr_values = acr_values
        self.max_age = max_age


class CredentialBusy(CredentialError):
    text = "Another process holds this credential."


class BadSerializedUser(CredentialError):
    text = "The serialised user cannot be used."


class KeyBound(CredentialError):
    text = "The access token is bound to a key (DPoP) and of no use without it."


class EndpointError(SojournError):
    text = "Where the service answers is not known."


class EndpointNotFound(EndpointError):
    text = "No endpoint matches."


class EmptyCatalog(EndpointNotFound):
    text = "The catalog is empty: the token is not scoped to a project, domain or system."


class DiscoveryFailure(EndpointError):
    text = "The service does not say which versions it has."


class VersionNotAvailable(DiscoveryFailure):
    text = "The service does not have that version."


class RequestError(SojournError):
    """No answer, or not a good one; `method` and `url` (query values masked) say to what."""

    text = "The request failed."

    def __init__(
        self, text: str | None = None, *, method: str = "", url: str = "", detail: str = ""
    ) -> None:
        super().__init__(text, detail=detail)
        self.method = method
        self.url = url


class ConnectFailure(RequestError):
    text = "The server could not be reached."


class ConnectTimeout(ConnectFailure):
    text = "The server did not answer in time."


class AnswerLost(ConnectFailure):
    text = "The connection broke before the answer was complete. The server may have acted on the request."


class ReadTimeout(ConnectTimeout, AnswerLost):
    text = "The server took the request and did not answer in time."


class SSLFailure(ConnectFailure):
    text = "The connection to the server is not trustworthy."


class UnsafeRedirect(RequestError):
    text = "The server redirected to a place that is not safe to follow."


class HttpError(RequestError):
    """An answer with a status of 400 or above.

    `response` is the Response, `retry_after` seconds or None, `message` and `details` the server's own words.
    """

    text = "The server refused the request."
    by_status: ClassVar[dict[int, type[HttpError]]] = {}

    def __init__(
        self,
        text: str | None = None,
        *,
        status: int,
        response: object = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        message: str = "",
        details: str = "",
        method: str = "",
        url: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(text, method=method, url=url, detail=detail)
        self.http_status = status
        self.message = message
        self.details = details
        self.response = response
        self.request_id = request_id
        self.retry_after = retry_after


class HttpClientError(HttpError):
    text = "The server refused the request (4xx)."


class HttpServerError(HttpError):
    text = "The server failed (5xx)."


class BadRequest(HttpClientError):
    text = "Bad request (400)."


class Unauthorized(HttpClientError):
    text = "Unauthorized (401)."


class Forbidden(HttpClientError):
    text = "Forbidden (403)."


class NotFound(HttpClientError):
    text = "Not found (404)."


class Conflict409(HttpClientError):
    text = "Conflict (409)."


class TooManyRequests(HttpClientError):
    text = "Too many requests (429)."


class ServiceUnavailable(HttpServerError):
    text = "Service unavailable (503)."


HttpError.by_status.update(
    {
        400: BadRequest,
        401: Unauthorized,
        403: Forbidden,
        404: NotFound,
        409: Conflict409,
        429: TooManyRequests,
        503: ServiceUnavailable,
    }
)
