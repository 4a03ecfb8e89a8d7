"""The sign-in of a person on another device (RFC 8628): ask for a code, show it here, and wait until they approved it
there. The plugin stands above it; below it are the endpoints, the terminal and `wire`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from msgspec import Struct, structs

from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc.endpoints import Endpoints, refusal
from sojourn.client.dialects.oidc.proving import NO_KEY, Binding
from sojourn.client.dialects.oidc.tokens import Expected, credential
from sojourn.client.env.contract import Env
from sojourn.client.prompt import qr, terminal
from sojourn.errors import (
    AccessDenied,
    AuthenticationCancelled,
    AuthenticationError,
    AuthorizationPending,
    ConnectFailure,
    ExpiredToken,
    ProtocolError,
    ServerBusy,
    SlowDown,
    StepUpRequired,
)
from sojourn.wire import forms
from sojourn.wire.device import GRANT, DeviceAuthorization
from sojourn.wire.oauth import TokenResponse

if TYPE_CHECKING:
    from sojourn.wire.dpop import ProofKey

INTERVAL: Final = 5
"""Seconds between two polls where the provider names none, and what `slow_down` adds (RFC 8628 §3.2, §3.5)."""
_LONGEST: Final = 60
"""Seconds to which failing connections may stretch the interval."""

_PATIENCE: Final = 3.0
"""Seconds that a person who is done waits for a code to be withdrawn."""

_log = logging.getLogger("sojourn.client.sign_in")

Show = Callable[[DeviceAuthorization], None]


class DeviceSignIn(Struct, frozen=True):
    """What is asked for, how it is shown, and what calls the waiting off."""

    scope: str
    resources: tuple[str, ...] = ()
    show: Show | None = None
    cancel: threading.Event | None = None
    max_age: int | None = None
    acr_values: str | None = None
    more: Mapping[str, str] = {}


def raised(wanted: DeviceSignIn, reason: StepUpRequired) -> DeviceSignIn:
    """Return `wanted` raised to what `reason` asks."""
    return structs.replace(
        wanted,
        max_age=wanted.max_age if reason.max_age is None else reason.max_age,
        acr_values=" ".join(reason.acr_values) or wanted.acr_values,
    )


async def sign_in(
    env: Env,
    endpoints: Endpoints,
    wanted: DeviceSignIn,
    *,
    subject: str | None = None,
    binding: Binding = NO_KEY,
) -> Credential:
    """Return the credential of the person who approves; `subject` is who it must be, if that is known.

    Raises AuthenticationCancelled if the person said no, let the time pass, or `cancel` was set, AuthenticationError
    for a refusal or an answer that is not good, ConnectFailure if the provider cannot be reached at the start.
    """
    issuer = endpoints.provider.issuer
    form: forms.Params = {
        "scope": wanted.scope,
        "resource": wanted.resources,
        **wanted.more,
    }
    if wanted.max_age is not None:
        form = {**form, "max_age": str(wanted.max_age)}
    if wanted.acr_values:
        form = {**form, "acr_values": wanted.acr_values}
    try:
        given = await endpoints.device_authorization(env, form)
        (wanted.show or say)(given)
        answer = await env.race(
            lambda branch: approved(branch, endpoints, given, wanted.resources, binding.key),
            cancel=wanted.cancel,
        )
    except AuthenticationCancelled:
        await withdraw(env, endpoints, given)
        raise
    except AccessDenied as cause:
        raise AuthenticationCancelled(f"{issuer}: {cause.public}") from cause
    except ExpiredToken as cause:
        raise _too_late(given) from cause
    except ProtocolError as cause:
        raise refusal(issuer, cause) from cause
    expected = Expected(
        client_id=endpoints.client.client_id,
        subject=subject,
        id_token="openid" in wanted.scope.split(),
        bound=binding.required,
    )
    return await credential(env, endpoints.provider, answer, expected=expected, key=binding.key)


async def approved(
    env: Env,
    endpoints: Endpoints,
    given: DeviceAuthorization,
    resources: tuple[str, ...],
    key: ProofKey | None,
) -> TokenResponse:
    """Poll until there are tokens (RFC 8628 §3.5). Raises the ProtocolError that ends it, AuthenticationCancelled when
    the time is over."""
    interval = given.interval or INTERVAL
    end = env.now() + given.expires_in * 1000
    form: forms.Params = {
        "grant_type": GRANT,
        "device_code": given.device_code,
        "resource": resources,
    }
    while True:
        await env.sleep(interval)
        if env.now() >= end:
            raise _too_late(given)
        try:
            return await endpoints.tokens(env, form, key=key)
        except AuthorizationPending:
            continue
        except SlowDown:
            interval += INTERVAL
        except (ConnectFailure, ServerBusy):
            interval = max(interval, min(2 * interval, _LONGEST))


async def withdraw(env: Env, endpoints: Endpoints, given: DeviceAuthorization) -> None:
    """Tell the provider that nobody waits for the code any more, by revoking it: RFC 8628 has no other word for that,
    and a provider that revokes no device codes says yes and does nothing (RFC 7009 §2.2). Never fails, never lasts."""
    if (await endpoints.provider.metadata(env)).revocation_endpoint is None:
        return

    async def revoke(env: Env) -> None:
        try:
            await endpoints.revoke(env, given.device_code, hint="device_code")
        except (AuthenticationError, ConnectFailure) as error:
            _log.debug("The device code was not withdrawn: %s", error)

    await env.race(revoke, lambda env: env.sleep(_PATIENCE))


def _too_late(given: DeviceAuthorization) -> AuthenticationCancelled:
    return AuthenticationCancelled(
        f"Nobody approved the code {given.user_code} within {_minutes(given)} minutes."
    )


def _minutes(given: DeviceAuthorization) -> int:
    return max(1, given.expires_in // 60)


def say(given: DeviceAuthorization) -> None:
    """Show a person at the terminal where to go and what to type; a picture of it where a telephone could follow it."""
    terminal.say(words(given))
    drawn = picture(given) if terminal.draws() else ""
    if drawn:
        terminal.say(f"Or scan this, and compare the code:\n\n{drawn}\n")


def picture(given: DeviceAuthorization) -> str:
    """Return a picture for the terminal where a telephone could follow it and the terminal is wide enough, else ""."""
    complete = given.verification_uri_complete
    if not complete or not complete.startswith("https://"):
        return ""
    drawn = qr.drawn(complete)
    return drawn if terminal.fits(qr.width(drawn)) else ""


def place(given: DeviceAuthorization) -> str:
    """Where to go, and what to type there."""
    return (
        f"open on any device\n\n  {given.verification_uri}\n\n"
        f"and type the code\n\n  {given.user_code}\n"
    )


def words(given: DeviceAuthorization) -> str:
    """What a person must know, in text."""
    return f"To sign in, {place(given)}\nWaiting for {_minutes(given)} minutes; Ctrl-C gives up.\n"
