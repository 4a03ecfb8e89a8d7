"""The Session Manager behind calls that return at once, whichever face it has, so that a case is written once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sojourn.driver import drive
from sojourn.server import AsyncSessionManager
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.bound import AsyncGrant
from sojourn.testing.clock import Clock, Randomness

T = TypeVar("T")
RULES_ARE = {"realm", "issuer", "root_key", "usage_rules", "allow_chosen_values"}


class Waiting:
    """An object whose coroutines are run to their end as they are called."""

    def __init__(self, target: object, run: Callable[[Any], Any]) -> None:
        self.target = target
        self.run = run

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.target, name)
        return self._calling(found) if callable(found) else found

    def _calling(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object, **named: object) -> Any:
            answer = function(*args, **named)
            return self._shown(self.run(answer) if asyncio.iscoroutine(answer) else answer)

        return call

    def _shown(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._shown(one) for one in value]
        return Waiting(value, self.run) if isinstance(value, AsyncGrant) else value


class Insides:
    """The parts of a manager that only the server's endpoints use, driven like its face, with the clock in hand."""

    def __init__(self, inner: AsyncSessionManager, run: Callable[[Any], Any], clock: Clock) -> None:
        self.inner = inner
        self.context: Context = inner.context
        self.clock = clock
        self.run = run

    def part(self, name: str) -> Any:
        """`signins`, `grants_`, `redemption`, `acceptance`, `tree`."""
        return Waiting(getattr(self.inner, name), self.run)

    def race(
        self, story: Callable[[int], Awaitable[T]], count: int = 64
    ) -> list[T | BaseException]:
        """What `count` tasks at once returned or raised; only on the awaited face."""

        async def all_at_once() -> list[T | BaseException]:
            return await asyncio.gather(*map(story, range(count)), return_exceptions=True)

        return self.run(all_at_once())  # type: ignore[no-any-return]

    def another(self) -> Insides:
        """A second manager on the same store, which knows nothing that the first keeps in memory."""
        return Insides(AsyncSessionManager(self.context), self.run, self.clock)


class Face:
    """One way to call the manager: `blocking` or `awaited`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._runner = asyncio.Runner() if name == "awaited" else None

    @property
    def run(self) -> Callable[[Any], Any]:
        return drive if self._runner is None else self._runner.run

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()


__all__ = ["Clock", "Face", "Insides", "Randomness", "Waiting"]
