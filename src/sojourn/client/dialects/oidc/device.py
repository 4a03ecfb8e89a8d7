"""The sign-in of a person on another device (RFC 8628): ask for a code, show it here, and wait until they approved it
there. The plugin stands above it; below it are the endpoints, the terminal and `wire`."""

from __future__ import annotations

import threading
from collections.abc import Callable
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

Show = Callable[[DeviceAuthorization], None]


class DeviceSignIn(Struct, frozen=True):
    """What is asked for, how it is shown, and what calls the waiting off."""

    scope: str
    resources: tuple[str, ...] = ()
    show: Show | None = None
    cancel: threading.Event | None = None
    max_age: int | None = None
    acr_values: str | None = None


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
    form: forms.Params = {"scope": wanted.scope, "resource": wanted.resources}
    if wanted.max_age is not None:
        form = {**form, "max_age": str(wanted.max_age)}
    if wanted.acr_values:
        form = {**form, "acr_values": wanted.acr_values}
    try:
        given = await endpoints.device_authorization(env, form)
        (wanted.show or say)(given)
        answer = await env.race(
            lambda branch: _approved(branch, endpoints, given, wanted, binding.key),
            cancel=wanted.cancel,
        )
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


async def _approved(
    env: Env,
    endpoints: Endpoints,
    given: DeviceAuthorization,
    wanted: DeviceSignIn,
    key: ProofKey | None,
) -> TokenResponse:
    """Poll until there are tokens (RFC 8628 §3.5). Raises the ProtocolError that ends it."""
    interval = given.interval or INTERVAL
    end = env.now() + given.expires_in * 1000
    form: forms.Params = {
        "grant_type": GRANT,
        "device_code": given.device_code,
        "resource": wanted.resources,
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


def _too_late(given: DeviceAuthorization) -> AuthenticationCancelled:
    return AuthenticationCancelled(
        f"Nobody approved the code {given.user_code} within {_minutes(given)} minutes."
    )


def _minutes(given: DeviceAuthorization) -> int:
    return max(1, given.expires_in // 60)


def say(given: DeviceAuthorization) -> None:
    """Show a person at the terminal where to go and what to type; a picture of it where a telephone could follow it."""
    terminal.say(words(given))
    complete = given.verification_uri_complete
    if complete and complete.startswith("https://") and terminal.draws():
        picture = qr.drawn(complete)
        if terminal.fits(qr.width(picture)):
            terminal.say(f"Or scan this, and compare the code:\n\n{picture}\n")


def words(given: DeviceAuthorization) -> str:
    """What a person must know, in text."""
    return (
        f"To sign in, open on any device\n\n  {given.verification_uri}\n\n"
        f"and type the code\n\n  {given.user_code}\n\n"
        f"Waiting for {_minutes(given)} minutes; Ctrl-C gives up.\n"
    )
