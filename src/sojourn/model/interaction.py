"""An interaction: a page flow that an authorization request started and that must come back to it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sojourn.model.value import Value


class Interaction(Value, frozen=True, kw_only=True):
    """One page flow.

    request   the parameters of the authorization request, as they were checked
    device    key of the device's request that it is about (RFC 8628); empty: an authorization request
    created   UTC ms; it lasts `Lifetimes.interaction`
    signin    the sign-in that was chosen or made in it; empty: none yet
    fresh     the person proved who they are inside this interaction (`prompt=login`, `max_age`)
    chosen    the person chose the account inside it (`prompt=select_account`)
    denied    the person said no
    consented the person consented inside it (`prompt=consent`)
    """

    id: str
    request: Mapping[str, str]
    created: int
    device: str = ""
    signin: str = ""
    fresh: bool = False
    chosen: bool = False
    consented: bool = False
    denied: bool = False

    def going_on_with(self, signin: str) -> Interaction:
        """It, with an account chosen: what another account proved or agreed to in it does not count for this one."""
        same = signin == self.signin
        return msgspec.structs.replace(
            self,
            signin=signin,
            chosen=True,
            fresh=same and self.fresh,
            consented=same and self.consented,
        )
