"""PyPI `dyn` as the tests see it. It is of 2017: what it does with warnings is its own affair."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from dyn.tm import errors, session, zones

__all__ = ["errors", "session", "silent", "zones"]


@contextmanager
def silent() -> Iterator[None]:
    """Let `dyn` call what Python has deprecated since."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
