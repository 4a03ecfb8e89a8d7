"""What a service demands of every request beside a good token: scopes, and how and when the user signed in. The
middlewares and the verifier stand above it; below it is the access token.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from msgspec import Struct

from sojourn.errors import ConfigurationError
from sojourn.resource_server.access_token import AccessToken

_is_acr = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+").fullmatch


class Demands(Struct, frozen=True):
    """Scopes that were granted; `acr_values`, one of which the sign-in was by; its age in seconds at most."""

    scopes: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    max_age: int | None = None

    def check(self, token: AccessToken) -> None:
        """Raise InsufficientScope, then InsufficientUserAuthentication: nobody signs in anew for nothing."""
        token.require(*self.scopes)
        token.require_sign_in(acr_values=self.acr_values, max_age=self.max_age)


def demands(scopes: Collection[str], acr_values: Collection[str], max_age: int | None) -> Demands:
    """Return what is demanded; what no challenge could tell (RFC 9470 §3) raises ConfigurationError."""
    if isinstance(acr_values, str) or not all(_is_acr(one) for one in acr_values):
        raise ConfigurationError("acr_values are names without spaces and quotes, as a collection.")
    if max_age is not None and max_age < 0:
        raise ConfigurationError("max_age is a number of seconds, not negative.")
    return Demands(tuple(scopes), tuple(acr_values), max_age)
