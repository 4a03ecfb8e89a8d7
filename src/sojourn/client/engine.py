"""One request from start to end, written once for threads and loops: find the service, authenticate,
send, retry, follow redirects, answer a 401 once, raise by status, remember. The sessions stand above
it; below it are the environment, the authentication plugins and the rules of redirects and retries."""

from __future__ import annotations

from collections.abc import Collection
from time import perf_counter
from typing import NamedTuple

from sojourn.client import redirects
from sojourn.client.addressing import Service, located
from sojourn.client.auth import AuthPlugin, Stamp, Verdict
from sojourn.client.env.contract import Env
from sojourn.client.history import History, HistoryEntry
from sojourn.client.http_errors import http_error, request_id_in
from sojourn.client.request_log import RequestLog
from sojourn.client.response import Response
from sojourn.client.retries import Retries, RetryRules
from sojourn.client.timings import Timings
from sojourn.client.tracing import traced
from sojourn.client.transport.contract import Fields, Reply, Request, made
from sojourn.client.url import masked
from sojourn.errors import ConnectFailure

_PROOF, _SIGN_IN = "proof", "sign-in"


class Call(NamedTuple):
    """One call of a session: its request, and the rules for it. `redirects` is how many are
    followed; `service` is where a URL that is only a path belongs."""

    request: Request
    auth: AuthPlugin | None
    redirects: int
    retry: RetryRules | None
    raise_exc: bool
    allow_reauth: bool
    service: Service | None
    log: RequestLog | None


class _Sent(NamedTuple):
    """An answer, the stamp that its request carried, whether it was refused for want of a new proof alone, and the
    hop that it answers."""

    response: Response
    stamp: Stamp | None
    unproved: bool
    hop: Call


class Engine:
    """Runs calls; holds nothing but the history and the timings, so that any number may run at
    once."""

    def __init__(self, history: History, timings: Timings | None = None) -> None:
        self.history = history
        self.timings = timings

    async def run(self, env: Env, call: Call) -> Response:
        """Return the final answer to `call`. Raises RequestError, EndpointError and
        CredentialError."""
        if call.service is not None:
            call = made(Call, (await located(env, call.request, call.service), *call[1:]))
        retries = Retries(call.retry) if call.retry is not None else None
        sent = await self._send(env, call, (), retries)
        if sent.response.status_code in redirects.STATUSES:
            sent = await self._follow(env, sent, retries)
        if sent.stamp is not None and call.auth is not None:  # noqa: SIM102 - two questions
            if call.auth.refuses(sent.response.reply):
                sent = await self._repeated(env, retries, sent, allow_reauth=call.allow_reauth)
        response = sent.response
        if call.raise_exc and response.status_code >= 400:
            raise http_error(response)
        return response

    async def _repeated(
        self, env: Env, retries: Retries | None, refused: _Sent, *, allow_reauth: bool
    ) -> _Sent:
        """Send again the hop that was refused, and not those before it, which were answered."""
        sent, left = refused, {_PROOF, _SIGN_IN} if allow_reauth else {_PROOF}
        while what := await self._again(env, sent, left):
            left.remove(what)
            hop = sent.hop
            if what == _SIGN_IN:
                hop = hop._replace(allow_reauth=False)
            sent = await self._send(env, hop, sent.response.history, retries)
            sent = await self._follow(env, sent, retries)
        return sent

    async def _again(self, env: Env, sent: _Sent, left: Collection[str]) -> str:
        """What of `left` another try would have that this one had not: a fresh proof, another sign-in, or ''."""
        answer, call = sent.response.reply, sent.hop
        if sent.stamp is None or call.auth is None or not call.auth.refuses(answer):
            return ""
        if sent.unproved and _PROOF in left:
            return _PROOF if call.request.replayable else ""
        if sent.unproved or _SIGN_IN not in left:
            return ""
        verdict = await call.auth.challenged(env, sent.response.request, answer, sent.stamp)
        return _SIGN_IN if verdict is Verdict.RETRY and call.request.replayable else ""

    async def _follow(self, env: Env, sent: _Sent, retries: Retries | None) -> _Sent:
        """Follow the redirects that begin with `sent`, where there are any; returns the last answer."""
        while (target := _leads_to(sent)) is not None:
            call, response = sent.hop, sent.response
            following = redirects.following(call.request, target, response.status_code)
            if following is None:
                break
            auth = call.auth if redirects.same_origin(call.request, following) else None
            if retries is not None:
                retries.new_hop()
            hop = call._replace(request=following, auth=auth)
            sent = await self._send(env, hop, (*response.history, response), retries)
        return sent

    async def _send(
        self, env: Env, call: Call, passed: tuple[Response, ...], retries: Retries | None
    ) -> _Sent:
        resent, auth = 0, call.auth
        while True:
            # Authenticated anew at every hop and every try: a proof is made for one method and URL, and shown once.
            stamp = await auth.authorize(env, call.request) if auth else None
            request = _stamped(call.request, stamp.headers) if stamp else call.request
            began, start = env.now(), perf_counter()
            if call.log is not None:
                call.log.sent(request)
            try:
                reply = await traced(env, request, resent=resent)
            except ConnectFailure as error:
                self._remember(call, request, None, began, perf_counter() - start)
                if call.log is not None:
                    call.log.failed(request, error)
                pause = retries.after_failure(request, error) if retries is not None else None
                if pause is None:
                    raise
            else:
                elapsed = perf_counter() - start
                self._remember(call, request, reply, began, elapsed)
                response = Response(reply, request, history=passed, elapsed=elapsed)
                if call.log is not None:
                    call.log.answered(response)
                unproved = auth.noticed(request, reply) if auth else False
                pause = retries.after_answer(request, response) if retries is not None else None
                if pause is None:
                    return made(_Sent, (response, stamp, unproved, call))
            await env.sleep(pause)
            resent += 1

    def _remember(
        self, call: Call, request: Request, reply: Reply | None, began: int, duration: float
    ) -> None:
        shown = masked(request.url)
        status, number = (reply.status, request_id_in(reply.headers)) if reply else (None, None)
        label = call.auth.label if call.auth else None
        told = (began, request.method, shown, status, duration, label, number, None)
        self.history.add(made(HistoryEntry, told), request, reply)
        if self.timings is not None and reply is not None:
            self.timings.add(request.method, shown, duration)


def _leads_to(sent: _Sent) -> str | None:
    """Return where the redirect that `sent` is leads to; None for all else, and where it is not to be followed."""
    if len(sent.response.history) >= sent.hop.redirects:
        return None
    target = redirects.target(sent.response)
    return None if target is None or _refused_here(sent) else target


def _refused_here(sent: _Sent) -> bool:
    """Tell whether a redirect is how the service refuses the credential, such as one to its sign-in page:
    then it need not be followed."""
    call = sent.hop
    if call.auth is None or sent.stamp is None or not sent.stamp.headers or not call.allow_reauth:
        return False
    return call.auth.refuses(sent.response.reply)


def _stamped(request: Request, headers: Fields) -> Request:
    """Return `request` with `headers`, which take the place of those of the same names."""
    method, url, kept, content, timeout = request
    for name, _ in headers:
        for held, _ in kept:
            if len(held) == len(name) and held.lower() == name.lower():
                kept = tuple(field for field in kept if field[0].lower() != name.lower())
                break
    return made(Request, (method, url, (*kept, *headers), content, timeout))
