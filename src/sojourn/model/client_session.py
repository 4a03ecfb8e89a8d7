"""A client session: what a user has with one client. Consent lives here; ending it ends every grant below."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from sojourn.model.value import Ending, Value


class Consent(Struct, frozen=True, omit_defaults=True):
    """What the person agreed to, and when (UTC ms)."""

    at: int
    scope: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()

    def covers(
        self, scope: tuple[str, ...], claims: tuple[str, ...], resources: tuple[str, ...]
    ) -> bool:
        """Whether nothing more is asked for now."""
        return (
            set(scope) <= set(self.scope)
            and set(claims) <= set(self.claims)
            and set(resources) <= set(self.resources)
        )


class ClientSession(Value, frozen=True, kw_only=True):
    """One user with one client.

    since  UTC ms from which its grants count: a session begun anew after its end does not revive the old grants
    """

    user_id: str
    client_id: str
    created: int
    since: int = 0
    consent: Consent | UnsetType = UNSET
    ended: Ending | UnsetType = UNSET
