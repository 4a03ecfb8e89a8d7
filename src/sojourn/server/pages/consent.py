"""The consent page: who asks, for what, and with which account. What is agreed to is remembered."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import ForgedForm, InvalidRequest, PageExpired
from sojourn.model.authorization_request import AuthorizationRequest
from sojourn.model.client import Client
from sojourn.model.interaction import Interaction
from sojourn.server.login.decision import Situation
from sojourn.server.pages import paths
from sojourn.server.pages.browser import Browser
from sojourn.server.pages.interactions import Interactions
from sojourn.server.pages.rows import account_row, scope_rows
from sojourn.server.pages.site import Site, see_other
from sojourn.server.pages.view import ConsentView
from sojourn.server.services import http
from sojourn.wire import oauth, oidc

FORM = "consent"
_SAID_ANYWAY: Final = frozenset({"sub", "auth_time", "acr", "amr", "sid"})
"""Claims about the sign-in itself, which every ID token has."""


async def show(
    site: Site,
    request: Request,
    browser: Browser,
    situation: Situation,
    *,
    set_cookies: tuple[str, ...] = (),
) -> Response:
    """The page for a request that a signed-in person must agree to."""
    client, asked, session = situation.client, situation.request, situation.session
    account = situation.account
    if account is None:
        raise InvalidRequest(detail="consent without an account")
    already: tuple[str, ...] = ()
    if session is not None and session.ended is UNSET and session.consent is not UNSET:
        already = session.consent.scope
    view = ConsentView(
        action=site.url(paths.CONSENT),
        csrf=browser.csrf(_form_of(situation.interaction, account.signin.id)),
        interaction=situation.interaction.id,
        client_name=_name(client),
        client_host=oauth.origin_of(asked.redirect_uri).partition("://")[2],
        client_url=client.client_uri,
        policy_url=client.policy_uri,
        tos_url=client.tos_uri,
        account=account_row(account.user, account.signin),
        scopes=scope_rows(_told(asked), already),
        resources=asked.resources,
        switch_url=site.url(paths.CONTINUE, i=situation.interaction.id, choose="1"),
    )
    return site.page(
        request,
        view,
        form_action=(oauth.origin_of(asked.redirect_uri),),
        set_cookies=(*browser.cookies(), *set_cookies),
        ui_locales=asked.ui_locales,
    )


def _told(asked: AuthorizationRequest) -> tuple[str, ...]:
    """What the person reads: the scopes, and every claim asked for besides, under the scope that it belongs to."""
    wanted = (*asked.userinfo, *asked.id_token)
    named = (oidc.scope_of_claim(name) or name for name in wanted if name not in _SAID_ANYWAY)
    return tuple(dict.fromkeys((*asked.scope, *named)))


def _name(client: Client) -> str:
    return client.client_name or client.client_id


def _form_of(interaction: Interaction, sid: str) -> str:
    """Binds the form to the interaction and to the account it was shown for."""
    return f"{FORM} {interaction.id} {sid}"


async def post(site: Site, request: Request) -> Response:
    """Note what the person decided, and go back to the flow."""
    form = await http.form(request, site.max_body)
    browser = await Browser.read(site, request)
    interactions = Interactions(site)
    found = await interactions.find(request, form.get("i", ""))
    if found is None:
        raise PageExpired
    given = form.get("csrf", "")
    shown = next(
        (
            held
            for held in browser.held
            if browser.is_of(_form_of(found.interaction, held.signin.id), given)
        ),
        None,
    )
    if shown is None:
        raise ForgedForm
    browser.check(request, _form_of(found.interaction, shown.signin.id), given)
    allowed = form.get("decision") == "allow"
    seen = msgspec.structs.replace(
        found.interaction.going_on_with(shown.signin.id), consented=allowed, denied=not allowed
    )
    kept = await interactions.update(found, seen, shown.user.id)
    return see_other(site.url(paths.CONTINUE, i=found.interaction.id), kept)
