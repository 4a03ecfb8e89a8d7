"""The clock on the wall, in a file of its own so that reading a stored token imports nothing else."""

from __future__ import annotations

import time


def wall_clock() -> int:
    """Return UTC milliseconds."""
    return time.time_ns() // 1_000_000
