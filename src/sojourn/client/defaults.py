"""Where an authenticator begins: which host, who, through which proxy. People subclass it to say so themselves; the
authenticator stands above it, and below it is what was used last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sojourn.client import recent
from sojourn.client.loading import GENERAL
from sojourn.errors import ConfigurationError

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore


class DefaultsManager:
    """What an authenticator takes for granted. `fixed_host` is the one host that users of it can have.

    Without it hosts and logins are remembered: the last ones are the defaults. A subclass overrides what it knows
    better.
    """

    _kind: str | None = None
    _store: CredentialStore | None = None

    def __init__(self, fixed_host: str | None = None) -> None:
        self._fixed_host = fixed_host

    def serve(self, kind: str, store: CredentialStore) -> None:
        """Remember for users of the dialect `kind` beside `store`: an authenticator says it. Raises ConfigurationError
        for a second dialect."""
        if self._kind not in (None, kind):
            raise ConfigurationError(
                f"This defaults manager is for users of {self._kind}, and cannot be for those of {kind} as well."
            )
        self._kind, self._store = kind, store

    def is_host_fixed(self) -> bool:
        """Tell whether a person must not choose another host."""
        return self._fixed_host is not None

    def get_host(self) -> str | None:
        """Return the host: the fixed one, else the one that was used last, None if there is none."""
        return self._fixed_host or recent.host(self.store.paths, self.kind)

    def set_host(self, host: str) -> None:
        """Remember `host`, unless the host is fixed."""
        if not self.is_host_fixed():
            recent.use_host(self.store.paths, self.kind, host)

    def get_http_proxy(self) -> str | None:
        """Return the proxy; None leaves it to the environment."""
        return None

    def get_login(self) -> str | None:
        """Return who used the host last, None if nobody did or they signed out."""
        host = self.get_host()
        return recent.login(self.store.paths, self.kind, host) if host else None

    def set_login(self, login: str) -> None:
        """Remember `login` at the host."""
        if host := self.get_host():
            recent.use_login(self.store.paths, self.kind, host, login)

    def forget_login(self) -> None:
        """Let nobody be the default user at the host."""
        if host := self.get_host():
            recent.forget_login(self.store.paths, self.kind, host)

    def get_user_credentials(self) -> Mapping[str, Any] | None:
        """Return the default user's credentials: `api_script` and `api_key`, or `login` with `password` or
        `session_token`; None for whoever signed in last."""
        return None

    def get_options(self) -> Mapping[str, Any]:
        """Return what else the dialect needs to know: `client_id` and `scope` for OpenID Connect, `user_domain_name`
        and `project_name` for Keystone. `verify` and `cert`, as `Session` has them, are for all dialects."""
        return {}

    def get_recent_hosts(self) -> tuple[str, ...]:
        """Return what a person is offered as host, the last one first."""
        return recent.hosts(self.store.paths, self.kind)

    def get_recent_logins(self, host: str) -> tuple[str, ...]:
        """Return what a person is offered as login at `host`, the last one first."""
        return recent.logins(self.store.paths, self.kind, host)

    @property
    def kind(self) -> str:
        """The dialect that is remembered for."""
        return self._kind or GENERAL

    @property
    def store(self) -> CredentialStore:
        """Beside which it is remembered."""
        if self._store is None:
            from sojourn.client.cache.store import CredentialStore

            self._store = CredentialStore()
        return self._store
