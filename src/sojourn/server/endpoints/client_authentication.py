"""Which client a request says it comes from: HTTP Basic, form parameters, an assertion, or the bare id; never two."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from sojourn.errors import InvalidClient, InvalidRequest, Malformed
from sojourn.model.client import Client
from sojourn.server.pages.site import Site
from sojourn.server.services import http
from sojourn.server.services.clients import ASSERTION_TYPE, Presented
from sojourn.wire import json_text, tokens
from sojourn.wire.base64url import decode


def presented(site: Site, request: Request, parameters: Mapping[str, str]) -> Presented:
    """What the request shows (RFC 6749 §2.3). Raises InvalidRequest for more than one way, InvalidClient for none."""
    header = http.single(request, b"authorization")
    named = parameters.get("client_id", "")
    ways = bool(header) + ("client_secret" in parameters) + ("client_assertion" in parameters)
    if ways > 1:
        message = "More than one way of client authentication was used."
        raise InvalidRequest(message)
    if header:
        shown = site.clients.basic(header)
        if named and named != shown.client_id:
            message = "The client_id parameter names another client than the Authorization header."
            raise InvalidRequest(message)
        return shown
    if "client_assertion" in parameters:
        return _assertion(parameters, named)
    if not named:
        raise InvalidClient(detail="no client authentication")
    if "client_secret" in parameters:
        return Presented(named, "client_secret_post", tokens.digest(parameters["client_secret"]))
    return Presented(named, "none")


def _assertion(parameters: Mapping[str, str], named: str) -> Presented:
    """RFC 7523 §2.2; the client is the one named, else the assertion's `sub`: `Clients.authenticate` proves it."""
    if parameters.get("client_assertion_type") != ASSERTION_TYPE:
        message = f"client_assertion_type must be {ASSERTION_TYPE}."
        raise InvalidRequest(message)
    text = parameters["client_assertion"]
    try:
        claims = json_text.parse_object(decode(text.split(".")[1]))
        subject = json_text.text(claims, "sub")
    except (Malformed, IndexError) as error:
        raise InvalidClient(detail="the assertion is not a JWT") from error
    return Presented(named or subject, "private_key_jwt", assertion=text)


async def authenticated(site: Site, request: Request, parameters: Mapping[str, str]) -> Client:
    """The client behind a request, proved. Raises InvalidClient or InvalidRequest."""
    return await site.clients.authenticate(presented(site, request, parameters))
