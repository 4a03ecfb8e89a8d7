"""One request from start to end, written once for threads and loops: authenticate, send, retry
connections, follow redirects, answer a 401 once, raise by status, remember. The sessions stand
above it; below it are the environment, the authentication plugins and the redirect rules."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Final, NamedTuple

from sojourn.client import redirects
from sojourn.client.auth import AuthPlugin, Stamp, Verdict
from sojourn.client.env.contract import Env
from sojourn.client.history import History, HistoryEntry
from sojourn.client.http_errors import http_error, request_id
from sojourn.client.response import Response
from sojourn.client.tracing import traced
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.client.url import masked
from sojourn.errors import AnswerLost, ConnectFailure, SSLFailure

_log = logging.getLogger("sojourn.client.session")

FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 60.0
_REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110 §9.2.2


class Call(NamedTuple):
    """One call of a session: its request, and the rules for it. `redirects` is how many are
    followed."""

    request: Request
    auth: AuthPlugin | None
    redirects: int
    connect_retries: int
    raise_exc: bool
    allow_reauth: bool


class _Sent(NamedTuple):
    """The last answer of a chain of redirects, and the stamp its request carried."""

    response: Response
    stamp: Stamp | None


class Engine:
    """Runs calls; holds nothing but the history, so that any number may run at once."""

    def __init__(self, history: History) -> None:
        self.history = history

    async def run(self, env: Env, call: Call) -> Response:
        """Return the final answer to `call`. Raises RequestError and CredentialError."""
        sent = await self._follow(env, call)
        if await self._try_again(env, call, sent):
            sent = await self._follow(env, call)
        if call.raise_exc and not sent.response.ok:
            raise http_error(sent.response)
        return sent.response

    async def _try_again(self, env: Env, call: Call, sent: _Sent) -> bool:
        answer = sent.response.reply
        if sent.stamp is None or call.auth is None or not call.auth.refuses(answer):
            return False
        if not call.allow_reauth:
            return False
        verdict = await call.auth.challenged(env, sent.response.request, answer, sent.stamp)
        return verdict is Verdict.RETRY and call.request.replayable

    async def _follow(self, env: Env, call: Call) -> _Sent:
        request, auth = call.request, call.auth
        passed: tuple[Response, ...] = ()
        while True:
            # Authenticated anew at every hop: a proof is made for one method and URL.
            stamp = await auth.authorize(env, request) if auth else None
            response = await self._send(env, call, request, stamp, passed)
            target = redirects.target(response) if len(passed) < call.redirects else None
            if target is None:
                return _Sent(response, stamp)
            following = redirects.following(request, target, response.status_code)
            if following is None:
                return _Sent(response, stamp)
            if not redirects.same_origin(request, following):
                auth = None
            passed = (*passed, response)
            request = following

    async def _send(
        self,
        env: Env,
        call: Call,
        request: Request,
        stamp: Stamp | None,
        passed: tuple[Response, ...],
    ) -> Response:
        stamped = _stamped(request, stamp.headers) if stamp else request
        delay, left = FIRST_DELAY, call.connect_retries
        while True:
            began, start = env.now(), perf_counter()
            try:
                reply = await traced(env, stamped, resent=call.connect_retries - left)
            except ConnectFailure as error:
                self._remember(call, stamped, None, began, perf_counter() - start)
                if left == 0 or not _may_repeat(stamped, error):
                    raise
                await env.sleep(delay)
                delay, left = min(delay * 2, LONGEST_DELAY), left - 1
            else:
                elapsed = perf_counter() - start
                self._remember(call, stamped, reply, began, elapsed)
                return Response(reply, stamped, history=passed, elapsed=elapsed)

    def _remember(
        self, call: Call, request: Request, reply: Reply | None, began: int, duration: float
    ) -> None:
        shown = masked(request.url)
        entry = HistoryEntry(
            began,
            request.method,
            shown,
            reply.status if reply else None,
            duration,
            call.auth.label if call.auth else None,
            request_id({name.lower(): value for name, value in reply.headers}) if reply else None,
        )
        self.history.add(entry, request, reply)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s %s -> %s in %.3f s", entry.method, shown, entry.status, duration)


def _stamped(request: Request, headers: Fields) -> Request:
    replaced = {name.lower() for name, _ in headers}
    kept = tuple(field for field in request.headers if field[0].lower() not in replaced)
    return request._replace(headers=(*kept, *headers))


def _may_repeat(request: Request, error: ConnectFailure) -> bool:
    if isinstance(error, SSLFailure) or not request.replayable:
        return False
    return request.method in _REPEATABLE or not isinstance(error, AnswerLost)
