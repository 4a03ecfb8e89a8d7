"""From a session's settings and a call's options to one call, ready to run: what both sessions share.
The sessions stand above it; below it are the engine and what it takes."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar

from sojourn.client.addressing import Service, is_whole
from sojourn.client.auth import AuthPlugin
from sojourn.client.body import Limit, encoded, full_url, limits, quoted
from sojourn.client.catalog.versions import microversion_fields
from sojourn.client.engine import Call, Engine
from sojourn.client.history import LENGTH, Entries, History, Kept
from sojourn.client.keystoneauth_errors import as_keystoneauth
from sojourn.client.options import RequestOptions, check
from sojourn.client.request_log import RequestLog
from sojourn.client.retries import RetryRules
from sojourn.client.timings import RequestTiming, Timings
from sojourn.client.transport import choice
from sojourn.client.transport.contract import Fields, Request, Timeout, Transport, made
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Cert, Trust, Verify
from sojourn.client.url import is_plain
from sojourn.client.user_agent import user_agent as products
from sojourn.client.verbs import R, Verbs
from sojourn.errors import ConfigurationError, IncompleteCredentials, SojournError

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

T = TypeVar("T")
S = TypeVar("S")

_FOR_EVER: Final = sys.maxsize
_DEFAULT_LIMITS: Final = Timeout()
_ACCEPTED: Final = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
_RETRIED_STATUSES: Final = frozenset({503})
_OF_HEADERS: Final = frozenset(
    {
        "client_name", "client_version", "global_request_id", "headers", "microversion", "original_ip", "user_agent",
    }
)  # fmt: skip


class Calls(Verbs[R], Generic[R, T, S]):
    """The settings, the helpers that ask nobody, and the making of calls; a request returns `R`, is
    sent with `T` and paced by `S`."""

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
        discovery_cache: MutableMapping[str, Any] | None = None,
        split_loggers: bool | None = None,
        collect_timing: bool = False,
        rate_semaphore: S | None = None,
        connect_retries: int = 0,
        proxy: str | Mapping[str, str] | None = None,
        trust_env: bool = True,
        history: Kept = LENGTH,
        cache: CredentialStore | bool | None = None,
        transport: T | choice.Named | None = None,
    ) -> None:
        self.timeout = timeout
        self.user_agent = user_agent
        self.redirect = redirect
        self.additional_headers = dict(additional_headers or {})
        self.original_ip = original_ip
        self.app_name = app_name
        self.app_version = app_version
        self.additional_user_agent = list(additional_user_agent or ())
        self.connect_retries = connect_retries
        self._proxies = Proxies(proxy, trust_env=trust_env)
        self._store = _opened(cache)
        # Given by the caller, so that several sessions can share what was discovered.
        self._discovery_cache: MutableMapping[str, Any] = (
            {} if discovery_cache is None else discovery_cache
        )
        self._log = RequestLog(split=bool(split_loggers))
        self._timings = Timings() if collect_timing else None
        self._engine = Engine(History(history), self._timings)
        limits(
            timeout, _DEFAULT_LIMITS
        )  # what is no limit is refused here, not at the first request
        self._verify = verify
        self._cert = cert
        self._trust = Trust(verify, cert)
        self._transport: T
        self._particular: dict[tuple[Verify, Cert | None], T] = {}
        self._library = choice.named(transport)
        self._open(None if isinstance(transport, str) else transport, rate_semaphore)
        self.auth = auth

    @property
    def auth(self) -> Any:  # noqa: ANN401 - a plugin of keystoneauth's is one too
        """The plugin that signs requests which name none; may be set. Raises TypeError for what is no plugin."""
        return self._auth

    @auth.setter
    def auth(self, plugin: object) -> None:
        self._plugin = self._given(plugin) if plugin is not None else None
        self._auth = plugin

    @abstractmethod
    def _open(self, transport: T | None, rate_semaphore: S | None) -> None: ...

    @property
    def verify(self) -> Verify:
        """What the connections trust; another session can trust something else."""
        return self._verify

    @property
    def cert(self) -> Cert | None:
        """The certificate that the connections show."""
        return self._cert

    @property
    def history(self) -> Entries:
        """The last requests, oldest first, without secrets; `har()` and `save(path)` export them."""
        return self._engine.history.entries()

    def explain(self, url: str) -> list[str]:
        """Return, a line each, with what a request to `url` would be sent and why; nothing is sent."""
        limit = limits(self.timeout, _DEFAULT_LIMITS)
        request = Request("GET", full_url(url, None), timeout=limit)
        chosen = choice.explained(self._transport, request)
        return [str(chosen or "sent with the transport that the session was given")]

    def _flights_for(self, trust: Trust) -> Transport:
        # Flights run on daemon threads, which end with the process; pyreqwest would abort it.
        return choice.blocking(trust, self._proxies, "httpx2")

    def get_timings(self) -> list[RequestTiming]:
        """Return how long the requests took since the last reset; nothing without
        `collect_timing`."""
        return self._timings.entries() if self._timings else []

    def reset_timings(self) -> None:
        """Forget the timings."""
        if self._timings:
            self._timings.reset()

    def invalidate(self, auth: AuthPlugin | None = None) -> bool:
        """Drop the current credential of `auth`, or of the session's plugin; the next request gets
        a new one."""
        plugin = self._given(auth)
        return plugin.invalidate() if plugin else False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.auth or 'without auth'}>"

    def __getstate__(self) -> NoReturn:
        message = f"{type(self).__name__} holds connections and credentials and cannot be pickled or copied."
        raise TypeError(message)

    def _call(self, url: str, method: str, options: RequestOptions) -> Call:
        if not options and is_plain(url):
            return self._plain_call(url, method)
        check(options)
        content, kind = encoded(options.get("data"), options.get("json"))
        headers = (
            self._plain_headers()
            if kind is None and _OF_HEADERS.isdisjoint(options)
            else self._headers(options, kind)
        )
        auth = self._given(options.get("auth"))
        whole = is_whole(url) is not None
        params = options.get("params")
        target = full_url(url, params) if whole else quoted(url, params)
        limit = limits(options.get("timeout"), limits(self.timeout, _DEFAULT_LIMITS))
        redirect = options.get("redirect")
        return made(
            Call,
            (
                made(Request, (method.upper(), target, headers, content, limit)),
                self._used(auth, options.get("authenticated")),
                _count(self.redirect if redirect is None else redirect),
                self._retry_rules(options),
                options.get("raise_exc", True),
                options.get("allow_reauth", True),
                None if whole else _service(auth, options),
                self._log_of(options),
            ),
        )

    def _plain_call(self, url: str, method: str) -> Call:
        """The same for a call without options: most are, and there is little to find out."""
        limit = _DEFAULT_LIMITS
        if self.timeout is not None:
            limit = limits(self.timeout, limit)
        request = made(Request, (method.upper(), url, self._plain_headers(), None, limit))
        redirect = _count(self.redirect)
        retry = self._retry_rules({}) if self.connect_retries else None
        log = self._log if self._log.on else None
        return made(Call, (request, self._plugin, redirect, retry, True, True, None, log))

    def _plain_headers(self) -> Fields:
        if self.additional_headers or self.original_ip or self.additional_user_agent:
            return self._headers({}, None)
        return _usual_fields(self.user_agent, self.app_name, self.app_version)

    def _given(self, plugin: object) -> AuthPlugin | None:
        """Return the plugin of a call as one of ours, the session's where the call has none."""
        if plugin is None:
            return self._plugin
        return plugin if isinstance(plugin, AuthPlugin) else self._wrapped(plugin)

    def _wrapped(self, plugin: object) -> AuthPlugin:
        message = f"auth= must be an authentication plugin, not {type(plugin).__name__}."
        raise TypeError(message)

    def _leave(self, error: SojournError) -> None:
        """Make `error` what it must be where it leaves the session; raises what is raised instead of it."""
        as_keystoneauth(error)

    def _chosen(
        self, params: Mapping[str, Any] | None, opened: Callable[[Trust], T]
    ) -> tuple[Trust, T]:
        """Return what a plugin with connection `params` trusts, and its transport."""
        if not params:
            return self._trust, self._transport
        if unknown := params.keys() - {"verify", "cert"}:
            raise ConfigurationError(
                f"The plugin asks for {', '.join(sorted(unknown))}, and only verify and cert can be "
                "a plugin's."
            )
        pair = (params.get("verify", self.verify), params.get("cert", self.cert))
        trust = Trust(*pair)
        found = self._particular.get(pair)
        return trust, found or self._particular.setdefault(pair, opened(trust))

    def _used(self, plugin: AuthPlugin | None, authenticated: bool | None) -> AuthPlugin | None:  # noqa: FBT001
        if authenticated is False:
            return None
        if authenticated and plugin is None:
            message = "authenticated=True needs a plugin: pass auth= to the session or to the call."
            raise IncompleteCredentials(message)
        return plugin

    def _needed(self, plugin: object) -> AuthPlugin:
        """Return `plugin`, or the session's; none at all raises IncompleteCredentials."""
        found = self._given(plugin)
        if found is None:
            raise IncompleteCredentials("There is no auth plugin: pass auth= to the session.")
        return found

    def _retry_rules(self, options: RequestOptions) -> RetryRules | None:
        connect, status = options.get("connect_retries"), options.get("status_code_retries")
        connect = self.connect_retries if connect is None else connect
        if not connect and not status:
            return None
        statuses = options.get("retriable_status_codes")
        return RetryRules(
            connect,
            options.get("connect_retry_delay"),
            status or 0,
            options.get("status_code_retry_delay"),
            _RETRIED_STATUSES if statuses is None else frozenset(statuses),
        )

    def _log_of(self, options: RequestOptions) -> RequestLog | None:
        if not options.get("log", True):
            return None
        logger = options.get("logger")
        log = self._log if logger is None else RequestLog(logger=logger)
        return log if log.on else None

    def _headers(self, options: RequestOptions, kind: str | None) -> Fields:
        product = options.get("user_agent") or self.user_agent or self._product(options)
        fields = {**_ACCEPTED, "User-Agent": product}
        address = options.get("original_ip") or self.original_ip
        if address:
            fields["Forwarded"] = f"for={address};by={fields['User-Agent']}"
        if kind:
            fields["Content-Type"] = kind
        if number := options.get("global_request_id"):
            fields["X-OpenStack-Request-ID"] = number
        version = options.get("microversion")
        if version is not None:
            fields.update(microversion_fields(version, _microversioned(options)))
        for headers in (self.additional_headers, options.get("headers")):
            if not headers:
                continue
            given = {name.lower() for name in headers}
            fields = {name: value for name, value in fields.items() if name.lower() not in given}
            fields.update((name, value) for name, value in headers.items() if value is not None)
        return tuple(fields.items())

    def _product(self, options: RequestOptions) -> str:
        library = (options.get("client_name"), options.get("client_version"))
        return products(
            (self.app_name, self.app_version), library, _pairs(self.additional_user_agent)
        )


