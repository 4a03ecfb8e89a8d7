"""An attempt to sign in on a thread of its own, so that the person who waits for it can call it off. The prompts that
keep a person company stand above it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Generic, TypeVar

from sojourn.client.prompt.contract import Answer

T = TypeVar("T")


class Work(Generic[T]):
    """Runs `attempt` with `answer`, in the caller's context. Who gives it up sets `cancelled` and does not wait."""

    def __init__(self, attempt: Callable[[Answer], T], answer: Answer) -> None:
        self.cancelled = threading.Event()
        self.future: Future[T] = Future()
        given = answer._replace(cancelled=self.cancelled)
        context = copy_context()

        def run() -> None:
            try:
                self.future.set_result(context.run(attempt, given))
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits, not swallowed
                self.future.set_exception(error)

        threading.Thread(target=run, name="sojourn-attempt", daemon=True).start()
