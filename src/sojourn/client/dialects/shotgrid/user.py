"""Users of ShotGrid under the Toolkit's names: a general user that also makes connections of `shotgun_api3`. The
authenticator makes them; below it are the general user and the connection.
"""

from __future__ import annotations

import os
from contextlib import suppress
from math import isfinite
from typing import TYPE_CHECKING, Final, Self

from sojourn.client.dialects.shotgrid.connecting import create_sg_connection
from sojourn.client.dialects.shotgrid.plugin import ShotgridAuth
from sojourn.client.user import User
from sojourn.errors import ConfigurationError, IncompleteCredentials

if TYPE_CHECKING:
    from sojourn.client.dialects.shotgrid.connection import Connection


_INTERVAL: Final = "SHOTGUN_SSO_RENEWAL_INTERVAL"


class ShotgunUser(User):
    """A person or a script at one site."""

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the same user as one of ShotGrid. Raises IncompleteCredentials for one of another service."""
        if isinstance(user, cls):
            return user
        if user.who.kind != ShotgridAuth.kind:
            raise IncompleteCredentials(f"{user} is no user of ShotGrid, but of {user.who.kind}.")
        return cls(
            user.who,
            lambda: user.auth,
            store=user.store,
            account=user.account,
            script=user.script,
            session_metadata=user.session_metadata,
            prompt=user._prompt,  # noqa: SLF001 - its own kind
        )

    def start_claims_renewal(
        self, preemptive_renewal_ratio: float = 0.9, *, interval: float | None = None
    ) -> None:
        """As for every user; where no `interval` is given, SHOTGUN_SSO_RENEWAL_INTERVAL may say one, in seconds."""
        told = os.environ.get(_INTERVAL)
        every = _seconds(told) if interval is None and told else interval
        super().start_claims_renewal(preemptive_renewal_ratio, interval=every)

    def create_sg_connection(self) -> Connection:
        """Return a new `shotgun_api3.Shotgun` of the user, which renews its session by itself, by asking the person if
        nothing else helps.

        Nothing is sent before its first call. Raises ConfigurationError where the extra `shotgrid` is not installed.
        """
        auth = self.auth
        assert isinstance(auth, ShotgridAuth)  # noqa: S101 - `of` saw to it
        return create_sg_connection(auth, http_proxy=self.http_proxy)


def _seconds(told: str) -> float:
    with suppress(ValueError):
        if isfinite(found := float(told)) and found > 0:
            return found
    raise ConfigurationError(f"{_INTERVAL} is a number of seconds above zero, not {told!r}.")
