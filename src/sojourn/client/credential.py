"""What a session carries: one set of tokens, as a value, with its two halves for the store: what is
public and what is secret. Renewal and the store's light reading path stand above it, so it imports
nothing but the standard library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

MARGIN: Final = 120_000
"""Milliseconds before the end at which a long-lived token is renewed; a short-lived one at 90 % of
its life."""

_PUBLIC = ("generation", "token_type", "issued_at", "expires_at", "scope", "claims", "since")
_SECRET = ("access_token", "refresh_token", "id_token", "key")


class Credential(NamedTuple):
    """Tokens of one generation. Times are UTC milliseconds; `expires_at` None is a token whose end
    is not known; `key` is the private key that they are bound to (DPoP), None for bearer tokens; `since` is
    the generation in which a person last signed in, 0 where that is not known."""

    generation: int
    access_token: str
    issued_at: int
    token_type: str = "Bearer"
    expires_at: int | None = None
    refresh_token: str | None = None
    id_token: str | None = None
    scope: str | None = None
    claims: Mapping[str, Any] = {}
    key: str | None = None
    since: int = 0

    def __repr__(self) -> str:
        return f"<Credential of generation {self.generation}, until {self.expires_at}>"

    def live(self, now: int) -> bool:
        """Tell whether the access token can still be accepted."""
        return bool(self.access_token) and (self.expires_at is None or now < self.expires_at)

    def fresh(self, now: int) -> bool:
        """Tell whether it lasts beyond the margin of renewal: 120 s, or 10 % of its life if that is
        less."""
        if self.expires_at is None:
            return bool(self.access_token)
        tenth = (self.expires_at - self.issued_at) // 10
        margin = tenth if tenth < MARGIN else MARGIN  # noqa: FURB136 - asked at every request
        return now < self.expires_at - margin and bool(self.access_token)

    def public(self) -> dict[str, Any]:
        """Return the half that is no secret."""
        return {name: getattr(self, name) for name in _PUBLIC}

    def secret(self) -> dict[str, Any]:
        """Return the tokens."""
        return {name: getattr(self, name) for name in _SECRET}


def of_halves(public: Mapping[str, Any], secret: Mapping[str, Any]) -> Credential:
    """Return the credential that `public()` and `secret()` came from; unknown fields are skipped."""
    known = {name: public[name] for name in _PUBLIC if name in public}
    known.update({name: secret[name] for name in _SECRET if name in secret})
    return Credential(**known)


def next_generation(previous: Credential | None, now: int) -> int:
    """Return a generation above all earlier ones, also of a credential that was deleted and made
    anew."""
    return max(now, previous.generation + 1 if previous else 0)
