"""A token as the server keeps it: never its text, only that text's digest; and the state of a refresh family."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET, UnsetType

from sojourn.model.delegation import Delegation
from sojourn.model.value import Ending, Value

CODES: Final = ("authorization_code", "device_code")
"""Types that only hand their grant over: what they gave may outlive them."""


class Token(Value, frozen=True, kw_only=True):
    """One stored token: a code, what approval of a device left, an opaque access token or a refresh family.

    type        authorization_code | device_code | access_token | refresh_token
    client_id   whom it was issued to
    scope, resources  empty: those of the grant
    based_on    id of the token it was minted from; empty: straight from the grant
    used        how often it was used; max_usage 0 means without limit
    redirect_uri, challenge, nonce   of a code: what must match at redemption
    jkt         thumbprint of the key it is bound to (RFC 9449): nothing is done with it without that key's proof; of a
                code, the key that its request named. Empty: none
    verifier    of a consumed code: digest of the verifier that redeemed it; the same client and verifier may repeat
                until `sent`, which says that its tokens went out
    delegation  who acts with it, if it was given in exchange for another one (RFC 8693); `client_id` asked for it
    """

    type: str
    client_id: str
    issued_at: int
    expires_at: int = 0
    not_before: int = 0
    based_on: str = ""
    used: int = 0
    max_usage: int = 0
    supports_minting: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    redirect_uri: str = ""
    challenge: str = ""
    nonce: str = ""
    jkt: str = ""
    verifier: str = ""
    sent: bool = False
    family: Family | UnsetType = UNSET
    delegation: Delegation | UnsetType = UNSET
    ended: Ending | UnsetType = UNSET

    def is_active(self, now: int) -> bool:
        """Not ended, not used up, in time (UTC ms). What stands above it is `admission`'s to judge."""
        return (
            self.ended is UNSET
            and not (self.max_usage and self.used >= self.max_usage)
            and now >= self.not_before
            and (self.expires_at == 0 or now < self.expires_at)
        )

    @property
    def is_code(self) -> bool:
        """Whether it only hands its grant over."""
        return self.type in CODES

    def has_been_used(self) -> bool:
        return self.used > 0


class Family(Value, frozen=True, kw_only=True):
    """The state of a refresh family (design decision 11).

    seed        sealed MAC seed
    generation  of the newest token handed out
    rotated     UTC ms of the newest rotation
    retry       digest of the Idempotency-Key of the newest rotation; empty: none was sent
    """

    seed: str
    generation: int = 0
    rotated: int = 0
    retry: str = ""
