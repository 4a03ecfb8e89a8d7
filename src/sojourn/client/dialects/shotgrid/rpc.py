"""One call of a site's JSON API, from the request to its results. The plugins stand above it; below it are the
environment and `wire.shotgrid`.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from sojourn.client.dialects.shotgrid.errors import SessionEnded, refusal
from sojourn.client.env.contract import Env
from sojourn.client.http_errors import http_error
from sojourn.client.response import Response
from sojourn.client.transport.contract import Fields, Reply, Request
from sojourn.client.url import Origin, is_loopback, origin
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import IncompleteCredentials, Malformed, NotFound
from sojourn.wire import shotgrid
from sojourn.wire.shotgrid import Answer, Call, Caller, Info

_HEADERS: Final[Fields] = (
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("User-Agent", PRODUCT),
)
_AGAIN: Final = frozenset({502, 504})
PAUSES: Final = (0.75, 1.5)
"""Seconds before a call whose gateway did not answer is sent again."""


def site_of(host: str) -> str:
    """Return the one spelling of a site's address, `https://site.shotgrid.com`; typed without a scheme it is https, and
    http on loopback. Raises IncompleteCredentials for what is no address of a site, and for http elsewhere."""
    typed = host.strip()
    try:
        found = _origin(typed)
    except Malformed as cause:
        raise IncompleteCredentials(f"{typed!r} is not the address of a site: {cause}") from cause
    if found.scheme == "http" and not is_loopback(found.host):
        raise IncompleteCredentials(
            f"{typed!r} would be sent secrets in the clear: only https, or http on this machine."
        )
    usual = found.port == (443 if found.scheme == "https" else 80)
    name = f"[{found.host}]" if ":" in found.host else found.host
    return f"{found.scheme}://{name}{'' if usual else f':{found.port}'}"


def _origin(typed: str) -> Origin:
    if "://" in typed:
        return origin(typed)
    found = origin(f"https://{typed}")
    return origin(f"http://{typed}") if is_loopback(found.host) else found


async def call(
    env: Env, site: str, method: str, caller: Caller | None, arguments: object = None
) -> Any:  # noqa: ANN401 - any JSON value
    """Return the results of `method`.

    Raises SessionEnded for a session token that is taken no more, AuthenticationError and its kinds for other
    credentials, ShotgridFault for what the call asks, ConnectFailure where nobody answers, HttpError for
    another status, Malformed for an answer that is none.
    """
    body = Call(method, caller, arguments).text()
    request = Request("POST", f"{site}{shotgrid.RPC}", _HEADERS, body)
    reply = await _sent(env, request)
    by_session = caller is not None and caller.session_token is not None
    if by_session and is_sign_in(reply.status, reply.header("location")):
        raise SessionEnded("The session has ended at the site, which signs in by single sign-on.")
    if reply.status == 404:
        raise NotFound(
            f"{request.url} is not there (404): is {site} a ShotGrid site?",
            status=404,
            url=request.url,
        )
    if reply.status != 200:
        raise http_error(Response(reply, request))
    answer = Answer.parse(reply.content)
    if answer.fault is not None:
        raise refusal(answer.fault, by_session=by_session)
    return answer.results


async def info(env: Env, site: str) -> Info:
    """Return what the site says of itself. Raises what `call` does."""
    return Info.parse(await call(env, site, "info", None))


def is_sign_in(status: int, location: str | None) -> bool:
    """Tell whether an answer sends the caller to the single sign-on: its session has ended."""
    if status not in {301, 302, 303, 307} or location is None:
        return False
    try:
        return urlsplit(location).path.endswith(shotgrid.SAML)
    except ValueError:
        return False


async def _sent(env: Env, request: Request) -> Reply:
    for pause in PAUSES:
        reply = await env.send(request)
        if reply.status not in _AGAIN:
            return reply
        await env.sleep(pause)
    return await env.send(request)
