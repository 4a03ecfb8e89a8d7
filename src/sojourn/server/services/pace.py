"""How often somebody may ask for what is written down for them: some at once, then one at a time. Kept in memory, for a
restart that forgets it gives nobody much. Endpoints stand above it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sojourn.errors import TooOften

BURST: Final = 10
INTERVAL: Final = 6_000
"""Ms between two of them, once the burst is used up."""
MOST: Final = 10_000
"""Names that are counted at a time. Beyond that the one that asked longest ago is forgotten: it gains a new burst, and
nobody loses one.
"""


class Pace:
    """Lets each name have `BURST` turns at once, and one more every `INTERVAL`."""

    __slots__ = ("_due", "_now")

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        # For each name when it will have all its turns again, UTC ms; who asked longest ago comes first.
        self._due: Final[dict[str, int]] = {}

    def take(self, name: str) -> None:
        """Take a turn. Raises TooOften, which costs none and says how long to wait."""
        now = self._now()
        # Bounded on both sides, whatever the clock did.
        due = min(max(self._due.pop(name, now), now), now + BURST * INTERVAL)
        wait = due + INTERVAL - (now + BURST * INTERVAL)
        self._due[name] = due if wait > 0 else due + INTERVAL
        if len(self._due) > MOST:
            del self._due[next(iter(self._due))]
        if wait > 0:
            raise TooOften(retry_after=-(-wait // 1000))
