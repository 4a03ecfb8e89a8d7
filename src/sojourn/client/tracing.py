"""OpenTelemetry spans, one a request that goes out, where the program has imported `opentelemetry-api`
(the extra `otel`); nothing otherwise, for then nobody listens. Attributes follow the semantic
conventions of HTTP clients. The engine stands above it; below it is the environment."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Reply, Request
from sojourn.client.url import masked, origin
from sojourn.errors import RequestError
from sojourn.version import __version__

if TYPE_CHECKING:
    from types import ModuleType

    from opentelemetry.trace import Span, Tracer, TracerProvider

_API: Final = "opentelemetry.trace"


class _Library(NamedTuple):
    trace: ModuleType
    propagate: ModuleType

    def tracer(self) -> Tracer | None:
        """Return the tracer, or None where no provider was set: nobody listens then, and even a span
        that records nothing costs more than the rest of what a session adds."""
        provider = self.trace.get_tracer_provider()
        idle = isinstance(provider, self.trace.ProxyTracerProvider)
        return None if idle else _tracer_of(provider)


def traced(env: Env, request: Request, *, resent: int) -> Coroutine[Any, Any, Reply]:
    """Send `request` within a span, if there is anything to trace with. `resent` says how often it was
    sent before."""
    if _API not in sys.modules:
        return env.send(request)
    library = _library()
    tracer = library.tracer()
    if tracer is None:
        return env.send(request)
    return _spanned(env, library, tracer, request, resent=resent)


async def _spanned(
    env: Env, library: _Library, tracer: Tracer, request: Request, *, resent: int
) -> Reply:
    with tracer.start_as_current_span(
        request.method,
        kind=library.trace.SpanKind.CLIENT,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        if not span.is_recording():
            return await env.send(request)
        span.set_attributes(_attributes(request, resent))
        return await _observed(env, library, span, request)


async def _observed(env: Env, library: _Library, span: Span, request: Request) -> Reply:
    carrier: dict[str, str] = {}
    library.propagate.inject(carrier)
    failed = library.trace.StatusCode.ERROR
    try:
        reply = await env.send(request._replace(headers=(*request.headers, *carrier.items())))
    except RequestError as error:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(failed)
        raise
    span.set_attribute("http.response.status_code", reply.status)
    if reply.status >= 400:
        span.set_attribute("error.type", str(reply.status))
        span.set_status(failed)
    return reply


def _attributes(request: Request, resent: int) -> dict[str, Any]:
    where = origin(request.url)
    found = {
        "http.request.method": request.method,
        "server.address": where.host,
        "server.port": where.port,
        "url.full": masked(request.url),
    }
    return found | {"http.request.resend_count": resent} if resent else found


@cache
def _tracer_of(provider: TracerProvider) -> Tracer:
    return provider.get_tracer("sojourn", __version__)


@cache
def _library() -> _Library:
    from opentelemetry import propagate, trace

    return _Library(trace, propagate)
