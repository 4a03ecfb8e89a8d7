"""The names that keystoneauth gives its errors, as ours: aliases where the tree has the like, classes
of their own for statuses that it does not tell apart. `keystone.session` raises them; below it is the
tree of errors."""

from __future__ import annotations

from typing import Final

from sojourn.client.dialects.keystone.sign_in import unfinished
from sojourn.client.response import Response
from sojourn.errors import (
    AuthenticationError,
    BadRequest,
    Conflict409,
    ConnectFailure,
    ConnectTimeout,
    CredentialError,
    DiscoveryFailure,
    EmptyCatalog,
    EndpointError,
    EndpointNotFound,
    Forbidden,
    HttpClientError,
    HttpError,
    HttpServerError,
    IncompleteCredentials,
    MissingAuthMethods,
    NotFound,
    RequestError,
    ServiceUnavailable,
    SojournError,
    SSLFailure,
    TooManyRequests,
    Unauthorized,
    VersionNotAvailable,
)

ClientException = SojournError
CatalogException = EndpointError
AuthorizationFailure = CredentialError
AuthPluginException = CredentialError
MissingAuthPlugin = IncompleteCredentials
MissingRequiredOptions = IncompleteCredentials
ConnectionError = RequestError  # noqa: A001 - keystoneauth's name
UnknownConnectionError = RequestError
SSLError = SSLFailure
HTTPClientError = HttpClientError
Conflict = Conflict409


class PaymentRequired(HttpClientError):
    text = "Payment required (402)."


class MethodNotAllowed(HttpClientError):
    text = "Method not allowed (405)."


class NotAcceptable(HttpClientError):
    text = "Not acceptable (406)."


class ProxyAuthenticationRequired(HttpClientError):
    text = "Proxy authentication required (407)."


class RequestTimeout(HttpClientError):
    text = "Request timeout (408)."


class Gone(HttpClientError):
    text = "Gone (410)."


class LengthRequired(HttpClientError):
    text = "Length required (411)."


class PreconditionFailed(HttpClientError):
    text = "Precondition failed (412)."


class RequestEntityTooLarge(HttpClientError):
    text = "Request entity too large (413)."


class RequestUriTooLong(HttpClientError):
    text = "Request URI too long (414)."


class UnsupportedMediaType(HttpClientError):
    text = "Unsupported media type (415)."


class RequestedRangeNotSatisfiable(HttpClientError):
    text = "Requested range not satisfiable (416)."


class ExpectationFailed(HttpClientError):
    text = "Expectation failed (417)."


class UnprocessableEntity(HttpClientError):
    text = "Unprocessable entity (422)."


class InternalServerError(HttpServerError):
    text = "Internal server error (500)."


class HttpNotImplemented(HttpServerError):
    text = "Not implemented (501)."


class BadGateway(HttpServerError):
    text = "Bad gateway (502)."


class GatewayTimeout(HttpServerError):
    text = "Gateway timeout (504)."


class HttpVersionNotSupported(HttpServerError):
    text = "HTTP version not supported (505)."


BY_STATUS: Final[dict[int, type[HttpError]]] = {
    400: BadRequest,
    401: Unauthorized,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    406: NotAcceptable,
    407: ProxyAuthenticationRequired,
    408: RequestTimeout,
    409: Conflict,
    410: Gone,
    411: LengthRequired,
    412: PreconditionFailed,
    413: RequestEntityTooLarge,
    414: RequestUriTooLong,
    415: UnsupportedMediaType,
    416: RequestedRangeNotSatisfiable,
    417: ExpectationFailed,
    422: UnprocessableEntity,
    429: TooManyRequests,
    500: InternalServerError,
    501: HttpNotImplemented,
    502: BadGateway,
    503: ServiceUnavailable,
    504: GatewayTimeout,
    505: HttpVersionNotSupported,
}

__all__ = [
    "BY_STATUS",
    "AuthPluginException",
    "AuthenticationError",
    "AuthorizationFailure",
    "BadGateway",
    "BadRequest",
    "CatalogException",
    "ClientException",
    "Conflict",
    "ConnectFailure",
    "ConnectTimeout",
    "ConnectionError",
    "DiscoveryFailure",
    "EmptyCatalog",
    "EndpointNotFound",
    "ExpectationFailed",
    "Forbidden",
    "GatewayTimeout",
    "Gone",
    "HTTPClientError",
    "HttpError",
    "HttpNotImplemented",
    "HttpServerError",
    "HttpVersionNotSupported",
    "InternalServerError",
    "LengthRequired",
    "MethodNotAllowed",
    "MissingAuthMethods",
    "MissingAuthPlugin",
    "MissingRequiredOptions",
    "NotAcceptable",
    "NotFound",
    "PaymentRequired",
    "PreconditionFailed",
    "ProxyAuthenticationRequired",
    "RequestEntityTooLarge",
    "RequestTimeout",
    "RequestUriTooLong",
    "RequestedRangeNotSatisfiable",
    "SSLError",
    "ServiceUnavailable",
    "TooManyRequests",
    "Unauthorized",
    "UnknownConnectionError",
    "UnprocessableEntity",
    "UnsupportedMediaType",
    "VersionNotAvailable",
    "refined",
]


def refined(error: SojournError) -> SojournError:
    """Return `error` with the class that its status has here; a 401 that asks for another factor
    becomes MissingAuthMethods."""
    if not isinstance(error, HttpError):
        return error
    if error.http_status == 401 and isinstance(error.response, Response):
        receipt = error.response.headers.get("openstack-auth-receipt")
        if receipt:
            return unfinished(error.response.content, receipt)
    kind = BY_STATUS.get(error.http_status)
    if kind is not None and not isinstance(error, kind):
        error.__class__ = kind
    return error
