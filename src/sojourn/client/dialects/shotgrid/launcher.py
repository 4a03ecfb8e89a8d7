"""The App Session Launcher: the person approves in the browser, wherever they are signed in, and the program polls for
the session. The plugin stands above it; below it are the environment, the prompts and `wire.shotgrid_launcher`.
"""

from __future__ import annotations

import os
import platform
import threading
from collections.abc import Callable
from typing import Final, NamedTuple

from sojourn.client.env.contract import Env
from sojourn.client.prompt import browser, terminal
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.client.url import origin
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import (
    AuthenticationCancelled,
    AuthenticationError,
    ConnectFailure,
    InteractionRequired,
    Malformed,
)
from sojourn.wire import forms
from sojourn.wire import shotgrid_launcher as wire
from sojourn.wire.shotgrid_launcher import Approval, Launch, LaunchRequest

APP: Final = "Sojourn"
INTERVAL: Final = 2.0
"""Seconds between two polls."""
LIMIT: Final = 180_000
"""Milliseconds that a person has."""
PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
"""Seconds before a poll that failed is sent again; then the sign-in has failed."""

WAYS_OUT: Final = (
    "run it in a terminal or on a desktop once",
    "set BROWSER to a program that opens a page",
    "sign in with a password, where the site takes them",
    "use a script and its key",
)

_HEADERS: Final[Fields] = (
    ("Accept", "application/json"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("User-Agent", PRODUCT),
)

Show = Callable[[str], None]


class Launching(NamedTuple):
    """How the person is asked: `show` puts a text before them, else the terminal does; `cancel` calls it off."""

    app: str = APP
    show: Show | None = None
    cancel: threading.Event | None = None


def possible(show: Show | None = None) -> bool:
    """Tell whether a person can be asked here."""
    return show is not None or browser.available(os.environ) or terminal.available()


async def sign_in(env: Env, site: str, wanted: Launching) -> Approval:
    """Return the session that the person approves, and who they are.

    Raises AuthenticationCancelled where they say no, let three minutes pass or `cancel` is set, AuthenticationError for
    a site that does not offer this, InteractionRequired at once where nobody can be asked, ConnectFailure.
    """
    if not possible(wanted.show):
        raise InteractionRequired(ways_out=WAYS_OUT)
    launch = await _requested(env, site, wanted.app)
    (wanted.show or terminal.say)(
        f"Approve the sign-in of {wanted.app} in the browser:\n\n  {launch.url}\n"
    )

    async def approved(branch: Env) -> Approval:
        return await _approved(branch, site, launch)

    ways = [approved]
    if browser.available(os.environ):
        ways.append(lambda branch: _shown(branch, launch.url))
    return await env.race(*ways, cancel=wanted.cancel)


async def _requested(env: Env, site: str, app: str) -> Launch:
    asked = LaunchRequest(app, platform.node() or "unknown")
    reply = await _sent(env, site, "POST", wire.PATH, forms.encode(asked.params()))
    if reply.status in {403, 404}:
        raise _not_offered(site)
    try:
        launch = Launch.parse(reply.content)
        at = origin(launch.url)
    except Malformed as cause:
        raise _unusable(site, reply) from cause
    if at.scheme != "https" and at != origin(site):
        raise _unusable(site, reply)
    return launch


async def _approved(env: Env, site: str, launch: Launch) -> Approval:
    """Poll until there is a session."""
    end = env.now() + LIMIT
    while True:
        await env.sleep(INTERVAL)
        if env.now() >= end:
            minutes = LIMIT // 60_000
            raise AuthenticationCancelled(f"Nobody approved within {minutes} minutes.")
        reply = await _sent(env, site, "PUT", wire.poll_path(launch.id), "")
        if reply.status == 404:
            raise AuthenticationCancelled("The sign-in was rejected in the browser, or is too old.")
        if reply.status == 403:
            raise _not_offered(site)
        try:
            approval = Approval.parse(reply.content)
        except Malformed as cause:
            raise _unusable(site, reply) from cause
        if approval.token is not None:
            return approval


async def _shown(env: Env, url: str) -> Approval:
    """Open the page, and leave the rest to the polling: the address was shown too, so a browser may fail."""
    await env.block(browser.show, url)
    while True:
        await env.sleep(INTERVAL)


async def _sent(env: Env, site: str, method: str, path: str, body: str) -> Reply:
    """Return an answer that is no failure of the server's; those are asked again a few times."""
    request = Request(method, f"{site}{path}", _HEADERS, body.encode("ascii"))
    for pause in (*PAUSES, None):
        reply = None
        try:
            reply = await env.send(request)
        except ConnectFailure:
            if pause is None:
                raise
        if reply is not None and reply.status < 500:
            return reply
        if pause is not None:
            await env.sleep(pause)
    raise ConnectFailure(f"{site} is down, or too busy to answer.")


def _not_offered(site: str) -> AuthenticationError:
    return AuthenticationError(
        f"{site} does not offer sign-in in the browser for programs: its administrator has it switched off."
    )


def _unusable(site: str, reply: Reply) -> AuthenticationError:
    return AuthenticationError(
        f"{site} gave an answer that cannot be used.", detail=f"status {reply.status}"
    )
