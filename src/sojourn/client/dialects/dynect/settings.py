"""What a DynectSession is made with: who, where, how patiently, through which proxy; and the HTTP session
that follows from it. The session stands above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Self
from urllib.parse import quote

from sojourn.client.body import Limit
from sojourn.client.dialects.dynect import calls, jobs
from sojourn.client.dialects.dynect.plugin import CURRENT
from sojourn.client.dialects.dynect.registry import Identity
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.session import Session
from sojourn.client.transport.contract import Transport
from sojourn.client.transport.tls import Verify
from sojourn.errors import ConfigurationError


class Settings(NamedTuple):
    """What concerns every call."""

    api_version: str = CURRENT
    proxy: str | None = None
    timeout: Limit = None
    verify: Verify = True
    job_timeout: float = jobs.LIMIT
    retry_budget: float = calls.BUDGET
    env: BlockingEnv | None = None

    def differs(self, known: Settings) -> list[str]:
        """Return the names of what is set here and is otherwise in `known`."""
        standard = Settings()
        return [
            name
            for name in self._fields
            if getattr(self, name) not in (getattr(standard, name), getattr(known, name))
        ]


class Wanted(NamedTuple):
    """What a constructor call asks for."""

    identity: Identity
    password: str
    auto_auth: bool
    history: bool
    settings: Settings

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Read the constructor's arguments; raises ConfigurationError for what cannot be."""
        if given["key"] is not None:
            raise ConfigurationError(
                "key= encrypted the password in memory with a library that no longer exists; leave "
                "it out."
            )
        scheme = "https" if given["ssl"] else "http"
        where = f"{scheme}://{given['host']}:{given['port']}"
        plain = {name: given[name] for name in Settings._fields if name in given}
        return cls(
            Identity(given["customer"], given["username"], where),
            given["password"],
            given["auto_auth"],
            given["history"],
            Settings(**plain, proxy=_proxy(given)),
        )


class Http(Session):
    """The HTTP session below. An environment may be given, so that tests hold the time."""

    def __init__(self, settings: Settings) -> None:
        self._held_env = settings.env
        super().__init__(
            verify=settings.verify,
            timeout=settings.timeout,
            proxy=settings.proxy,
            redirect=False,
            connect_retries=1,
        )

    def _open(
        self, transport: Transport | None, rate_semaphore: AbstractContextManager[Any] | None
    ) -> None:
        super()._open(transport, rate_semaphore)
        self._env = self._held_env or self._env

    @property
    def env(self) -> BlockingEnv:
        """Where it sends and waits."""
        return self._env


def _proxy(given: Mapping[str, Any]) -> str | None:
    host, port = given["proxy_host"], given["proxy_port"]
    if not host:
        return None
    if not port:
        raise ConfigurationError("Proxy missing port, please specify a port")
    user, password = given["proxy_user"], given["proxy_pass"]
    who = f"{quote(user, safe='')}:{quote(password or '', safe='')}@" if user else ""
    return f"http://{who}{host}:{port}"
