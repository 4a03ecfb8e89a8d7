"""When a request is sent again: after a failed connection, after a status that says later; how long
is waited before it. One object a call, made by the engine; its counters outlive redirects and a
re-authentication, so that no chain of them multiplies the tries."""

from __future__ import annotations

from typing import Final, NamedTuple

from sojourn.client.response import Response
from sojourn.client.transport.contract import Request
from sojourn.errors import AnswerLost, ConnectFailure, SSLFailure

FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 60.0
BUDGET: Final = 300.0
"""Seconds that one call waits between its tries, all together."""

_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110 §9.2.2


class RetryRules(NamedTuple):
    """How often, after what, and after how many seconds; a delay of None starts at 0.5 s and
    doubles up to 60 s."""

    connect: int = 0
    connect_delay: float | None = None
    status: int = 0
    status_delay: float | None = None
    statuses: frozenset[int] = frozenset({503})


class Retries:
    """What is left of one call's tries and of its waiting."""

    def __init__(self, rules: RetryRules) -> None:
        self._rules = rules
        self._connect = rules.connect
        self._status = rules.status
        self._budget = BUDGET
        self.new_hop()

    def new_hop(self) -> None:
        """Start the delays anew, for another URL; the counters go on."""
        rules = self._rules
        self._connect_delay = FIRST_DELAY if rules.connect_delay is None else rules.connect_delay
        self._status_delay = FIRST_DELAY if rules.status_delay is None else rules.status_delay

    def after_failure(self, request: Request, error: ConnectFailure) -> float | None:
        """Return the seconds to wait before `request` is sent again, None to give up."""
        if self._connect <= 0 or not _may_repeat(request, error):
            return None
        delay = self._paid(self._connect_delay)
        if delay is not None:
            self._connect -= 1
            if self._rules.connect_delay is None:
                self._connect_delay = min(self._connect_delay * 2, LONGEST_DELAY)
        return delay

    def after_answer(self, request: Request, response: Response) -> float | None:
        """Return the seconds to wait before `request` is sent again, None to keep `response`.

        Never less than its Retry-After; one that is longer than the budget is not waited for.
        """
        if self._status <= 0 or response.status_code not in self._rules.statuses:
            return None
        if not request.replayable:
            return None
        delay = self._paid(max(self._status_delay, response.retry_after or 0.0))
        if delay is not None:
            self._status -= 1
            if self._rules.status_delay is None:
                self._status_delay = min(self._status_delay * 2, LONGEST_DELAY)
        return delay

    def _paid(self, seconds: float) -> float | None:
        if seconds > self._budget:
            return None
        self._budget -= seconds
        return seconds


def _may_repeat(request: Request, error: ConnectFailure) -> bool:
    if isinstance(error, SSLFailure) or not request.replayable:
        return False
    return request.method in _REPEATABLE or not isinstance(error, AnswerLost)
