"""Error answers of OAuth 2.0 and OpenID Connect, with their codes and statuses.

The whole tree is drawn in the package.
"""

from __future__ import annotations

from typing import ClassVar

from sojourn.errors.base import SojournError


class ProtocolError(SojournError):
    """An error answer with the specification's `error` code (RFC 6749 §4.1.2.1, §5.2; OpenID Connect Core §3.1.2.6)."""

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 400


class InvalidRequest(ProtocolError):
    code = "invalid_request"
    text = "The request is malformed."


class WrongMethod(ProtocolError):
    code = "invalid_request"
    status = 405
    text = "This path does not take requests of this method."


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


class AuthorizationPending(ProtocolError):
    """RFC 8628 §3.5."""

    code = "authorization_pending"
    text = "The person has not decided yet."


class SlowDown(ProtocolError):
    """RFC 8628 §3.5: it waits as before, and must leave 5 seconds more between two polls from now on."""

    code = "slow_down"
    text = "The device asks too often. Leave 5 seconds more between two polls."


class TooOften(ProtocolError):
    """Of one client and address more requests than are kept at a time; `retry_after` is in seconds."""

    code = "slow_down"
    status = 429
    text = "Too many requests of this application come from here. Try again later."

    def __init__(self, text: str | None = None, *, retry_after: int, detail: str = "") -> None:
        super().__init__(text, detail=detail)
        self.retry_after = retry_after


class ExpiredToken(ProtocolError):
    """RFC 8628 §3.5."""

    code = "expired_token"
    text = "The device code has expired. Ask for a new one."


class DpopError(ProtocolError):
    """The proof that a key is held was not accepted (RFC 9449 §5, §7.1). A protected resource answers it with 401."""


class InvalidDpopProof(DpopError):
    code = "invalid_dpop_proof"
    text = "The DPoP proof is missing or malformed, or is for another request, key or token."


class UseDpopNonce(DpopError):
    """RFC 9449 §8: the proof must hold `nonce`, which goes with the answer."""

    code = "use_dpop_nonce"
    text = "The DPoP proof must hold the nonce of this answer."

    def __init__(self, text: str | None = None, *, nonce: str = "", detail: str = "") -> None:
        super().__init__(text, detail=detail)
        self.nonce = nonce


class LoginRequired(ProtocolError):
    code = "login_required"
    text = "The person must sign in."


class ConsentRequired(ProtocolError):
    code = "consent_required"
    text = "The person must consent."


class AccountSelectionRequired(ProtocolError):
    code = "account_selection_required"
    text = "The person must choose an account."


class UnmetAuthenticationRequirements(ProtocolError):
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0."""

    code = "unmet_authentication_requirements"
    text = "The person cannot be authenticated in the way that the application needs."


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
    """An answer of a protected resource (RFC 6750 §3.1). `with_proof`: the token came under the DPoP scheme, of which
    the answer speaks then (RFC 9449 §7.1).
    """

    with_proof: bool = False


class InvalidToken(BearerError):
    code = "invalid_token"
    status = 401
    text = "The access token is missing, expired, revoked or malformed."


class TokenMissing(InvalidToken):
    """No token came with the request; the answer names no error (RFC 6750 §3.1)."""

    text = "An access token is needed."


class InsufficientUserAuthentication(BearerError):
    """The sign-in behind the token is too weak or too old (RFC 9470 §3); `max_age` is in seconds."""

    code = "insufficient_user_authentication"
    status = 401
    text = "A newer or stronger sign-in is needed."

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


class InsufficientScope(BearerError):
    code = "insufficient_scope"
    status = 403
    text = "The access token lacks a needed scope."

    def __init__(self, text: str | None = None, *, scope: str = "", detail: str = "") -> None:
        super().__init__(text, detail=detail)
        self.scope = scope
