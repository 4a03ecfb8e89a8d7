"""The application: an ASGI callable over the table of routes, and the wiring. The only file that knows every part."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sojourn.errors import NoSuchPage, ProtocolError, SojournError, WrongMethod
from sojourn.server.endpoints import discovery, rendering, token
from sojourn.server.login.authenticators.password import Passwords
from sojourn.server.login.pipeline import Pipeline
from sojourn.server.login.throttle import Throttle
from sojourn.server.pages import failure, paths
from sojourn.server.pages.render import Renderer, static_files
from sojourn.server.pages.site import Site
from sojourn.server.routes import ROUTES, Handler, Told
from sojourn.server.services import builtin
from sojourn.server.services.clients import Clients
from sojourn.server.services.config import Settings
from sojourn.server.services.context import Context, system_now
from sojourn.server.services.events import Outbox, to_log
from sojourn.server.services.foundation import context_of
from sojourn.server.services.pace import Pace
from sojourn.server.services.proofs import Proofs
from sojourn.server.services.randomness import SystemRandom
from sojourn.server.services.sessions.manager import AsyncSessionManager
from sojourn.server.services.setup import SetUp
from sojourn.server.services.users import Users
from sojourn.store.open import open_store

log = logging.getLogger("sojourn.requests")

_DELIVERY: Final = 1.0
_SWEEP_EVERY: Final = 60
_SWEEP: Final = 1_000
_TOGETHER: Final = 32
_SPOKEN: Final = {"GET": ("GET", "HEAD"), "POST": ("POST",)}
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


class Application:
    """The server as an ASGI application. `build` makes one; `setup_url` is set while there is no administrator."""

    def __init__(self, site: Site, *, setup_url: str = "") -> None:
        self.site = site
        self.setup_url = setup_url
        self._routes = _table(site)
        self._documents = _documents(site)
        self._outbox = Outbox(site.context, (to_log,))
        self._upkeep = asyncio.get_running_loop().create_task(self._keep_up())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        if scope["type"] != "http":
            return
        response = await self.respond(scope, receive)
        try:
            await response(scope, receive, send)
        except BaseException:
            self.lost(response)
            raise
        self.sent(response)

    async def respond(self, scope: Scope, receive: Receive) -> Response:
        """The answer to a request, whole. Whoever writes it says afterwards whether it was `sent` or `lost`."""
        path, method = scope["path"], scope["method"]
        document = self._documents.get(path)
        if document is None:
            return await self._answer(path, method, Request(scope, receive))
        if method in ("GET", "HEAD"):
            return document
        return self._wrong_method(Request(scope, receive), ("GET",), Told.JSON)

    def sent(self, response: Response) -> None:
        """An answer was handed to the network: the code that it spent is spent."""
        if isinstance(response, token.Handover):
            self.site.sessions.redemption.note_sent(response.code_key)

    def lost(self, response: Response) -> None:
        """An answer could not be sent: who was to have it may ask again."""
        if isinstance(response, token.Handover):
            self.site.sessions.redemption.unsent(response.code_key)

    async def _answer(self, path: str, method: str, request: Request) -> Response:
        route = self._routes.get(path)
        if route is None:
            return failure.page(self.site, request, NoSuchPage())
        methods, told = route
        handler = methods.get("GET" if method == "HEAD" else method)
        if handler is None:
            return self._wrong_method(request, methods, told)
        try:
            return await handler(self.site, request)
        except SojournError as error:
            return self._refusal(request, error, told)
        except Exception:  # the process boundary: nothing but a bare 500 may leave it
            log.exception("%s %s failed", method, path)
            return self._refusal(request, SojournError(), told)

    def _wrong_method(self, request: Request, methods: Iterable[str], told: Told) -> Response:
        allowed = [name for method in methods for name in _SPOKEN[method]]
        response = self._refusal(request, WrongMethod(), told)
        response.headers["allow"] = ", ".join(allowed)
        return response

    def _refusal(self, request: Request, error: SojournError, told: Told) -> Response:
        if told is Told.PAGE:
            return failure.page(self.site, request, error)
        if not isinstance(error, ProtocolError):
            log.error("%s: %s %s", type(error).__name__, error.public, error.detail)
            error = _Failure()
        scheme = request.headers.get("authorization", "").partition(" ")[0].lower()
        return rendering.refusal(error, scheme=scheme)

    async def _keep_up(self) -> None:
        """Deliver events and write which codes are spent every second, and sweep every minute, until cancelled."""
        rounds = 0
        while True:
            await asyncio.sleep(_DELIVERY)
            rounds += 1
            await _tried(self._outbox.deliver_all())
            await _tried(self._write_sent())
            if rounds % _SWEEP_EVERY == 0:
                await _tried(self._sweep_all())

    async def _write_sent(self) -> None:
        """Write what was noted of codes, some at a time: they share a commit, and requests come between. What cannot be
        written stays noted for the next time.
        """
        redemption = self.site.sessions.redemption
        noted, failed = iter(redemption.noted()), list[BaseException]()
        while some := tuple(islice(noted, _TOGETHER)):
            written = (redemption.sent(key) for key in some)
            done = await asyncio.gather(*written, return_exceptions=True)
            failed += [outcome for outcome in done if isinstance(outcome, BaseException)]
        if failed:
            raise failed[0]

    async def _sweep_all(self) -> None:
        context = self.site.context
        while await context.store.sweep(context.now(), _SWEEP) == _SWEEP:
            pass

    async def close(self) -> None:
        """Stop the upkeep, and let threads and store go."""
        self._upkeep.cancel()
        with suppress(asyncio.CancelledError):
            await self._upkeep
        await _tried(self._write_sent())
        self.site.passwords.close()
        await self.site.context.store.close()


async def _tried(work: Awaitable[None]) -> None:
    """Do one piece of the upkeep; what fails keeps nothing else from being done."""
    try:
        await work
    except Exception:  # a boundary: what a subscriber raises must not end the upkeep either
        log.exception("upkeep failed; it is tried again")


class _Failure(ProtocolError):
    """What a program is told when we failed."""

    status = 500
    text = "The server failed. Try again later."


def _prefix(site: Site) -> str:
    return urlsplit(site.issuer).path.rstrip("/")


def _table(site: Site) -> Mapping[str, tuple[Mapping[str, Handler], Told]]:
    prefix = _prefix(site)
    return {prefix + route.path: (route.methods, route.told) for route in ROUTES}


def _documents(site: Site) -> Mapping[str, Response]:
    """Answers that never change: metadata and the files of the pages."""
    prefix = _prefix(site)
    said = discovery.document(discovery.metadata(site))
    found = {
        prefix + paths.DISCOVERY: said,
        prefix + paths.OAUTH_METADATA: said,
        paths.OAUTH_METADATA + prefix: said,
    }
    for name, (content, kind, etag) in static_files().items():
        headers = {
            "etag": etag,
            "cache-control": _IMMUTABLE,
            "x-content-type-options": "nosniff",
        }
        found[f"{prefix}{paths.STATIC}/{name}"] = Response(
            content, headers=headers, media_type=kind
        )
    return found


def _site(settings: Settings, context: Context) -> Site:
    sessions = AsyncSessionManager(context)
    users = Users(context, sessions.tree)
    audiences = (settings.issuer, f"{settings.issuer}{paths.TOKEN}")
    throttle = Throttle(context, sessions.tree)
    passwords = Passwords(workers=settings.password_workers, queue=settings.password_queue)
    return Site(
        issuer=settings.issuer,
        context=context,
        sessions=sessions,
        users=users,
        clients=Clients(context, sessions.tree, audiences=audiences),
        passwords=passwords,
        proofs=Proofs(context, nonce_required=settings.dpop_nonce == "required"),
        pipeline=Pipeline(context, users, passwords, throttle),
        throttle=throttle,
        pace=Pace(context.now),
        renderer=Renderer(issuer=settings.issuer),
        proxies=frozenset(settings.trusted_proxies),
        max_body=settings.max_body,
    )


async def build(
    settings: Settings,
    *,
    now: Callable[[], int] = system_now,
    random: Callable[[int], bytes] | None = None,
) -> Application:
    """Open the store, make what a first start needs, and wire the parts.

    Raises ConfigurationError or StoreUnavailable, each with one clear line.
    """
    store = open_store(settings.store, blocking=False)
    try:
        context = await context_of(settings, store, now=now, random=random or SystemRandom())
        site = _site(settings, context)
        await builtin.ensure(site.clients)
        setup_url = ""
        if not await site.users.has_administrator():
            setup_url = site.url(paths.SET_UP, token=await SetUp(context).make())
        return Application(site, setup_url=setup_url)
    except BaseException:
        await store.close()
        raise
