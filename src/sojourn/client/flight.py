"""One flight for each credential: however many threads and tasks find it stale, one worker thread
renews it and all share the outcome. Credentials own one each; the environments board it. Nothing
stands below it but threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _Runway:
    """What one process knows of a flight. A forked child gets a new one: its parent's worker thread
    is not in it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.future: Future[Any] | None = None


class Flight:
    """At most one run of work at a time in this process."""

    def __init__(self) -> None:
        self._runways: dict[int, _Runway] = {}

    def board(self, work: Callable[[], T]) -> Future[T]:
        """Return the future of the run under way, or start `work` in a daemon thread and return its
        future. Those who follow share its failure, too."""
        runway = self._runways.setdefault(os.getpid(), _Runway())
        with runway.lock:
            if runway.future is not None:
                return cast("Future[T]", runway.future)
            future: Future[T] = Future()
            run = (runway, future, work)
            # Started before it is told of: where no thread can be had, nobody waits for it.
            threading.Thread(target=_fly, args=run, name="sojourn-flight", daemon=True).start()
            runway.future = future
        return future


def _fly(runway: _Runway, future: Future[T], work: Callable[[], T]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - handed to every follower, not swallowed
        with runway.lock:
            runway.future = None
        future.set_exception(error)
    else:
        with runway.lock:
            runway.future = None
        future.set_result(result)
