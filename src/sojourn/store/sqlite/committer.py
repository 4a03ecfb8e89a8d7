"""The commit thread of the grouped store: it waits for the disk so that the loop need not.
`grouped` stands above.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread

Report = Callable[[Exception | None], None]


class Committer:
    """Runs `commit` on one thread, when asked to, and reports on the loop that asked."""

    def __init__(self, commit: Callable[[], None]) -> None:
        self._commit = commit
        self._orders: SimpleQueue[tuple[asyncio.AbstractEventLoop, Report] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="sojourn-commit", daemon=True)
        self._thread.start()

    def begin(self, loop: asyncio.AbstractEventLoop, report: Report) -> None:
        """Commit; then call `report` on `loop` with None, or with the error."""
        self._orders.put((loop, report))

    def stop(self) -> None:
        """End the thread, after the commit under way if there is one."""
        self._orders.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            loop, report = order
            failure: Exception | None = None
            try:
                self._commit()
            except Exception as error:  # noqa: BLE001 - a thread is a process boundary: the error goes to the loop
                failure = error
            with suppress(RuntimeError):  # the loop was closed: nobody waits for the answer
                loop.call_soon_threadsafe(report, failure)
