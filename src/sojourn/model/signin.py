"""A sign-in: one browser, device or program that proved who the user is. Its id is OpenID Connect's `sid`."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from sojourn.model.authentication_event import AuthenticationEvent
from sojourn.model.value import Ending, Value


class SignIn(Value, frozen=True, kw_only=True):
    """One sign-in.

    id         `sid`; stays while the cookie's secret rotates
    secret     base64url SHA-256 of the current cookie text
    event      the newest authentication event (a step-up replaces it)
    end        UTC ms of the absolute end, which ends its tokens too
    epoch      the user's epoch when it began
    address, agent  where it came from: for people, never for a decision
    """

    id: str
    user_id: str
    created: int
    end: int
    secret: str
    event: AuthenticationEvent
    epoch: int = 0
    address: str = ""
    agent: str = ""
    ended: Ending | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"SignIn({self.id!r}, user_id={self.user_id!r})"
