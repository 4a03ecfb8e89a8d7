"""All ways of a person to sign in, at once: the browser that comes back to this machine, an address that they paste, a
code that they approve on another device (RFC 8628). The first wins; the others are given up, here and at the provider.
The sign-in stands above it; below it are the listener, the device flow and the desk."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from sojourn.client.dialects.oidc import device
from sojourn.client.dialects.oidc.endpoints import Endpoints
from sojourn.client.env.contract import Env
from sojourn.client.prompt import browser
from sojourn.errors import (
    AccessDenied,
    AuthenticationCancelled,
    AuthenticationError,
    ConnectFailure,
    InteractionRequired,
    InvalidRequest,
    ProtocolError,
)
from sojourn.wire import forms
from sojourn.wire.device import DeviceAuthorization
from sojourn.wire.oauth import TokenResponse

if TYPE_CHECKING:
    from sojourn.client.dialects.oidc.desk import Desk
    from sojourn.client.dialects.oidc.listener import Listener
    from sojourn.wire.dpop import ProofKey

LIMIT: Final = 300.0  # seconds a person has

WAYS_OUT: Final = (
    "run `sojourn login --device` here and approve what it shows on another device",
    "run `sojourn login` in a terminal once",
    "set BROWSER to a program that opens a page",
    "use a client of its own with client_credentials (client_id and client_secret)",
)

Params = dict[str, str]
Outcome = Params | TokenResponse
Branch = Callable[[Env], Awaitable[Outcome]]

_log = logging.getLogger("sojourn.client.sign_in")


async def codes(env: Env, endpoints: Endpoints, form: forms.Params) -> DeviceAuthorization | None:
    """Return what another device needs, or None where the provider gives this client none."""
    if (await endpoints.provider.metadata(env)).device_authorization_endpoint is None:
        return None
    try:
        return await endpoints.device_authorization(env, form)
    except (ProtocolError, AuthenticationError, ConnectFailure) as error:
        _log.debug("Another device cannot be used: %s", error)
        return None


async def first(
    env: Env,
    endpoints: Endpoints,
    listener: Listener,
    desk: Desk | None,
    *,
    url: str,
    given: DeviceAuthorization | None,
    resources: tuple[str, ...],
    key: ProofKey | None = None,
) -> Outcome:
    """Show the person the ways that there are, and return what the first one gives: the parameters with which they came
    back, or the tokens of another device.

    Raises AuthenticationCancelled, and AccessDenied of another device.
    """
    here = browser.available(os.environ)
    ways: list[Branch] = [listener.visit, _limit]
    if desk is not None:
        desk.show(_words(url, given, desk, here=here))
        if desk.next_line is not None:
            ways.append(lambda env: _pasted(env, desk))
    if given is not None:
        ways.append(lambda env: _elsewhere(env, endpoints, given, resources, key))
    if here:
        ways.append(lambda env: _shown(env, url, alone=desk is None))
    won: Outcome | None = None
    try:
        won = await env.race(*ways, cancel=desk.cancelled if desk else None)
        return won
    finally:
        if given is not None and not isinstance(won, TokenResponse):
            await device.withdraw(env, endpoints, given)


def _words(url: str, given: DeviceAuthorization | None, desk: Desk, *, here: bool) -> str:
    """What the person reads. Where no line can be typed there is little room, and a code says it shorter."""
    typing = desk.next_line is not None
    opened = "The browser opens now: sign in there." if here else ""
    address = f"open in any browser\n\n  {url}\n"
    parts = [opened]
    if given is not None:
        parts.append(("Or " if here else "To sign in, ") + device.place(given))
        picture = "" if here or not desk.draws else device.picture(given)
        parts.append(f"Or scan this, and compare the code:\n\n{picture}\n" if picture else "")
    if given is None or typing:
        parts.append(f"{'Or' if here or given else 'To sign in,'} {address}")
    if typing and not here:
        parts.append("and paste here the address at which you end up. Ctrl-C gives up.\n")
    return "\n".join(filter(None, parts))


async def _shown(env: Env, url: str, *, alone: bool) -> Params:
    """Open the page and leave the race to the others, unless it failed and nobody else can show it."""
    shown = await env.block(browser.show, url)
    if not shown and alone:
        raise InteractionRequired("The browser could not be started.", ways_out=WAYS_OUT)
    return await _limit(env)


async def _limit(env: Env) -> Params:
    await env.sleep(LIMIT)
    raise AuthenticationCancelled(f"Nobody signed in within {LIMIT / 60:.0f} minutes.")


async def _pasted(env: Env, desk: Desk) -> Params:
    while True:
        text = await desk.line(env)
        try:
            params = forms.parse(text.partition("?")[2])
        except InvalidRequest:
            params = {}
        if "state" in params:
            return params
        desk.show("That is not the address at which a sign-in ends. Paste all of it:")


async def _elsewhere(
    env: Env,
    endpoints: Endpoints,
    given: DeviceAuthorization,
    resources: tuple[str, ...],
    key: ProofKey | None,
) -> Outcome:
    """Wait for the other device; that its code ends, or is refused, ends no other way."""
    try:
        return await device.approved(env, endpoints, given, resources, key)
    except AccessDenied:
        raise
    except (ProtocolError, AuthenticationError, AuthenticationCancelled) as error:
        _log.debug("The other device gave nothing: %s", error)
        return await _limit(env)
