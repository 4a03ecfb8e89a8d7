"""My sessions: every device and application a person has, as cards and as a picture; end one, or end all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from sojourn.errors import InvalidRequest, UnknownObject
from sojourn.server.pages import paths
from sojourn.server.pages.browser import Browser, Held
from sojourn.server.pages.rows import account_row, links, scope_rows
from sojourn.server.pages.site import Site, see_other
from sojourn.server.pages.view import (
    ClientRow,
    DelegationRow,
    GrantRow,
    SessionsView,
    SignInCard,
    StoreRow,
)
from sojourn.server.services import http
from sojourn.server.services.administration.sessions import SessionDesk
from sojourn.server.services.sessions.delegations import DelegationEntry
from sojourn.server.services.sessions.overview import GrantEntry, SignInEntry
from sojourn.server.services.sessions.stores import StoreEntry, store_of, stores_of

FORM: Final = "sessions"
_NOTICES: Final = ("sign_in", "client", "grant", "delegation", "store", "others", "gone")
PAGE: Final = 20
REMEMBER: Final = 7 * 86_400_000
"""For how long an ended sign-in is still shown, in ms."""


async def get(site: Site, request: Request) -> Response:
    """The page, for whoever is signed in first in this browser."""
    browser = await Browser.read(site, request)
    if browser.active is None:
        return see_other(site.url(paths.SIGN_IN), browser.cookies())
    return await _show(site, request, browser, browser.active)


async def _show(site: Site, request: Request, browser: Browser, me: Held) -> Response:
    asked = http.query(request)
    start = _start(asked.get("from", ""))
    overview = await site.sessions.overviews.of(me.user.id)
    now = site.context.now()
    shown = sorted(
        (entry for entry in overview.sign_ins if not _forgotten(entry, now)),
        key=lambda entry: (entry.signin.id != me.signin.id, bool(entry.why)),
    )
    offline = tuple(entry for entry in overview.offline if not entry.why)
    apps = _Applications(await _names(site, shown, offline), _spread(shown, offline))
    live = sum(1 for entry in shown if not entry.why)
    view = SessionsView(
        action=site.url(paths.SESSIONS),
        csrf=browser.csrf(FORM),
        now=now,
        user=account_row(me.user, me.signin),
        sign_ins=tuple(_card(entry, me, apps) for entry in shown[start : start + PAGE]),
        offline=_clients(offline, apps) if start == 0 else (),
        stores=tuple(_store(entry, apps) for entry in stores_of(overview)) if start == 0 else (),
        others=max(0, live - 1),
        notice=_notice(asked.get("done", "")),
        newer_url=_page_url(site, start - PAGE) if start else "",
        older_url=_page_url(site, start + PAGE) if len(shown) > start + PAGE else "",
        links=links(site),
    )
    return site.page(request, view, set_cookies=browser.cookies())


def _start(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _page_url(site: Site, start: int) -> str:
    return (
        site.url(paths.SESSIONS, **{"from": str(start)})
        if start > 0
        else (site.url(paths.SESSIONS))
    )


def _notice(done: str) -> str:
    return f"sessions.done.{done}" if done in _NOTICES else ""


def _forgotten(entry: SignInEntry, now: int) -> bool:
    return bool(entry.why) and now >= entry.ended + REMEMBER


async def _names(
    site: Site, shown: Iterable[SignInEntry], offline: tuple[GrantEntry, ...]
) -> dict[str, str]:
    wanted = {entry.grant.client_id for one in shown for entry in one.grants}
    wanted |= {entry.grant.client_id for entry in offline}
    grants = (*offline, *(entry for one in shown for entry in one.grants))
    wanted |= {one.token.client_id for entry in grants for one in entry.delegations}
    found = {}
    for client_id in wanted:
        client = await site.clients.get(client_id)
        found[client_id] = (client.client_name if client else "") or client_id
    return found


class _Applications(Struct, frozen=True):
    """The applications on the page: their names by client id, and which of them are live in several places."""

    names: dict[str, str]
    spread: frozenset[str]


def _spread(shown: Iterable[SignInEntry], offline: tuple[GrantEntry, ...]) -> frozenset[str]:
    places = Counter({entry.grant.client_id for entry in offline})
    for one in shown:
        places.update({entry.grant.client_id for entry in one.grants if not entry.why})
    return frozenset(client_id for client_id, count in places.items() if count > 1)


def _card(entry: SignInEntry, me: Held, apps: _Applications) -> SignInCard:
    signin = entry.signin
    return SignInCard(
        id=signin.id,
        user_agent=signin.agent,
        address=signin.address,
        signed_in_at=signin.event.authn_time,
        last_used_at=entry.last_used or None,
        ends_at=signin.end,
        methods=signin.event.amr,
        current=signin.id == me.signin.id,
        ended_at=entry.ended if entry.why else None,
        end_reason=entry.why,
        clients=_clients(entry.grants, apps),
    )


def _clients(entries: tuple[GrantEntry, ...], apps: _Applications) -> tuple[ClientRow, ...]:
    by_client: dict[str, list[GrantRow]] = {}
    for entry in entries:
        grant = entry.grant
        row = GrantRow(
            id=grant.id,
            scopes=scope_rows(grant.scope),
            created_at=grant.created,
            last_used_at=entry.last_used or None,
            ended_at=entry.ended if entry.why else None,
            offline=grant.offline,
            resources=grant.resources,
            delegations=_delegations(entry, apps),
            key=entry.jkt,
            store=store.name if (store := store_of(grant)) else "",
        )
        by_client.setdefault(grant.client_id, []).append(row)
    return tuple(
        ClientRow(
            id=client_id,
            name=apps.names[client_id],
            elsewhere=client_id in apps.spread,
            grants=tuple(rows),
            ended_at=None
            if any(row.ended_at is None for row in rows)
            else max(row.ended_at or 0 for row in rows),
        )
        for client_id, rows in by_client.items()
    )


def _delegations(entry: GrantEntry, apps: _Applications) -> tuple[DelegationRow, ...]:
    return tuple(
        DelegationRow(
            id=one.id,
            job=one.told.job,
            actor=_actor(one, apps),
            scopes=scope_rows(one.token.scope),
            created_at=one.token.issued_at,
            ends_at=one.token.expires_at or None,
        )
        for one in entry.delegations
        if not one.why and not entry.why
    )


def _actor(entry: DelegationEntry, apps: _Applications) -> str:
    """Who acts: a client by its name, else whom the actor's token was about."""
    actor = entry.told.actors[0]
    return apps.names[actor.client_id] if actor.sub == actor.client_id else actor.sub


