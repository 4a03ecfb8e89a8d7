"""Every error that Sojourn raises, in one tree. Raised anywhere; rendered only by `endpoints` and `pages`.

    SojournError
    ├─ ProtocolError                 an answer of OAuth 2.0 or OpenID Connect: code, status, public text
    │  ├─ InvalidRequest             malformed, duplicated or missing parameter
    │  ├─ TooLarge                   a body over the limit (413)
    │  ├─ WrongMethod                a method that the path does not take (405)
    │  ├─ UnknownObject              what a JSON API was asked for is not there (404)
    │  ├─ InvalidClient              client authentication failed (401)
    │  ├─ InvalidGrant               code or refresh token not (or no longer) good
    │  ├─ UnauthorizedClient         this client may not do this
    │  ├─ UnsupportedGrantType, UnsupportedResponseType
    │  ├─ InvalidScope, InvalidTarget
    │  ├─ AccessDenied               the person or the policy said no
    │  ├─ AuthorizationPending, SlowDown, ExpiredToken  a device that waits for a person (RFC 8628)
    │  ├─ TooOften                   too many requests of one client from one address (429), with retry_after
    │  ├─ DpopError                  the proof that a key is held (RFC 9449): InvalidDpopProof, UseDpopNonce
    │  ├─ LoginRequired, ConsentRequired, AccountSelectionRequired, InteractionNeeded
    │  ├─ UnmetAuthenticationRequirements  an essential `acr` that this server does not have
    │  ├─ RequestNotSupported, RequestUriNotSupported
    │  ├─ ServerBusy                 temporarily_unavailable (503), with retry_after
    │  └─ BearerError                RFC 6750 answers of a protected resource
    │     ├─ InvalidToken            (401)
    │     │  └─ TokenMissing         (401, and the answer tells no code: no token came)
    │     ├─ InsufficientUserAuthentication  (401: the sign-in is too weak or too old, RFC 9470)
    │     └─ InsufficientScope       (403)
    ├─ PageError                     of a page: shown to a person, with a code that picks the words
    │  ├─ PageExpired, DeviceWithdrawn, ForgedForm, SetUpDone, NoSuchPage
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
    │  │  ├─ MissingAuthMethods      they were good, and another method is asked for as well
    │  │  └─ SecondFactorRequired    they were good, and a code is asked for: with it the same attempt goes on
    │  ├─ IncompleteCredentials      something needed is missing
    │  ├─ AuthenticationCancelled    the person said no
    │  ├─ DelegationNotSupported     the provider lets nobody act for somebody else
    │  ├─ InteractionRequired        a person is needed and none can be asked; names ways out
    │  ├─ NotRevocable               the service has no way to end a session: it dies of itself
    │  │  └─ StepUpRequired          for a newer or stronger sign-in; says which (RFC 9470)
    │  ├─ CredentialBusy             another process holds the credential's lock
    │  ├─ KeyBound                   the token works only with its key's proof (DPoP), so it cannot be handed out
    │  └─ BadSerializedUser          not a serialised user, or not for here and now; says which
    ├─ EndpointError                 where a service answers cannot be found out
    │  ├─ EndpointNotFound           the catalog has no such endpoint
    │  │  └─ EmptyCatalog            it has none at all
    │  └─ DiscoveryFailure           the service does not say which versions it has
    │     └─ VersionNotAvailable     or not the one that is needed, or not that microversion
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

from sojourn.errors.base import (
    ConfigurationError,
    Malformed,
    SojournError,
    UnknownKey,
)
from sojourn.errors.client import (
    AnswerLost,
    AuthenticationCancelled,
    AuthenticationError,
    BadRequest,
    BadSerializedUser,
    Conflict409,
    ConnectFailure,
    ConnectTimeout,
    CredentialBusy,
    CredentialError,
    DelegationNotSupported,
    DiscoveryFailure,
    EmptyCatalog,
    EndpointError,
    EndpointNotFound,
    Forbidden,
    HttpClientError,
    HttpError,
    HttpServerError,
    IncompleteCredentials,
    InteractionRequired,
    KeyBound,
    MissingAuthMethods,
    NotFound,
    NotRevocable,
    ReadTimeout,
    RequestError,
    SecondFactorRequired,
    ServiceUnavailable,
    SSLFailure,
    StepUpRequired,
    TooManyRequests,
    Unauthorized,
    UnsafeRedirect,
    VersionNotAvailable,
)
from sojourn.errors.protocol import (
    AccessDenied,
    AccountSelectionRequired,
    AuthorizationPending,
    BearerError,
    ConsentRequired,
    DpopError,
    ExpiredToken,
    InsufficientScope,
    InsufficientUserAuthentication,
    InteractionNeeded,
    InvalidClient,
    InvalidDpopProof,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    InvalidToken,
    LoginRequired,
    ProtocolError,
    RequestNotSupported,
    RequestUriNotSupported,
    ServerBusy,
    SlowDown,
    TokenMissing,
    TooLarge,
    TooOften,
    UnauthorizedClient,
    UnknownObject,
    UnmetAuthenticationRequirements,
    UnsupportedGrantType,
    UnsupportedResponseType,
    UseDpopNonce,
    WrongMethod,
)
from sojourn.errors.server import (
    BadSessionId,
    Conflict,
    DeviceWithdrawn,
    ForgedForm,
    MintingNotAllowed,
    NewerRecord,
    NoSuchClientSession,
    NoSuchGrant,
    NoSuchPage,
    NoSuchUser,
    NotLive,
    OutcomeUnknown,
    PageError,
    PageExpired,
    SessionError,
    SetUpDone,
    SignInRefused,
    StoreError,
    StoreUnavailable,
    UnknownToken,
    WrongTokenClass,
)

__all__ = [
    "AccessDenied",
    "AccountSelectionRequired",
    "AnswerLost",
    "AuthenticationCancelled",
    "AuthenticationError",
    "AuthorizationPending",
    "BadRequest",
    "BadSerializedUser",
    "BadSessionId",
    "BearerError",
    "ConfigurationError",
    "Conflict",
    "Conflict409",
    "ConnectFailure",
    "ConnectTimeout",
    "ConsentRequired",
    "CredentialBusy",
    "CredentialError",
    "DelegationNotSupported",
    "DeviceWithdrawn",
    "DiscoveryFailure",
    "DpopError",
    "EmptyCatalog",
    "EndpointError",
    "EndpointNotFound",
    "ExpiredToken",
    "Forbidden",
    "ForgedForm",
    "HttpClientError",
    "HttpError",
    "HttpServerError",
    "IncompleteCredentials",
    "InsufficientScope",
    "InsufficientUserAuthentication",
    "InteractionNeeded",
    "InteractionRequired",
    "InvalidClient",
    "InvalidDpopProof",
    "InvalidGrant",
    "InvalidRequest",
    "InvalidScope",
    "InvalidTarget",
    "InvalidToken",
    "KeyBound",
    "LoginRequired",
    "Malformed",
    "MintingNotAllowed",
    "MissingAuthMethods",
    "NewerRecord",
    "NoSuchClientSession",
    "NoSuchGrant",
    "NoSuchPage",
    "NoSuchUser",
    "NotFound",
    "NotLive",
    "NotRevocable",
    "OutcomeUnknown",
    "PageError",
    "PageExpired",
    "ProtocolError",
    "ReadTimeout",
    "RequestError",
    "RequestNotSupported",
    "RequestUriNotSupported",
    "SSLFailure",
    "SecondFactorRequired",
    "ServerBusy",
    "ServiceUnavailable",
    "SessionError",
    "SetUpDone",
    "SignInRefused",
    "SlowDown",
    "SojournError",
    "StepUpRequired",
    "StoreError",
    "StoreUnavailable",
    "TokenMissing",
    "TooLarge",
    "TooManyRequests",
    "TooOften",
    "Unauthorized",
    "UnauthorizedClient",
    "UnknownKey",
    "UnknownObject",
    "UnknownToken",
    "UnmetAuthenticationRequirements",
    "UnsafeRedirect",
    "UnsupportedGrantType",
    "UnsupportedResponseType",
    "UseDpopNonce",
    "VersionNotAvailable",
    "WrongMethod",
    "WrongTokenClass",
]