@lru_cache(maxsize=64)
def _usual_fields(product: str | None, name: str | None, release: str | None) -> Fields:
    """The header fields of a session that adds none: its own product, or its application's."""
    return tuple(
        {**_ACCEPTED, "User-Agent": product or products((name, release), (None, None), ())}.items()
    )


def _service(auth: AuthPlugin | None, options: RequestOptions) -> Service:
    wanted = dict(options.get("endpoint_filter") or {})
    if allow := options.get("allow"):
        wanted["allow"] = allow
    return made(
        Service, (options.get("endpoint_override"), wanted, auth, options.get("microversion"))
    )


def _microversioned(options: RequestOptions) -> str:
    service: str | None = options.get("microversion_service_type") or (
        options.get("endpoint_filter") or {}
    ).get("service_type")
    if not service:
        message = (
            "microversion= needs a service_type in endpoint_filter=, or microversion_service_type=."
        )
        raise TypeError(message)
    return service


def _pairs(products: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, version) for name, version in products)


def _count(redirect: int | bool) -> int:  # noqa: FBT001
    if type(redirect) is int and redirect >= 0:
        return redirect
    return _FOR_EVER if redirect is True else max(0, int(redirect))


def _opened(cache: CredentialStore | bool | None) -> CredentialStore | None:  # noqa: FBT001
    if cache is True:
        from sojourn.client.cache.store import CredentialStore

        return CredentialStore()
    return cache or None
