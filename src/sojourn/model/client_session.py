"""A client session: what a user has with one client. Consent lives here; ending it ends every grant below."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from sojourn.model.value import Ending, Value


class Consent(Struct, frozen=True, omit_defaults=True, gc=False):
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

    generation  counts how often it was begun anew; a grant counts only in the generation it was made in
    """

    user_id: str
    client_id: str
    created: int
    generation: int = 0
    consent: Consent | UnsetType = UNSET
    ended: Ending | UnsetType = UNSET
