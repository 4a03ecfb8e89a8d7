"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0). Only an ID token of ours ends a sign-in unasked."""

from __future__ import annotations

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import InvalidRequest, PageExpired
from sojourn.model.client import Client
from sojourn.server.pages import paths, sign_out
from sojourn.server.pages.browser import Browser, Held
from sojourn.server.pages.interactions import LOGOUT, Interactions
from sojourn.server.pages.site import Site, see_other
from sojourn.server.services import http
from sojourn.server.services.hints import Hint, hinted
from sojourn.wire import forms


async def get(site: Site, request: Request) -> Response:
    """Log out as the query asks, or as a form asked that was kept."""
    query = http.query(request)
    if "i" not in query:
        return await _log_out(site, request, query)
    interactions = Interactions(site, LOGOUT)
    found = await interactions.find(request, query["i"])
    if found is None:
        raise PageExpired
    response = await _log_out(site, request, dict(found.interaction.request))
    gone = await interactions.finish(found)
    response.raw_headers.append((b"set-cookie", gone.encode("latin-1")))
    return response


async def post(site: Site, request: Request) -> Response:
    """A form on another site brings no cookies: keep what it asks, and meet it again by a GET."""
    parameters = await http.form(request, site.max_body)
    interactions = Interactions(site, LOGOUT)
    kept = interactions.begin(parameters)
    return see_other(site.url(paths.END_SESSION, i=kept.id), (interactions.cookie(kept),))


async def _log_out(site: Site, request: Request, asked: dict[str, str]) -> Response:
    hint = _hint(site, asked)
    client = await _client(site, asked, hint)
    name = (client.client_name or client.client_id) if client else ""
    back = _back(asked, hint, client)
    browser = await Browser.read(site, request)
    locales = asked.get("ui_locales", "")
    held = browser.by_sid(hint.sid) if hint is not None and hint.sid else None
    if hint is None or (held is None and _is_hinted(site, browser.active, hint, client)):
        return sign_out.ask(site, request, browser, client_name=name, ui_locales=locales)
    jar = await sign_out.end(site, browser, held) if held is not None else browser.cookies()
    if back:
        state = {"state": asked["state"]} if "state" in asked else {}
        return see_other(forms.with_query(back, state) if state else back, jar)
    return sign_out.done(
        site,
        request,
        browser,
        client_name=name,
        set_cookies=jar if held is not None else None,
        ui_locales=locales,
    )


def _is_hinted(site: Site, active: Held | None, hint: Hint, client: Client | None) -> bool:
    """Whether the person signed in again since the hint was issued: it is not of this sign-in, so ask (§2)."""
    if active is None or client is None:
        return False
    return site.sessions.grants_.subject_of(active.user.id, client) == hint.sub


def _hint(site: Site, asked: dict[str, str]) -> Hint | None:
    text = asked.get("id_token_hint", "")
    if not text:
        return None
    hint = hinted(site.context, text)
    if hint is None:
        message = "The id_token_hint is not an ID token of this server."
        raise InvalidRequest(message)
    return hint


async def _client(site: Site, asked: dict[str, str], hint: Hint | None) -> Client | None:
    named = asked.get("client_id", "")
    if hint is not None and named and named not in hint.audience:
        message = "The id_token_hint was issued to another application."
        raise InvalidRequest(message)
    client_id = named or (hint.audience[0] if hint is not None else "")
    client = await site.clients.get(client_id) if client_id else None
    return client if client is not None and client.ended is UNSET else None


def _back(asked: dict[str, str], hint: Hint | None, client: Client | None) -> str:
    """Where to send the person: only an exactly registered URI of the client that the hint was issued to."""
    uri = asked.get("post_logout_redirect_uri", "")
    if not uri or hint is None:
        return ""
    if client is None or uri not in client.post_logout_redirect_uris:
        message = "The post_logout_redirect_uri is not one that the application registered."
        raise InvalidRequest(message)
    return uri
