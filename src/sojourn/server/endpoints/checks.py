"""The ordered table of authorization checks: what a request must be before a person is asked anything.

Rows run in order; the first that refuses decides. Until client and redirect URI are known to be good, a refusal is a
page; after that it goes back to the client. Below this file nothing decides whether a request is well formed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from msgspec import UNSET, Struct

from sojourn.errors import (
    InvalidClient,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    Malformed,
    ProtocolError,
    RequestNotSupported,
    RequestUriNotSupported,
    SojournError,
    UnauthorizedClient,
    UnmetAuthenticationRequirements,
    UnsupportedResponseType,
)
from sojourn.model.authentication_event import PASSWORD_ACR
from sojourn.model.authorization_request import AuthorizationRequest
from sojourn.model.client import Client
from sojourn.server.pages.site import Site
from sojourn.server.services.hints import hinted
from sojourn.wire import device, dpop, oauth, oidc, proof
from sojourn.wire.kept_in import KeptIn

RESPONSE_MODES: Final = ("query", "form_post")
_LONGEST_VALUE: Final = 2_000


class Redirected(SojournError):
    """A refusal that goes back to the client, at a redirect URI that was checked."""

    def __init__(self, error: ProtocolError, request: AuthorizationRequest) -> None:
        super().__init__(error.public, detail=error.detail)
        self.error = error
        self.request = request


class Draft(Struct):
    """A request while it is checked: what came, and what the rows found."""

    parameters: Mapping[str, str]
    client: Client | None = None
    redirect_uri: str = ""
    response_mode: str = "query"
    scope: tuple[str, ...] = ()
    challenge: str = ""
    dpop_jkt: str = ""
    prompt: frozenset[str] = frozenset()
    max_age: int | None = None
    hint_sub: str = ""
    claims: oidc.ClaimsRequest | None = None
    resources: tuple[str, ...] = ()

    def get(self, name: str) -> str:
        return self.parameters.get(name, "")

    @property
    def known(self) -> Client:
        """The client, once its row has passed."""
        if self.client is None:
            raise InvalidClient
        return self.client


async def client(site: Site, draft: Draft) -> None:
    """The client is registered and active."""
    if not draft.get("client_id"):
        message = "The client_id parameter is missing."
        raise InvalidRequest(message)
    found = await site.clients.get(draft.get("client_id"))
    if found is None or found.status != "active" or found.ended is not UNSET:
        message = "The application is not registered here."
        raise InvalidClient(message)
    draft.client = found


def redirect_uri(_site: Site, draft: Draft) -> None:
    """RFC 9700 §2.1: an exact match, of the port of a loopback address alone excepted (RFC 8252 §7.3)."""
    asked = draft.get("redirect_uri")
    if not asked:
        message = "The redirect_uri parameter is missing."
        raise InvalidRequest(message)
    if not any(oauth.matches_redirect(uri, asked) for uri in draft.known.redirect_uris):
        message = "The redirect_uri is not one that the application registered."
        raise InvalidRequest(message)
    draft.redirect_uri = asked


def response_mode(_site: Site, draft: Draft) -> None:
    """An allow-list (OAuth 2.0 Multiple Response Types §2.1, Form Post §2)."""
    asked = draft.get("response_mode") or "query"
    if asked not in RESPONSE_MODES:
        message = f"The response_mode is one of {', '.join(RESPONSE_MODES)}."
        raise InvalidRequest(message)
    draft.response_mode = asked


def no_request_object(_site: Site, draft: Draft) -> None:
    """Refused, never ignored (OpenID Connect Core §6)."""
    if draft.get("request"):
        raise RequestNotSupported
    if draft.get("request_uri"):
        raise RequestUriNotSupported


def response_type(_site: Site, draft: Draft) -> None:
    if not draft.get("response_type"):
        message = "The response_type parameter is missing."
        raise InvalidRequest(message)
    if draft.get("response_type") != "code":
        raise UnsupportedResponseType
    if "authorization_code" not in draft.known.grant_types:
        raise UnauthorizedClient


def scope(_site: Site, draft: Draft) -> None:
    """Scopes that the client may not ask for are left out (OpenID Connect Core §3.1.2.1); none left is an error."""
    try:
        asked = oauth.scope_list(draft.get("scope")) if draft.get("scope") else ()
    except Malformed as error:
        raise InvalidScope from error
    allowed = draft.known.scope
    draft.scope = tuple(name for name in asked if name in allowed)
    if not draft.scope:
        message = "None of the scopes can be granted to this application."
        raise InvalidScope(message)


def pkce(_site: Site, draft: Draft) -> None:
    """RFC 7636 with S256 only; without it a confidential client that was let off must send a nonce."""
    challenge, method = draft.get("code_challenge"), draft.get("code_challenge_method")
    if not challenge:
        if method:
            message = "code_challenge_method came without code_challenge."
            raise InvalidRequest(message)
        if draft.known.require_pkce or not draft.get("nonce"):
            message = "PKCE is required: send code_challenge with code_challenge_method=S256."
            raise InvalidRequest(message)
        return
    if method != "S256":
        message = "code_challenge_method must be S256."
        raise InvalidRequest(message)
    if not proof.is_challenge(challenge):
        message = "code_challenge is not the base64url of a SHA-256."
        raise InvalidRequest(message)
    draft.challenge = challenge


def dpop_jkt(_site: Site, draft: Draft) -> None:
    """RFC 9449 §10: the code is for the holder of a key alone."""
    thumbprint = draft.get("dpop_jkt")
    if thumbprint and not dpop.is_thumbprint(thumbprint):
        message = "dpop_jkt is not the SHA-256 thumbprint of a key."
        raise InvalidRequest(message)
    draft.dpop_jkt = thumbprint


def sizes(_site: Site, draft: Draft) -> None:
    """Values that we keep and give back are bounded."""
    for name in ("state", "nonce", "login_hint", "acr_values", "ui_locales"):
        if len(draft.get(name)) > _LONGEST_VALUE:
            message = f"The {name} parameter is too long."
            raise InvalidRequest(message)


def prompt(_site: Site, draft: Draft) -> None:
    draft.prompt = oidc.parse_prompt(draft.get("prompt"))


def max_age(_site: Site, draft: Draft) -> None:
    if draft.get("max_age"):
        draft.max_age = oidc.parse_max_age(draft.get("max_age"))


def claims(_site: Site, draft: Draft) -> None:
    """An essential `acr` that nobody can have is a failure, not a wish (OpenID Connect Core §5.5.1.1)."""
    if not draft.get("claims"):
        return
    draft.claims = oidc.ClaimsRequest.parse(draft.get("claims"))
    acr = draft.claims.id_token.get("acr")
    if acr is not None and acr.essential and not acr.allows(PASSWORD_ACR):
        raise UnmetAuthenticationRequirements


def id_token_hint(site: Site, draft: Draft) -> None:
    """An ID token of ours for this client, expired or not (OpenID Connect Core §3.1.2.1)."""
    if not draft.get("id_token_hint"):
        return
    hint = hinted(site.context, draft.get("id_token_hint"))
    if hint is None or draft.known.client_id not in hint.audience:
        message = "The id_token_hint is not an ID token that this server issued to the application."
        raise InvalidRequest(message)
    draft.hint_sub = hint.sub


async def resource(site: Site, draft: Draft) -> None:
    """RFC 8707 §2.1: live resources that the client may use."""
    asked = oauth.resource_list(draft.get("resource"))
    if not set(asked) <= set(draft.known.resources):
        raise InvalidTarget
    for identifier in asked:
        if await site.clients.resource(identifier) is None:
            raise InvalidTarget
    draft.resources = asked


def kept_in(_site: Site, draft: Draft) -> None:
    """Where the program will keep its tokens, if it says so: shown to the person, never decided by."""
    try:
        KeptIn.parse(draft.parameters)
    except Malformed as cause:
        raise InvalidRequest(cause.public) from cause


def device_grant(_site: Site, draft: Draft) -> None:
    if device.GRANT not in draft.known.grant_types:
        raise UnauthorizedClient


Row = Callable[[Site, Draft], Awaitable[None] | None]
"""A check; one that reads the store is awaited."""

BEFORE_REDIRECT: Final[tuple[Row, ...]] = (client, redirect_uri)
"""Refusals of these are pages: there is no checked place to send the person to."""

AFTER_REDIRECT: Final[tuple[Row, ...]] = (
    response_mode,
    no_request_object,
    response_type,
    scope,
    pkce,
    dpop_jkt,
    sizes,
    prompt,
    max_age,
    claims,
    id_token_hint,
    resource,
    kept_in,
)
"""Refusals of these go back to the client."""

FOR_DEVICE: Final[tuple[Row, ...]] = (client, device_grant, scope, max_age, resource, kept_in)
"""What the request of a device must be (RFC 8628 §3.1); checked again when the person decides. `max_age` is as of an
authorization request, so that a device can answer a step-up challenge too (RFC 9470 §4)."""


async def _pass(rows: tuple[Row, ...], site: Site, draft: Draft) -> None:
    for row in rows:
        if (reading := row(site, draft)) is not None:
            await reading


async def check_device(
    site: Site, parameters: Mapping[str, str]
) -> tuple[AuthorizationRequest, Client]:
    """The checked request of a device and its client. Raises ProtocolError."""
    draft = Draft(parameters)
    await _pass(FOR_DEVICE, site, draft)
    return _request(draft), draft.known


async def check(site: Site, parameters: Mapping[str, str]) -> tuple[AuthorizationRequest, Client]:
    """The checked request and its client. Raises ProtocolError for a page, Redirected for the client."""
    draft = Draft(parameters)
    await _pass(BEFORE_REDIRECT, site, draft)
    try:
        await _pass(AFTER_REDIRECT, site, draft)
    except ProtocolError as error:
        raise Redirected(error, _request(draft)) from error
    return _request(draft), draft.known


def _request(draft: Draft) -> AuthorizationRequest:
    claims = draft.claims
    id_token = claims.id_token if claims else {}
    wanted = id_token.get("sub") or (claims.userinfo.get("sub") if claims else None)
    return AuthorizationRequest(
        client_id=draft.known.client_id,
        redirect_uri=draft.redirect_uri,
        parameters=draft.parameters,
        response_mode=draft.response_mode,
        state=draft.get("state"),
        scope=draft.scope,
        nonce=draft.get("nonce"),
        challenge=draft.challenge,
        prompt=draft.prompt,
        max_age=draft.max_age,
        login_hint=draft.get("login_hint"),
        hint_sub=draft.hint_sub,
        sub=wanted.value if wanted is not None and isinstance(wanted.value, str) else "",
        userinfo=tuple(claims.userinfo) if claims else (),
        id_token=tuple(id_token),
        resources=draft.resources,
        ui_locales=draft.get("ui_locales"),
        dpop_jkt=draft.dpop_jkt,
    )
