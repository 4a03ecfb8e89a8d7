"""What a service's step-up challenge (RFC 9470) asks of a sign-in, in the words of an error and as a request to the
provider. The plugins stand above it; below it are the sign-in and `wire`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from shlex import join
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from msgspec import structs

from sojourn.client.auth import Stamp
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc.sign_in import SignIn, default_prompt
from sojourn.client.transport.contract import Reply, Request
from sojourn.errors import InsufficientUserAuthentication, InteractionRequired, StepUpRequired

_RUN: Final = " Run: "


def asked(response: Reply) -> InsufficientUserAuthentication | None:
    """Return what `response` asks of the person's sign-in, None where it refuses for another reason."""
    said = response.header("www-authenticate")
    if said is None or InsufficientUserAuthentication.code not in said:
        return None
    from sojourn.wire import challenges

    return challenges.step_up(said)


def of_a_program(request: Request, wanted: InsufficientUserAuthentication) -> StepUpRequired:
    """Return the error of a program, which has nobody who could sign in."""
    return _required(request, wanted, "No person stands behind this program's credential.")


def of_another(request: Request, wanted: InsufficientUserAuthentication) -> StepUpRequired:
    """Return the error of a client that acts for somebody who signed in elsewhere (RFC 8693)."""
    return _required(request, wanted, "Whom the token was exchanged for must sign in so first.")


def of_a_person(
    request: Request, wanted: InsufficientUserAuthentication, command: Sequence[str]
) -> StepUpRequired:
    """Return the error of a person who cannot be asked here; it says what to run: `command`, which signs in alike, with
    what is wanted."""
    words = [*command, *(word for value in wanted.acr_values for word in ("--acr", value))]
    words += [] if wanted.max_age is None else ["--max-age", str(wanted.max_age)]
    return _required(request, wanted, f"{_RUN.lstrip()}{join(words)}")


def without_command(reason: InteractionRequired) -> str:
    """Return what is wanted, for a person who is asked at once and has nothing to run."""
    return reason.public.partition(_RUN)[0]


def in_vain(reason: StepUpRequired) -> StepUpRequired:
    """Return the error of a person who signed in as was asked a moment ago, without effect."""
    return StepUpRequired(
        f"The person signed in as was asked just now, and it was not enough. {reason.public}",
        acr_values=reason.acr_values,
        max_age=reason.max_age,
    )


class Met(NamedTuple):
    """That a person signed in, in generation `since`, because of `reason`; `at` is UTC milliseconds."""

    reason: StepUpRequired
    since: int
    at: int

    def again(self, reason: StepUpRequired, refused: Stamp, current: Credential, now: int) -> bool:
        """Tell whether the same is asked of what came of it, and too soon to be a matter of age."""
        if not alike(self.reason, reason) or current.since != self.since:
            return False
        soon = reason.max_age is None or now < self.at + reason.max_age * 1000
        return soon and refused.generation >= self.since


def alike(asked: InteractionRequired | None, reason: StepUpRequired) -> bool:
    """Tell whether `asked` wanted the same of a person."""
    return isinstance(asked, StepUpRequired) and (asked.acr_values, asked.max_age) == (
        reason.acr_values,
        reason.max_age,
    )


def raised(wanted: SignIn, reason: StepUpRequired, subject: str | None) -> SignIn:
    """Return `wanted` raised to what `reason` asks, of the same person.

    Where the provider knows the `claims` parameter, one of the acr_values is a condition (OpenID Connect Core
    §5.5.1.1): a provider that cannot meet it says so instead of asking the person for nothing.
    """
    claims: dict[str, object] = {"sub": {"value": subject}} if subject else {}
    if reason.acr_values:
        claims["acr"] = {"essential": True, "values": list(reason.acr_values)}
    anew = not reason.acr_values and reason.max_age is None
    return structs.replace(
        wanted,
        acr_values=" ".join(reason.acr_values) or wanted.acr_values,
        max_age=wanted.max_age if reason.max_age is None else reason.max_age,
        claims=json.dumps({"id_token": claims}) if claims else None,
        prompt=f"login {default_prompt(wanted.scope) or ''}".strip() if anew else wanted.prompt,
    )


def _required(
    request: Request, wanted: InsufficientUserAuthentication, way_out: str
) -> StepUpRequired:
    parts = urlsplit(request.url)
    ways = [f"by one of {', '.join(wanted.acr_values)}"] if wanted.acr_values else []
    if wanted.max_age is not None:
        ways.append(f"at most {wanted.max_age} seconds old")
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return StepUpRequired(
        f"{origin} asks for a sign-in {' and '.join(ways) or 'made anew'}. {way_out}",
        acr_values=wanted.acr_values,
        max_age=wanted.max_age,
    )
