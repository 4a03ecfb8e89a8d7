"""A device's request for authorization, before and after a person decided (RFC 8628). It lies at a random partition,
for nobody knows whose it will be; what approval gives lies with the user.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sojourn.model.value import Value

INTERVAL: Final = 5
"""Seconds between two polls, and what each poll that comes too early adds (RFC 8628 §3.2, §3.5)."""

APPROVED: Final = "approved"
DENIED: Final = "denied"
WITHDRAWN: Final = "withdrawn"
"""The device asks no longer, for its person signed in another way."""


class DeviceRequest(Value, frozen=True, kw_only=True):
    """One device that waits.

    user_code       as it was drawn, without its dash
    expires_at      UTC ms
    max_age         seconds for which a sign-in is recent enough; None: any is
    interval        seconds that the device must leave between two polls; grows with each that comes too early
    polled          UTC ms of the newest poll; 0: none yet
    address, agent  where the request came from, and what the program called itself
    store           parameters that tell where the program will keep its tokens
    decision        empty while nobody decided; approved | denied | withdrawn
    user_id         who decided, where a person did
    """

    client_id: str
    user_code: str
    created: int
    expires_at: int
    scope: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    max_age: int | None = None
    interval: int = INTERVAL
    polled: int = 0
    address: str = ""
    agent: str = ""
    store: Mapping[str, str] = {}
    decision: str = ""
    user_id: str = ""

    def __repr__(self) -> str:
        return f"DeviceRequest({self.client_id!r}, decision={self.decision!r})"

    def too_early(self, now: int) -> bool:
        """Whether a poll at `now` (UTC ms) leaves less than the interval; half a second is forgiven, for the network
        does not bring every request equally fast.
        """
        return bool(self.polled) and now < self.polled + self.interval * 1000 - 500


class UserCode(Value, frozen=True, kw_only=True):
    """That a code which a person types leads to a request. `device`: the request's key."""

    device: str
