"""Answers to authorization requests: a code or an error, by query or by form post, always with `iss` (RFC 9207)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import ProtocolError
from sojourn.model.authorization_request import AuthorizationRequest
from sojourn.server.pages.render import FORM_POST_SCRIPT_HASH
from sojourn.server.pages.site import Site, see_other
from sojourn.server.pages.view import FormPostView
from sojourn.wire import forms, oauth


def with_code(
    site: Site,
    request: Request,
    asked: AuthorizationRequest,
    code: str,
    *,
    set_cookies: tuple[str, ...] = (),
) -> Response:
    """The code, sent to the checked redirect URI."""
    return _answer(site, request, asked, {"code": code}, set_cookies)


def with_error(
    site: Site,
    request: Request,
    asked: AuthorizationRequest,
    error: ProtocolError,
    *,
    set_cookies: tuple[str, ...] = (),
) -> Response:
    """The error, sent to the checked redirect URI (RFC 6749 §4.1.2.1)."""
    said = {"error": error.code, "error_description": oauth.quotable(error.public)}
    return _answer(site, request, asked, said, set_cookies)


def _answer(
    site: Site,
    request: Request,
    asked: AuthorizationRequest,
    said: dict[str, str],
    set_cookies: tuple[str, ...],
) -> Response:
    parameters = said | ({"state": asked.state} if asked.state else {}) | {"iss": site.issuer}
    if asked.response_mode != "form_post":
        return see_other(forms.with_query(asked.redirect_uri, parameters), set_cookies)
    view = FormPostView(action=asked.redirect_uri, parameters=tuple(parameters.items()))
    return site.page(
        request,
        view,
        form_action=(oauth.origin_of(asked.redirect_uri),),
        script_hash=FORM_POST_SCRIPT_HASH,
        set_cookies=set_cookies,
        ui_locales=asked.ui_locales,
    )
