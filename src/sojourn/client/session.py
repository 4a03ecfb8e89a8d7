"""The HTTP Session: requests with pluggable authentication, for threads and for event loops from
one code base. What most people import from Sojourn; below it are the calls, the engine, the
environments and the transports."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack

from sojourn.client.auth import AuthPlugin
from sojourn.client.calls import Calls
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.env.contract import Env
from sojourn.client.options import RequestOptions
from sojourn.client.questions import AsyncQuestions, Questions
from sojourn.client.response import Response
from sojourn.client.transport import choice
from sojourn.client.transport.contract import AsyncTransport, Transport
from sojourn.client.transport.paced import AsyncPacedTransport, PacedTransport
from sojourn.client.transport.tls import Trust
from sojourn.driver import drive
from sojourn.errors import SojournError

if TYPE_CHECKING:
    from sojourn.client.env.suspending import SuspendingEnv

V = TypeVar("V")

Pace = AbstractContextManager[Any]
AsyncPace = AbstractAsyncContextManager[Any]


class Session(Calls[Response, Transport, Pace], Questions):
    """Requests on the calling thread. Any number of threads may share one; it survives a fork."""

    @property
    def env(self) -> Env:
        return self._env

    def env_for(self, plugin: AuthPlugin) -> Env:
        params = plugin.connection()
        return self._kept_env(params) if params else self._env

    def request(self, url: str, method: str, **options: Unpack[RequestOptions]) -> Response:
        try:
            call = self._call(url, method, options)
            pace = options.get("rate_semaphore")
            params = call.auth.connection() if call.auth else None
            env = self._kept_env(params) if params else self._env
            if pace is not None:
                env = self._other_env(pace, params)
            return drive(self._engine.run(env, call))
        except SojournError as error:
            self._leave(error)
            raise

    def close(self) -> None:
        """Close the connections; the session stays usable."""
        for transport in (self._transport, *self._particular.values()):
            transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, transport: Transport | None, rate_semaphore: Pace | None) -> None:
        self._flights_own = transport is None
        self._envs: dict[tuple[Any, ...], BlockingEnv] = {}
        self._transport = transport or self._transport_for(self._trust)
        self._pace = rate_semaphore
        self._env = self._env_over(self._transport, self._trust, rate_semaphore)

    def _env_over(self, transport: Transport, trust: Trust, pace: Pace | None) -> BlockingEnv:
        return BlockingEnv(
            transport if pace is None else PacedTransport(transport, pace),
            store=self._store,
            flights=(lambda: self._flights_for(trust)) if self._flights_own else None,
            discovery=self._discovery_cache,
        )

    def _kept_env(self, params: Mapping[str, Any]) -> BlockingEnv:
        key = (len(params), params.get("verify"), params.get("cert"))
        return self._envs.get(key) or self._envs.setdefault(key, self._other_env(None, params))

    def _other_env(self, pace: Pace | None, params: Any) -> BlockingEnv:  # noqa: ANN401
        trust, transport = self._chosen(params, self._transport_for)
        return self._env_over(transport, trust, pace or self._pace)

    def _transport_for(self, trust: Trust) -> Transport:
        return choice.blocking(trust, self._proxies, self._library)

    def _drive(self, coroutine: Coroutine[Any, Any, V]) -> V:
        try:
            return drive(coroutine)
        except SojournError as error:
            self._leave(error)
            raise

    def _wrapped(self, plugin: object) -> AuthPlugin:
        from sojourn.client.keystoneauth_plugin import WrappedPlugin, is_plugin

        if not is_plugin(plugin):
            return super()._wrapped(plugin)
        return WrappedPlugin(plugin, self)


class AsyncSession(Calls[Coroutine[Any, Any, Response], AsyncTransport, AsyncPace], AsyncQuestions):
    """Requests on the running event loop; one session serves any number of loops and tasks."""

    @property
    def env(self) -> Env:
        return self._env

    def env_for(self, plugin: AuthPlugin) -> Env:
        params = plugin.connection()
        return self._kept_env(params) if params else self._env

    async def request(self, url: str, method: str, **options: Unpack[RequestOptions]) -> Response:
        try:
            call = self._call(url, method, options)
            pace = options.get("rate_semaphore")
            params = call.auth.connection() if call.auth else None
            env = self._kept_env(params) if params else self._env
            if pace is not None:
                env = self._other_env(pace, params)
            return await self._engine.run(env, call)
        except SojournError as error:
            self._leave(error)
            raise

    async def close(self) -> None:
        """Close the running loop's connections; the session stays usable."""
        for transport in (self._transport, *self._particular.values()):
            await transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _open(self, transport: AsyncTransport | None, rate_semaphore: AsyncPace | None) -> None:
        self._envs: dict[tuple[Any, ...], SuspendingEnv] = {}
        self._transport = transport or self._transport_for(self._trust)
        self._pace = rate_semaphore
        self._env = self._env_over(self._transport, self._trust, rate_semaphore)

    def _env_over(
        self, transport: AsyncTransport, trust: Trust, pace: AsyncPace | None
    ) -> SuspendingEnv:
        from sojourn.client.env.suspending import SuspendingEnv

        # Flights never use the caller's own transport: they run on a thread, whatever the loop
        # does.
        def flights() -> Transport:
            return self._flights_for(trust)

        worker = BlockingEnv(
            flights(), store=self._store, flights=flights, discovery=self._discovery_cache
        )
        paced = transport if pace is None else AsyncPacedTransport(transport, pace)
        return SuspendingEnv(paced, worker)

    def _kept_env(self, params: Mapping[str, Any]) -> SuspendingEnv:
        key = (len(params), params.get("verify"), params.get("cert"))
        return self._envs.get(key) or self._envs.setdefault(key, self._other_env(None, params))

    def _other_env(self, pace: AsyncPace | None, params: Any) -> SuspendingEnv:  # noqa: ANN401
        trust, transport = self._chosen(params, self._transport_for)
        return self._env_over(transport, trust, pace or self._pace)

    def _transport_for(self, trust: Trust) -> AsyncTransport:
        from sojourn.client.env.suspending import running_loop

        return choice.suspending(
            trust, self._proxies, running_loop=running_loop, library=self._library
        )

    async def _await(self, coroutine: Coroutine[Any, Any, V]) -> V:
        try:
            return await coroutine
        except SojournError as error:
            self._leave(error)
            raise
