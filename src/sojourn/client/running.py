"""Runs one piece of the client's logic on this thread with the default transport, for accounts that
need no session. Below it are the blocking environment and the driver."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.env.contract import Env
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.contract import Transport
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.driver import drive

T = TypeVar("T")

_USUAL: Final[Mapping[str, Any]] = MappingProxyType({})


def run(
    work: Callable[[Env], Coroutine[Any, Any, T]],
    *,
    proxy: str | None = None,
    connection: Mapping[str, Any] = _USUAL,
) -> T:
    """Return what `work` returns; connections are closed at the end. Without `proxy`, a URL, the
    environment says whether there is one; `connection` is a plugin's `verify` and `cert`."""
    return _run(work, HttpxTransport(Trust(**connection), Proxies(proxy, trust_env=True)))


def run_many(
    work: Callable[[Env], Coroutine[Any, Any, T]],
    *,
    proxy: str | None = None,
    connection: Mapping[str, Any] = _USUAL,
) -> T:
    """As `run`, for work that sends so many requests that the `fast` extra pays, where it is there."""
    from sojourn.client.transport import choice

    library: choice.Library | None = None if choice.installed() else "httpx2"
    trust, proxies = Trust(**connection), Proxies(proxy, trust_env=True)
    return _run(work, choice.blocking(trust, proxies, library))


def _run(work: Callable[[Env], Coroutine[Any, Any, T]], transport: Transport) -> T:
    try:
        return drive(work(BlockingEnv(transport)))
    finally:
        transport.close()
