"""An authentication event: that a person proved who they are, how, and when. Sign-ins and grants keep one."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

PASSWORD_ACR: Final = "urn:sojourn:acr:password"
DEFAULT_LIFE: Final = 3_600_000


class AuthenticationEvent(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One proof of identity.

    uid          user id
    authn_time   UTC ms of the proof (`auth_time`, OpenID Connect Core §2)
    valid_until  UTC ms; 0: as long as the sign-in
    acr, amr     context class and methods (RFC 8176)
    authn_info   free text of the method, as the Session Manager page has it
    """

    uid: str
    authn_time: int
    valid_until: int = 0
    acr: str = ""
    amr: tuple[str, ...] = ()
    authn_info: str = ""

    def is_valid(self, now: int) -> bool:
        """Whether the event still counts at `now` (UTC ms)."""
        return self.valid_until == 0 or now < self.valid_until

    def expires_in(self, now: int) -> int:
        """Milliseconds left, never negative; 0 too when it never ends."""
        return max(0, self.valid_until - now)


def create_authn_event(
    uid: str,
    *,
    now: int,
    life: int = DEFAULT_LIFE,
    acr: str = "",
    amr: tuple[str, ...] = (),
    authn_info: str = "",
) -> AuthenticationEvent:
    """An event of this moment, good for `life` ms."""
    return AuthenticationEvent(
        uid=uid, authn_time=now, valid_until=now + life, acr=acr, amr=amr, authn_info=authn_info
    )
