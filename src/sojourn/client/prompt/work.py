"""What runs on a thread of its own while a person is kept company. The prompts stand above it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Generic, TypeVar

from sojourn.client.prompt.contract import Answer

T = TypeVar("T")


def started(call: Callable[[], T], name: str) -> Future[T]:
    """Run `call` on a new thread, in the caller's context."""
    future: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(call))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, not swallowed
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


class Work(Generic[T]):
    """An attempt under way. Who gives it up sets `cancelled` and does not wait."""

    def __init__(self, attempt: Callable[[Answer], T], answer: Answer) -> None:
        self.cancelled = threading.Event()
        given = answer._replace(cancelled=self.cancelled)
        self.future = started(lambda: attempt(given), "sojourn-attempt")
