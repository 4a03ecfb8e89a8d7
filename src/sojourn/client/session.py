"""The HTTP Session: requests with pluggable authentication, for threads and for event loops from
one code base. What most people import from Sojourn; below it are the engine, the environments and
the transports."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypedDict, TypeVar, Unpack

from sojourn.client.auth import AccessInfo, AuthPlugin
from sojourn.client.body import Data, Limit, Params, encoded, full_url, limits
from sojourn.client.engine import Call, Engine
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.history import LENGTH, History, HistoryEntry
from sojourn.client.response import Response
from sojourn.client.transport import choice
from sojourn.client.transport.contract import AsyncTransport, Fields, Request, Timeout, Transport
from sojourn.client.transport.paced import AsyncPacedTransport, PacedTransport
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Cert, Trust, Verify
from sojourn.client.user_agent import PRODUCT
from sojourn.driver import drive
from sojourn.errors import IncompleteCredentials

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

R = TypeVar("R")
T = TypeVar("T")
S = TypeVar("S")

_FOR_EVER = sys.maxsize
_DEFAULT_LIMITS = Timeout()


class RequestOptions(TypedDict, total=False):
    """What every verb takes, beside the URL."""

    params: Params | None
    headers: Mapping[str, str] | None
    data: Data | None
    json: object
    timeout: Limit
    auth: AuthPlugin | None
    authenticated: bool | None
    redirect: int | bool | None
    raise_exc: bool
    allow_reauth: bool
    connect_retries: int | None
    user_agent: str | None
    original_ip: str | None


_OPTIONS = frozenset(RequestOptions.__annotations__)


class _Verbs(ABC, Generic[R, T, S]):
    """The verbs, the options and the history; a call returns `R`, is sent with `T` and paced by `S`."""

    def __init__(
        self,
        auth: AuthPlugin | None = None,
        *,
        verify: Verify = True,
        cert: Cert | None = None,
        timeout: Limit = None,
        user_agent: str | None = None,
        redirect: int | bool = 30,
        additional_headers: Mapping[str, str] | None = None,
        original_ip: str | None = None,
        app_name: str | None = None,
        app_version: str | None = None,
        additional_user_agent: Sequence[tuple[str, str]] | None = None,
        connect_retries: int = 0,
        proxy: str | Mapping[str, str] | None = None,
        trust_env: bool = True,
        history: int = LENGTH,
        cache: CredentialStore | bool | None = None,
        rate_semaphore: S | None = None,
        transport: T | choice.Library | None = None,
    ) -> None:
        self.auth = auth
        self.redirect = redirect
        self.connect_retries = connect_retries
        self.original_ip = original_ip
        self.additional_headers = dict(additional_headers or {})
        self.user_agent = user_agent or _user_agent(app_name, app_version, additional_user_agent)
        self.timeout = limits(timeout, _DEFAULT_LIMITS)
        self._trust = Trust(verify, cert)
        self._proxies = Proxies(proxy, trust_env=trust_env)
        self._store = _opened(cache)
        self._transport: T
        self._engine = Engine(History(history))
        self._library = choice.forced(transport)
        self._open(None if isinstance(transport, str) else transport, rate_semaphore)

    @abstractmethod
    def _open(self, transport: T | None, rate_semaphore: S | None) -> None: ...

    @abstractmethod
    def request(self, url: str, method: str, **options: Unpack[RequestOptions]) -> R:
        """Send one request and return its answer.

        `params` go into the query; `json` or `data` (bytes, text, form, iterable) is the body;
        `timeout` is seconds or (connect, read); `auth` is used instead of the session's plugin,
        `authenticated=False` sends no credentials; `redirect` is how many are followed, or True or
        False; `raise_exc=False` returns answers of 400 and above; `allow_reauth=False` leaves a 401
        as it is. Raises HttpError, ConnectFailure, UnsafeRedirect, CredentialError.
        """

    def get(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """GET `url`; options as for `request`."""
        return self.request(url, "GET", **options)

    def head(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """HEAD `url`; options as for `request`, but redirects are not followed unless asked for."""
        options.setdefault("redirect", False)
        return self.request(url, "HEAD", **options)

    def post(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """POST to `url`; options as for `request`."""
        return self.request(url, "POST", **options)

    def put(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """PUT to `url`; options as for `request`."""
        return self.request(url, "PUT", **options)

    def patch(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """PATCH `url`; options as for `request`."""
        return self.request(url, "PATCH", **options)

    def delete(self, url: str, **options: Unpack[RequestOptions]) -> R:
        """DELETE `url`; options as for `request`."""
        return self.request(url, "DELETE", **options)

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """The last requests, oldest first, without secrets."""
        return self._engine.history.entries()

    def explain(self, url: str) -> list[str]:
        """Return, a line each, with what a request to `url` would be sent and why; nothing is sent."""
        request = Request("GET", full_url(url, None), timeout=self.timeout)
        chosen = choice.explained(self._transport, request)
        return [str(chosen or "sent with the transport that the session was given")]

    def invalidate(self, auth: AuthPlugin | None = None) -> bool:
        """Drop the current credential of `auth`, or of the session's plugin; the next request gets
        a new one."""
        plugin = auth or self.auth
        return plugin.invalidate() if plugin else False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.auth or 'without auth'}>"

    def __getstate__(self) -> NoReturn:
        message = f"{type(self).__name__} holds connections and credentials and cannot be pickled or copied."
        raise TypeError(message)

    def _default_transport(self) -> Transport:
        return choice.blocking(self._trust, self._proxies, self._library)

    def _flights_transport(self) -> Transport:
        # Flights run on daemon threads, which end with the process; pyreqwest would abort it.
        return choice.blocking(self._trust, self._proxies, "httpx2")

    def _call(self, url: str, method: str, options: RequestOptions) -> Call:
        if unknown := options.keys() - _OPTIONS:
            raise TypeError(f"A request takes no {', '.join(sorted(unknown))}.")
        content, kind = encoded(options.get("data"), options.get("json"))
        retries, redirect = options.get("connect_retries"), options.get("redirect")
        request = Request(
            method.upper(),
            full_url(url, options.get("params")),
            self._headers(options, kind),
            content,
            limits(options.get("timeout"), self.timeout),
        )
        return Call(
            request,
            self._plugin(options.get("auth"), options.get("authenticated")),
            _count(self.redirect if redirect is None else redirect),
            self.connect_retries if retries is None else retries,
            options.get("raise_exc", True),
            options.get("allow_reauth", True),
        )

    def _plugin(self, given: AuthPlugin | None, authenticated: bool | None) -> AuthPlugin | None:  # noqa: FBT001
        plugin = given or self.auth
        if authenticated is False:
            return None
        if authenticated and plugin is None:
            message = "authenticated=True needs a plugin: pass auth= to the session or to the call."
            raise IncompleteCredentials(message)
        given_kind: object = plugin
        if given_kind is not None and not isinstance(given_kind, AuthPlugin):
            message = f"auth= must be an authentication plugin, not {type(given_kind).__name__}."
            raise TypeError(message)
        return plugin

    def _headers(self, options: RequestOptions, kind: str | None) -> Fields:
        fields = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
        fields["User-Agent"] = options.get("user_agent") or self.user_agent
        address = options.get("original_ip") or self.original_ip
        if address:
            fields["Forwarded"] = f"for={address};by={fields['User-Agent']}"
        if kind:
            fields["Content-Type"] = kind
        for headers in (self.additional_headers, options.get("headers") or {}):
            given = {name.lower() for name in headers}
            fields = {name: value for name, value in fields.items() if name.lower() not in given}
            fields.update(headers)
        return tuple(fields.items())


class Session(_Verbs[Response, Transport, AbstractContextManager[Any]]):
    """Requests on the calling thread. Any number of threads may share one; it survives a fork."""

    def _open(
        self, transport: Transport | None, rate_semaphore: AbstractContextManager[Any] | None
    ) -> None:
        flights = self._flights_transport if transport is None else None
        self._transport = transport or self._default_transport()
        if rate_semaphore is not None:
            self._transport = PacedTransport(self._transport, rate_semaphore)
        self._env = BlockingEnv(self._transport, store=self._store, flights=flights)

    def request(self, url: str, method: str, **options: Unpack[RequestOptions]) -> Response:
        return drive(self._engine.run(self._env, self._call(url, method, options)))

    def access(self) -> AccessInfo | None:
        """Return who the session's credential is, signing in if need be; None without a plugin that
        knows."""
        return drive(self.auth.access(self._env)) if self.auth else None

    def close(self) -> None:
        """Close the connections; the session stays usable."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncSession(
    _Verbs[Coroutine[Any, Any, Response], AsyncTransport, AbstractAsyncContextManager[Any]]
):
    """Requests on the running event loop; one session serves any number of loops and tasks."""

    def _open(
        self,
        transport: AsyncTransport | None,
        rate_semaphore: AbstractAsyncContextManager[Any] | None,
    ) -> None:
        from sojourn.client.env.suspending import SuspendingEnv, running_loop

        self._transport = transport or choice.suspending(
            self._trust, self._proxies, running_loop=running_loop, library=self._library
        )
        if rate_semaphore is not None:
            self._transport = AsyncPacedTransport(self._transport, rate_semaphore)
        # Flights never use the caller's own transport: they run on a thread, whatever the loop
        # does.
        open_one = self._flights_transport
        worker = BlockingEnv(open_one(), store=self._store, flights=open_one)
        self._env = SuspendingEnv(self._transport, worker)

    async def request(self, url: str, method: str, **options: Unpack[RequestOptions]) -> Response:
        return await self._engine.run(self._env, self._call(url, method, options))

    async def access(self) -> AccessInfo | None:
        """Return who the session's credential is, signing in if need be; None without a plugin that
        knows."""
        return await self.auth.access(self._env) if self.auth else None

    async def close(self) -> None:
        """Close the running loop's connections; the session stays usable."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _count(redirect: int | bool) -> int:  # noqa: FBT001
    if redirect is True:
        return _FOR_EVER
    return max(0, int(redirect))


def _opened(cache: CredentialStore | bool | None) -> CredentialStore | None:  # noqa: FBT001
    if cache is True:
        from sojourn.client.cache.store import CredentialStore

        return CredentialStore()
    return cache or None


def _user_agent(
    name: str | None, version: str | None, additional: Sequence[tuple[str, str]] | None
) -> str:
    parts = [f"{name}/{version}" if version else name] if name else []
    parts += [f"{product}/{release}" for product, release in additional or ()]
    return " ".join((*parts, PRODUCT))
