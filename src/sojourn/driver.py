"""Runs a coroutine that never suspends, for the synchronous faces of both halves. Nothing stands below it but `errors`.

Logic that waits is written once as `async def`. Given an environment that blocks instead of suspending, such a
coroutine runs to its end in one `send(None)`; one that suspends all the same is closed, and that is an error.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Suspended(RuntimeError):
    """A coroutine driven synchronously tried to wait for an event loop."""


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end on this thread and return what it returns.

    Raises whatever it raises, and `Suspended` if it waits for a loop.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    message = "a coroutine suspended in a synchronous call: its environment does not block"
    raise Suspended(message)
