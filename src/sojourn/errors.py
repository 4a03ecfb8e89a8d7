"""Every error that Sojourn raises, in one tree. Raised anywhere, rendered only by `server.endpoints` and `server.pages`.

    SojournError
    ├─ ProtocolError                 an answer of OAuth 2.0 or OpenID Connect: code, status, public text
    │  ├─ InvalidRequest             malformed, duplicated or missing parameter
    │  ├─ TooLarge                   a body over the limit (413)
    │  ├─ UnknownObject              what a JSON API was asked for is not there (404)
    │  ├─ InvalidClient              client authentication failed (401)
    │  ├─ InvalidGrant               code or refresh token not (or no longer) good
    │  ├─ UnauthorizedClient         this client may not do this
    │  ├─ UnsupportedGrantType, UnsupportedResponseType
    │  ├─ InvalidScope, InvalidTarget
    │  ├─ AccessDenied               the person or the policy said no
    │  ├─ LoginRequired, ConsentRequired, AccountSelectionRequired, InteractionNeeded
    │  ├─ RequestNotSupported, RequestUriNotSupported
    │  ├─ ServerBusy                 temporarily_unavailable (503), with retry_after
    │  └─ BearerError                RFC 6750 answers of a protected resource
    │     ├─ InvalidToken            (401)
    │     │  └─ TokenMissing         (401, and the answer tells no code: no token came)
    │     └─ InsufficientScope       (403)
    ├─ PageError                     of a page: shown to a person, with a code that picks the words
    │  ├─ PageExpired, ForgedForm, SetUpDone, NoSuchPage
    ├─ Malformed                     text that breaks its grammar (a token, a cookie, a form, a JWT, a key)
    │  └─ UnknownKey                 a JWT that no key of the set can verify: the set may be old
    ├─ SessionError                  of the Session Manager
    │  ├─ NoSuchUser, NoSuchClientSession, NoSuchGrant, UnknownToken, WrongTokenClass
    │  ├─ BadSessionId               neither an opaque session id nor a session key
    │  ├─ MintingNotAllowed          the parent or the usage rules forbid it
    │  └─ NotLive                    a node on the path has ended; says which and why
    ├─ SignInRefused                 name or password wrong, or too many tries; says how long to wait, not which
    ├─ StoreError
    │  ├─ Conflict                   another writer was first: absent or version expectation not met
    │  ├─ OutcomeUnknown             the write may or may not have happened; re-read and compare op_id
    │  ├─ NewerRecord                a record written by a later release; never written over
    │  └─ StoreUnavailable           locked by another process, unwritable, full, gone
    ├─ ConfigurationError            an option, a file, a folder, a key; the text says which and what to do
    ├─ CredentialError               of the client's credentials (also ShotgunAuthenticationError)
    │  ├─ AuthenticationError        the credentials were refused
    │  ├─ IncompleteCredentials      something needed is missing
    │  ├─ AuthenticationCancelled    the person said no
    │  ├─ InteractionRequired        a person is needed and none can be asked; names ways out
    │  └─ CredentialBusy             another process holds the credential's lock
    └─ RequestError                  of the client Session
       ├─ ConnectFailure             (ConnectTimeout, SSLFailure): no answer
       │  └─ AnswerLost              (ReadTimeout): no answer either, but the server may have acted on the request
       ├─ UnsafeRedirect             a redirect that would leak or downgrade
       └─ HttpError                  an answer with status >= 400: HttpClientError, HttpServerError, and by status
          ├─ BadRequest 400, Unauthorized 401, Forbidden 403, NotFound 404, Conflict409 409, TooManyRequests 429
          └─ ServiceUnavailable 503

`str(error)` is the public text. `detail` is private: it may go to a log of this process, never to a peer.
"""

from __future__ import annotations

from typing import ClassVar


class SojournError(Exception):
    """Base of all. `text` is public, `detail` stays in this process."""

    text: ClassVar[str] = "Something went wrong."

    def __init__(self, text: str | None = None, *, detail: str = "") -> None:
        self.public = text or type(self).text
        self.detail = detail
        super().__init__(self.public)


class ProtocolError(SojournError):
    """An error answer with the specification's `error` code (RFC 6749 §4.1.2.1, §5.2; OpenID Connect Core §3.1.2.6)."""

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 400


class InvalidRequest(ProtocolError):
    code = "invalid_request"
    text = "The request is malformed."


class TooLarge(ProtocolError):
    code = "invalid_request"
    status = 413
    text = "The request is too large."


class UnknownObject(ProtocolError):
    """Of the account and administration APIs."""

    code = "not_found"
    status = 404
    text = "There is no such thing."


class InvalidClient(ProtocolError):
    code = "invalid_client"
    status = 401
    text = "Client authentication failed."


class InvalidGrant(ProtocolError):
    code = "invalid_grant"
    text = "The grant is invalid, expired, revoked or was issued to another client."


class UnauthorizedClient(ProtocolError):
    code = "unauthorized_client"
    text = "This client may not use this grant type or response type."


class UnsupportedGrantType(ProtocolError):
    code = "unsupported_grant_type"
    text = "This grant type is not supported."


class UnsupportedResponseType(ProtocolError):
    code = "unsupported_response_type"
    text = "This response type is not supported."


class InvalidScope(ProtocolError):
    code = "invalid_scope"
    text = "The scope is invalid, unknown or exceeds what was granted."


class InvalidTarget(ProtocolError):
    """RFC 8707 §2."""

    code = "invalid_target"
    text = "The resource is unknown or not allowed for this client."


