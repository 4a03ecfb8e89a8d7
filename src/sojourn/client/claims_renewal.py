"""Renews a user's credential before it ends, on a thread in the background: no call waits for it, and a session that
ends by inactivity is kept. A user starts it; below it is what a user can do without asking anybody."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING, Final, Protocol

from sojourn.client.env.wall_clock import wall_clock
from sojourn.errors import (
    AuthenticationError,
    ConfigurationError,
    IncompleteCredentials,
    InteractionRequired,
    SojournError,
)

if TYPE_CHECKING:
    from sojourn.client.credential import Credential
    from sojourn.client.env.contract import Clock

LOOK: Final = 60_000
"""Milliseconds of one wait at most: a clock that counts waiting stands still while a machine sleeps."""
UNKNOWN: Final = 3_600_000
"""Milliseconds between two looks at a session whose end nobody knows."""
AFTER_FAILURE: Final = 60_000
MOST_REFUSALS: Final = 3
"""Refusals in a row after which it ends: an answer of a proxy, or of a service in trouble, may look like one."""
LEAST: Final = 1_000
_ENDING: Final = (InteractionRequired, IncompleteCredentials, ConfigurationError)

_log = logging.getLogger("sojourn.client.claims_renewal")


class Renewed(Protocol):
    """Whoever is renewed; `claims_renewal` is the one that does it."""

    claims_renewal: ClaimsRenewal | None

    def keep_good(self) -> Credential: ...

    def current_credential(self) -> Credential: ...


class ClaimsRenewal:
    """Renews `user` when `ratio` of a credential's life is over, or every `interval` seconds. It ends when it is
    stopped, when nobody holds the user any more, when another takes its place, and when only a person can help."""

    def __init__(
        self,
        user: Renewed,
        ratio: float,
        *,
        interval: float | None = None,
        clock: Clock = wall_clock,
    ) -> None:
        if not 0 < ratio <= 1:
            message = "preemptive_renewal_ratio= is a share of the credential's life, above 0 and at most 1."
            raise ValueError(message)
        if interval is not None and not (isfinite(interval) and interval > 0):
            message = "interval= is a number of seconds above zero."
            raise ValueError(message)
        self._user = weakref.ref(user)
        self._ratio = ratio
        self._interval = None if interval is None else int(interval * 1000)
        self._now = clock
        self._failures = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name="sojourn-claims", daemon=True)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'active' if self.active else 'over'}>"

    @property
    def active(self) -> bool:
        """Whether it goes on in this process."""
        return self._thread.is_alive() and not self._stopped.is_set()

    def start(self) -> None:
        """Begin, on a thread that no program waits for at its end."""
        self._thread.start()

    def stop(self) -> None:
        """End it; a renewal under way comes to its own end."""
        # In a forked process the thread is not there, and the event may have been left locked.
        if self._thread.is_alive():
            self._stopped.set()

    def _guarded(self) -> None:
        try:
            self.run(self._stopped.wait)
        except Exception:  # noqa: BLE001 - the end of a thread that nobody waits for
            _log.exception("Credentials are not renewed early any more.")

    def run(self, wait: Callable[[float], bool]) -> None:
        """Renew on this thread; `wait` takes seconds, and returns whether to stop."""
        due: int | None = self._done(first=True)
        while due is not None:
            if wait(max(0, min(LOOK, due - self._now())) / 1000):
                return
            if self._wanted() is None:
                return
            if self._now() >= due:
                due = self._done(first=False)

    def _wanted(self) -> Renewed | None:
        user = self._user()
        return user if user is not None and user.claims_renewal is self else None

    def _done(self, *, first: bool) -> int | None:
        """Renew, or at first look at what is there; returns when to do so again, None for never."""
        user = self._wanted()
        if user is None:
            return None
        try:
            held = user.current_credential() if first else user.keep_good()
        except SojournError as error:
            return self._after(error, user)
        self._failures = 0
        due = self._due(held)
        return due if first else max(due, self._now() + LEAST)

    def _after(self, error: SojournError, user: Renewed) -> int | None:
        """Return when to try again after `error`; None where only a person can help, or where the service says no every
        time: it may lock an account that is refused too often."""
        self._failures += 1
        refused = isinstance(error, AuthenticationError) and self._failures >= MOST_REFUSALS
        if refused or isinstance(error, _ENDING):
            _log.warning("The credential of %s is not renewed early any more: %s", user, error)
            return None
        _log.info("The credential of %s could not be renewed early: %s", user, error)
        return self._now() + AFTER_FAILURE

    def _due(self, held: Credential) -> int:
        if self._interval is not None:
            return self._now() + self._interval
        if held.expires_at is None:
            return self._now() + UNKNOWN
        return held.issued_at + int((held.expires_at - held.issued_at) * self._ratio)
