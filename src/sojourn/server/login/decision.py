"""The decision: what a person must do before a request can be answered. One table of named checks, in order.

Pure: it looks at the request, the accounts signed in here, and what the interaction has seen; no step knows the next.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from msgspec import UNSET, Struct

from sojourn.model.authorization_request import AuthorizationRequest
from sojourn.model.client import Client
from sojourn.model.client_session import ClientSession
from sojourn.model.interaction import Interaction
from sojourn.model.signin import SignIn
from sojourn.model.user import User
from sojourn.wire.oidc import OF_THE_PROTOCOL


class Need(Enum):
    """What the person must do next."""

    SIGN_IN = "sign_in"
    CHOOSE = "choose_account"
    CONSENT = "consent"
    DEVICE = "device"


class Account(Struct, frozen=True):
    """A live sign-in of this browser, whether it lay idle too long, and its `sub` for the client that asks."""

    signin: SignIn
    user: User
    idle: bool = False
    sub: str = ""


class Situation(Struct, frozen=True, kw_only=True):
    """All that the decision looks at. `account` is the one the request is for, if any."""

    request: AuthorizationRequest
    client: Client
    interaction: Interaction
    accounts: tuple[Account, ...]
    account: Account | None
    session: ClientSession | None
    now: int


class Decision(Struct, frozen=True):
    """What is needed, and the check that said so. `need` None: answer the request."""

    need: Need | None
    reason: str = ""


def pick(
    request: AuthorizationRequest, interaction: Interaction, accounts: tuple[Account, ...]
) -> Account | None:
    """The account that a request is for: chosen in the interaction, or hinted at, or the active one."""
    if interaction.signin:
        return next((a for a in accounts if a.signin.id == interaction.signin), None)
    wanted = request.sub or request.hint_sub
    if wanted:
        return next((a for a in accounts if a.sub == wanted), None)
    if request.login_hint:
        hinted = next((a for a in accounts if a.user.login == request.login_hint), None)
        if hinted is not None:
            return hinted
    return accounts[0] if accounts else None


def _nobody(s: Situation) -> bool:
    return s.account is None


def _asked_to_sign_in(s: Situation) -> bool:
    return "login" in s.request.prompt and not s.interaction.fresh


def _lay_idle(s: Situation) -> bool:
    return s.account is not None and s.account.idle


def _too_old(s: Situation) -> bool:
    limit = s.request.max_age
    if limit is None:
        limit = s.client.default_max_age or None
    if limit is None or s.account is None or s.interaction.fresh:
        return False
    return s.now >= s.account.signin.event.authn_time + limit * 1000


def _asked_to_choose(s: Situation) -> bool:
    return "select_account" in s.request.prompt and bool(s.accounts) and not s.interaction.chosen


def _another_person(s: Situation) -> bool:
    wanted = s.request.sub or s.request.hint_sub
    return bool(wanted) and s.account is not None and s.account.sub != wanted


def _asked_to_consent(s: Situation) -> bool:
    return "consent" in s.request.prompt and not s.interaction.consented and not s.client.trusted


def _not_consented(s: Situation) -> bool:
    if s.client.trusted or s.interaction.consented:
        return False
    if s.session is None or s.session.ended is not UNSET or s.session.consent is UNSET:
        return True
    asked = (*s.request.userinfo, *s.request.id_token)
    # What the sign-in itself says (`sub`, `acr`) is no profile that could be withheld.
    claims = tuple(name for name in asked if name not in OF_THE_PROTOCOL)
    return not s.session.consent.covers(s.request.scope, claims, s.request.resources)


def _asked_for_a_device(s: Situation) -> bool:
    """Asked each time, of trusted clients too: who holds the device is not proved by anything else (RFC 8628 §5.4)."""
    return bool(s.interaction.device) and not s.interaction.consented


CHECKS: Final[tuple[tuple[str, Callable[[Situation], bool], Need], ...]] = (
    ("select_account_prompt", _asked_to_choose, Need.CHOOSE),
    ("no_session", _nobody, Need.SIGN_IN),
    ("login_prompt", _asked_to_sign_in, Need.SIGN_IN),
    ("another_person", _another_person, Need.SIGN_IN),
    ("idle", _lay_idle, Need.SIGN_IN),
    ("max_age", _too_old, Need.SIGN_IN),
    ("device", _asked_for_a_device, Need.DEVICE),
    ("consent_prompt", _asked_to_consent, Need.CONSENT),
    ("no_consent", _not_consented, Need.CONSENT),
)


def decide(situation: Situation) -> Decision:
    """What the person must do next; nothing when every check is content."""
    for reason, needs, need in CHECKS:
        if needs(situation):
            return Decision(need, reason)
    return Decision(None)
