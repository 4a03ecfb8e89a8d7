"""One call of the DynECT API from start to end: jobs waited for, limits and blocking tasks waited out
within a budget, failures raised by method. The session stands above it; below it are one HTTP request,
the jobs and `wire.dynect`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from sojourn.client.body import Limit
from sojourn.client.dialects.dynect import jobs
from sojourn.client.dialects.dynect.errors import (
    BY_METHOD,
    DynectAuthError,
    DynectRateLimited,
    refusal,
)
from sojourn.client.dialects.dynect.plugin import DynectAuth
from sojourn.client.env.contract import Env
from sojourn.client.response import Response
from sojourn.errors import HttpError, Malformed, ServiceUnavailable, TooManyRequests
from sojourn.wire import dynect
from sojourn.wire.dynect import FAILURE, INCOMPLETE, Envelope

BUDGET: Final = 60.0
"""Seconds that a call may wait in all because of limits and blocking tasks."""
LIMITED: Final = 5.0
"""Seconds to wait after a call was one too many, where the server does not say."""
BLOCKED: Final = (1.0, 3.0, 7.0, 15.0, 31.0)
"""Seconds to wait for a task that blocks the call, try by try."""

_BUSY: Final = (TooManyRequests, ServiceUnavailable)

Note = Callable[[str, str, Mapping[str, Any], str], None]
"""Is told of every answer: path, method, arguments, status."""
Send = Callable[["Call"], Awaitable[Response]]
"""Sends one call and returns its answer as it is, redirects and refusals too."""


class Call(NamedTuple):
    """What is called. `final` takes the first answer as the last: nothing is tried again."""

    path: str
    method: str
    arguments: Mapping[str, Any]
    final: bool = False
    timeout: Limit = None


class Calls:
    """Carries out calls that `send` sends, for one session and account."""

    def __init__(self, env: Env, send: Send, note: Note, *, budget: float, job: float) -> None:
        self._env = env
        self._send = send
        self._note = note
        self._budget = budget
        self._job = job

    async def done(self, call: Call) -> Envelope:
        """Return the answer of a call that succeeded.

        Raises the DynectError of its method, DynectAuthError, DynectRateLimited, DynectQueryTimeout;
        HttpError and Malformed for what is no answer of this API; ConnectFailure.
        """
        end = self._env.now() + round(self._budget * 1000)
        blocked = iter(BLOCKED)
        while True:
            try:
                envelope = await self._answered(call)
            except (DynectRateLimited, *_BUSY) as error:
                pause = _after(error, call)
                if pause is None or not await self._waited(pause, end):
                    raise
                continue
            pause = None if call.final else _pause(envelope, blocked)
            if pause is None or not await self._waited(pause, end):
                return _good(envelope, call.method)

    async def job(self, job_id: int, *, limit: float) -> Envelope:
        """Return the answer of a job, whatever it says; raises DynectQueryTimeout after `limit` s."""
        return await jobs.finished(self._env, job_id, self._asked_openly, limit=limit)

    async def _waited(self, pause: float, end: int) -> bool:
        if self._env.now() + pause * 1000 > end:
            return False
        await self._env.sleep(pause)
        return True

    async def _answered(self, call: Call) -> Envelope:
        response = await self._send(call)
        if response.status_code == 307:
            job_id = _job_of(response)
            envelope = await jobs.finished(self._env, job_id, self._asked, limit=self._job)
        else:
            envelope = _read(response, call)
        self._note(call.path, call.method, call.arguments, envelope.status)
        if envelope.status == INCOMPLETE and envelope.job_id is not None:
            return await self.job(envelope.job_id, limit=self._job)
        return envelope

    async def _asked(self, job_id: int) -> Envelope | int:
        question = Call(dynect.job_path(job_id), "GET", {})
        response = await self._send(question)
        if response.status_code == 307:
            return _job_of(response)
        envelope = _read(response, question)
        if envelope.status == INCOMPLETE:
            return envelope.job_id or job_id
        # One question too many is no answer of the job: the call itself must not be made again.
        return job_id if envelope.rate_limited else envelope

    async def _asked_openly(self, job_id: int) -> Envelope | int:
        answer = await self._asked(job_id)
        status = answer.status if isinstance(answer, Envelope) else INCOMPLETE
        self._note(dynect.job_path(job_id), "GET", {}, status)
        return answer


async def signed_in(env: Env, auth: DynectAuth, *, budget: float) -> None:
    """Sign in with `auth` where no token is held, waiting out a limit for at most `budget` seconds."""
    end = env.now() + round(budget * 1000)
    while True:
        try:
            await auth.credential(env)
            return
        except DynectRateLimited:
            if env.now() + LIMITED * 1000 > end:
                raise
        await env.sleep(LIMITED)


def _read(response: Response, call: Call) -> Envelope:
    try:
        return Envelope.parse(response.content)
    except Malformed as cause:
        response.raise_for_status()
        raise Malformed(f"{call.method} {call.path}: {cause}") from cause


def _job_of(response: Response) -> int:
    return dynect.job_of(response.headers.get("location", ""))


def _pause(envelope: Envelope, blocked: Iterator[float]) -> float | None:
    if envelope.rate_limited:
        return LIMITED
    return next(blocked, None) if envelope.blocked else None


def _after(error: DynectRateLimited | HttpError, call: Call) -> float | None:
    if call.final:
        return None
    if isinstance(error, DynectRateLimited):
        return LIMITED
    if isinstance(error, ServiceUnavailable) and call.method == "POST":
        return None  # It may have been done all the same.
    return error.retry_after or LIMITED


def _good(envelope: Envelope, method: str) -> Envelope:
    if envelope.status != FAILURE:
        return envelope
    if envelope.rate_limited:
        raise refusal(DynectRateLimited, envelope.messages)
    if method == "POST" and envelope.refuses_token:
        raise refusal(DynectAuthError, envelope.messages)
    raise refusal(BY_METHOD[method], envelope.messages)
