"""The access token that a service accepted: who, for which client, with which scope, until when. The verifier makes it,
the middlewares hand it to the application; below it are only `errors` and `wire`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from msgspec import Struct

from sojourn.errors import InsufficientScope, InsufficientUserAuthentication
from sojourn.wire import oauth

SKEW: Final = 10_000
"""Milliseconds by which the issuer's clock and ours may differ."""


class AccessToken(Struct, frozen=True, kw_only=True):
    """What is known of one accepted access token; its text is not kept.

    issuer      who vouches for it: a user is known by `issuer` and `subject` together, never by `subject` alone
    subject     the user, or the client itself when it acts on its own behalf (RFC 9068 §2.2)
    client_id   the client it was issued to; empty where the issuer does not say
    scope       what was granted, each once, in the issuer's order
    audience    the services it is for; this one among them
    expires_at  UTC milliseconds; None where introspection names no end
    kind        `jwt`: judged offline, so an ending reaches it only when it expires; `opaque`: the issuer was asked
    jkt         thumbprint of the key it is bound to, which the request proved (RFC 9449); empty: a bearer token
    acr         how strongly the user signed in, where the issuer says (RFC 9068 §2.2.1)
    auth_time   when the user signed in, UTC milliseconds, where the issuer says
    judged_at   when it was accepted here, UTC milliseconds: how old the sign-in is, is asked of this moment
    claims      all the issuer said, read-only
    """

    issuer: str
    subject: str
    client_id: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    expires_at: int | None
    kind: Literal["jwt", "opaque"]
    acr: str | None
    auth_time: int | None
    judged_at: int
    claims: Mapping[str, Any]
    jkt: str = ""

    def __repr__(self) -> str:
        return (
            f"AccessToken(kind={self.kind!r}, client_id={self.client_id!r}, scope={self.scope!r})"
        )

    def require(self, *scopes: str) -> None:
        """Raise InsufficientScope, which names all of `scopes`, unless each was granted."""
        if not set(scopes) <= set(self.scope):
            error = InsufficientScope(scope=oauth.scope_text(scopes))
            error.with_proof = bool(self.jkt)
            raise error

    def require_sign_in(
        self, *, acr_values: Collection[str] = (), max_age: int | None = None
    ) -> None:
        """Raise InsufficientUserAuthentication, which tells the client both, unless the user signed in by one of
        `acr_values` (none given: anyhow) and at most `max_age` seconds before (RFC 9470 §3; ten more are forgiven).

        A token that does not say how or when somebody signed in, such as that of a program, is refused.
        """
        if isinstance(acr_values, str):
            message = "acr_values is a collection of names, not one text."
            raise TypeError(message)
        weak = bool(acr_values) and self.acr not in acr_values
        old = max_age is not None and (
            self.auth_time is None or self.judged_at > self.auth_time + max_age * 1000 + SKEW
        )
        if weak or old:
            error = InsufficientUserAuthentication(acr_values=tuple(acr_values), max_age=max_age)
            error.with_proof = bool(self.jkt)
            raise error
