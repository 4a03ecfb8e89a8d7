"""Runs one piece of the client's logic on this thread with the default transport, for accounts that
need no session. Below it are the blocking environment and the driver."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.env.contract import Env
from sojourn.client.transport.blocking import HttpxTransport
from sojourn.client.transport.proxies import Proxies
from sojourn.client.transport.tls import Trust
from sojourn.driver import drive

T = TypeVar("T")


def run(work: Callable[[Env], Coroutine[Any, Any, T]], *, proxy: str | None = None) -> T:
    """Return what `work` returns; connections are closed at the end. Without `proxy`, a URL, the
    environment says whether there is one."""
    transport = HttpxTransport(Trust(), Proxies(proxy, trust_env=True))
    try:
        return drive(work(BlockingEnv(transport)))
    finally:
        transport.close()