def _store(entry: StoreEntry, apps: _Applications) -> StoreRow:
    clients = dict.fromkeys(one.grant.client_id for one in entry.grants)
    return StoreRow(
        id=entry.store.id,
        name=entry.store.name,
        clients=tuple(apps.names.get(client_id, client_id) for client_id in clients),
        since=entry.since,
        last_used_at=entry.last_used or None,
    )


async def post(site: Site, request: Request) -> Response:
    """End what the person pointed at."""
    form = await http.form(request, site.max_body)
    browser = await Browser.read(site, request)
    browser.check(request, FORM, form.get("csrf", ""))
    me = browser.active
    if me is None:
        return see_other(site.url(paths.SIGN_IN))
    action, name = form.get("action", ""), form.get("id", "")
    body = {"action": action} | ({"id": name} if name else {})
    desk = SessionDesk(site.sessions, site.clients)
    try:
        answer = await desk.end(me.user, body, current=me.signin.id, actor=me.user.id)
        done = answer["ended"]
    except InvalidRequest:  # no such action, or this sign-in was ended elsewhere a moment ago
        return see_other(site.url(paths.SESSIONS))
    except UnknownObject:
        done = False
    if not done:
        return see_other(site.url(paths.SESSIONS, done="gone"))
    if name == me.signin.id:
        left = browser.without(frozenset({name}))
        return see_other(site.url(paths.HOME), browser.cookies(left))
    return see_other(site.url(paths.SESSIONS, done=action.removeprefix("end_")))
