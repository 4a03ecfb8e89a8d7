"""What ShotGrid refuses, in Sojourn's tree: faults of calls, sessions that have ended, passwords that a site does not
take. The calls raise them; below them are the wire's codes.
"""

from __future__ import annotations

from sojourn.errors import AuthenticationError, CredentialError, SecondFactorRequired, SojournError
from sojourn.wire import shotgrid
from sojourn.wire.masking import masked
from sojourn.wire.shotgrid import Fault


class ShotgridFault(SojournError):
    """A call that the site refused for what it asks. `code` is the site's, or None."""

    text = "The site refused the call."

    def __init__(self, text: str | None = None, *, code: int | None = None) -> None:
        super().__init__(text)
        self.code = code


class SessionEnded(AuthenticationError):
    """The site takes the session token no more: it was not used for too long, or was ended."""

    text = "The session has ended at the site."


class PasswordsNotTaken(AuthenticationError):
    """The site leaves sign-ins to a provider: people sign in there in the browser, programs as scripts."""

    text = "The site signs people in elsewhere: sign in in the browser."


class UnresolvableUser(CredentialError):
    """The site has no entity of this login or name."""


class UnresolvableHumanUser(UnresolvableUser):
    """The site has no such person."""


class UnresolvableScriptUser(UnresolvableUser):
    """The site has no such script."""


_PASSWORDS = {
    shotgrid.SSO_ONLY: "The site signs people in by single sign-on: sign in in the browser.",
    shotgrid.IDENTITY_ONLY: "The site signs people in with Autodesk Identity: sign in in the browser.",
}


def refusal(fault: Fault, *, by_session: bool) -> SojournError:
    """Return the error for `fault`; `by_session` says that the call was made with a session token."""
    said = masked(fault.message)
    if fault.code == shotgrid.SECOND_FACTOR:
        return SecondFactorRequired(detail=said)
    if fault.code in _PASSWORDS:
        return PasswordsNotTaken(_PASSWORDS[fault.code], detail=said)
    if fault.code == shotgrid.REFUSED:
        return SessionEnded(detail=said) if by_session else AuthenticationError(said)
    return ShotgridFault(said, code=fault.code)