class AccessDenied(ProtocolError):
    code = "access_denied"
    text = "Access was denied."


class LoginRequired(ProtocolError):
    code = "login_required"
    text = "The person must sign in."


class ConsentRequired(ProtocolError):
    code = "consent_required"
    text = "The person must consent."


class AccountSelectionRequired(ProtocolError):
    code = "account_selection_required"
    text = "The person must choose an account."


class InteractionNeeded(ProtocolError):
    code = "interaction_required"
    text = "The person must do something first."


class RequestNotSupported(ProtocolError):
    """OpenID Connect Core §6.1."""

    code = "request_not_supported"
    text = "Request objects are not supported."


class RequestUriNotSupported(ProtocolError):
    code = "request_uri_not_supported"
    text = "Request URIs are not supported."


class ServerBusy(ProtocolError):
    """Too much to do at once; `retry_after` is in seconds."""

    code = "temporarily_unavailable"
    status = 503
    text = "The server is busy. Try again in a moment."

    def __init__(self, text: str | None = None, *, retry_after: int = 1, detail: str = "") -> None:
        super().__init__(text, detail=detail)
        self.retry_after = retry_after


class BearerError(ProtocolError):
    """An answer of a protected resource (RFC 6750 §3.1)."""


class InvalidToken(BearerError):
    code = "invalid_token"
    status = 401
    text = "The access token is missing, expired, revoked or malformed."


class TokenMissing(InvalidToken):
    """No token came with the request; the answer names no error (RFC 6750 §3.1)."""

    text = "An access token is needed."


class InsufficientScope(BearerError):
    code = "insufficient_scope"
    status = 403
    text = "The access token lacks a needed scope."

    def __init__(self, text: str | None = None, *, scope: str = "", detail: str = "") -> None:
        super().__init__(text, detail=detail)
        self.scope = scope


class PageError(SojournError):
    """What a person is told on a page: `code` picks the words, `status` is HTTP's."""

    code: ClassVar[str] = "other"
    status: ClassVar[int] = 400


class PageExpired(PageError):
    code = "expired"
    text = "This page has expired."


class ForgedForm(PageError):
    code = "forged"
    status = 403
    text = "The form did not come from a page of this server in this browser."


class SetUpDone(PageError):
    code = "set_up_done"
    status = 410
    text = "The set-up link was used, or its time is over."


class NoSuchPage(PageError):
    code = "not_found"
    status = 404
    text = "There is nothing here."


class Malformed(SojournError, ValueError):
    text = "The text breaks its grammar."


class UnknownKey(Malformed):
    text = "No known key verifies the token."


class SessionError(SojournError):
    text = "The session operation failed."


class NoSuchUser(SessionError, KeyError):
    text = "No such user."

    __str__ = Exception.__str__


class NoSuchClientSession(SessionError, KeyError):
    text = "No such client session."

    __str__ = Exception.__str__


class NoSuchGrant(SessionError, KeyError):
    text = "No such grant."

    __str__ = Exception.__str__


class UnknownToken(SessionError, KeyError):
    text = "No such token."

    __str__ = Exception.__str__


class WrongTokenClass(SessionError, ValueError):
    text = "A token of this class does not lead to a session."


class BadSessionId(SessionError, ValueError):
    text = "Neither a session id nor a session key."


class MintingNotAllowed(SessionError):
    text = "This token may not be minted here."


class NotLive(SessionError):
    """A node on the path has ended: `node` is its kind (`grant`, `user`, ...), `why` the reason it keeps."""

    text = "The session has ended."

    def __init__(self, text: str | None = None, *, node: str = "", why: str = "", detail: str = "") -> None:
        super().__init__(text, detail=detail or f"{node}: {why}")
        self.node = node
        self.why = why


class SignInRefused(SojournError):
    """A sign-in that failed; `wait` is how many seconds the next try must wait. It never says what was wrong."""

    text = "The user name or the password is wrong."

    def __init__(self, text: str | None = None, *, wait: int = 0, detail: str = "") -> None:
        super().__init__(text, detail=detail)
        self.wait = wait


class StoreError(SojournError):
    text = "The store failed."


class Conflict(StoreError):
    text = "Another writer was first."


class OutcomeUnknown(StoreError):
    text = "The write may or may not have happened."


class NewerRecord(StoreError):
    text = "The record was written by a later release of Sojourn."


class StoreUnavailable(StoreError):
    text = "The store cannot be used."


class ConfigurationError(SojournError, ValueError):
    text = "The configuration is wrong."


class CredentialError(SojournError):
    text = "The credential cannot be used."


class AuthenticationError(CredentialError):
    text = "Authentication failed."


class IncompleteCredentials(CredentialError):
    text = "The credentials are incomplete."


class AuthenticationCancelled(CredentialError):
    text = "Authentication was cancelled."


class InteractionRequired(CredentialError):
    text = "A person must sign in, and none can be asked here."


class CredentialBusy(CredentialError):
    text = "Another process holds this credential."


class RequestError(SojournError):
    """No answer, or not a good one; `method` and `url` (query values masked) say to what."""

    text = "The request failed."

    def __init__(self, text: str | None = None, *, method: str = "", url: str = "", detail: str = "") -> None:
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
    """An answer with a status of 400 or above. `response` is the Response; `retry_after` seconds or None."""

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
        method: str = "",
        url: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(text, method=method, url=url, detail=detail)
        self.http_status = status
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
