"""A `shotgun_api3` connection that renews itself on every path: calls, forms and attachments. Users of ShotGrid make
it; below it are the plugin and the package `shotgun_api3` (extra `shotgrid`), which sends with its own HTTP, so that a
session's history and retries do not apply.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Any, Final, NoReturn
from weakref import WeakSet
from xmlrpc.client import ProtocolError

from shotgun_api3.shotgun import AuthenticationFault, Shotgun

from sojourn.client.auth import Stamp
from sojourn.client.dialects.shotgrid.plugin import ShotgridAuth
from sojourn.client.dialects.shotgrid.rpc import is_sign_in
from sojourn.client.env.contract import Env
from sojourn.driver import drive
from sojourn.wire.masking import MASK, masked

TIMEOUT: Final = 60.0
"""Seconds that the package waits for the next piece of an answer; its own default is for ever."""

_BODIES: Final = ("Request body is ", "Response body is ")


def _without_secrets(record: logging.LogRecord) -> bool:
    """The package logs whole requests, passwords and keys included."""
    said = record.getMessage()
    body = next((begin for begin in _BODIES if said.startswith(begin)), None)
    record.msg, record.args = f"{body}{MASK}" if body else masked(said), None
    return True


logging.getLogger("shotgun_api3").addFilter(_without_secrets)


class _Socket:
    """The connection of one thread of one process, closed when the thread ends."""

    def __init__(self, http: Any) -> None:  # noqa: ANN401 - the package's
        self.http = http
        self.process = os.getpid()

    def close(self) -> None:
        for one in self.http.connections.values():
            one.close()
        self.http.connections.clear()

    __del__ = close


class Connection(Shotgun):
    """One user's connection. Any number of threads may share it: each has its own socket.

    Where a session has ended, the call that notices renews it and is sent once more. Forms and downloads cannot be sent
    again, so before one the site is asked whether a session that was not used for five minutes still is one.

    Raises what `shotgun_api3` does, and CredentialError where the session cannot be renewed.
    """

    def __init__(
        self,
        auth: ShotgridAuth,
        env: Env,
        *,
        http_proxy: str | None = None,
        connect: bool = False,
        closed: Callable[[], None] | None = None,
    ) -> None:
        self._auth = auth
        self._env = env
        self._closed = closed
        self._own = threading.local()
        self._lock = threading.Lock()
        self._sockets: WeakSet[_Socket] = WeakSet()
        super().__init__(auth.site, http_proxy=http_proxy, connect=False)
        self.config.timeout_secs = TIMEOUT
        self.config.script_name, self.config.api_key = auth.key()
        if connect:
            _ = self.server_caps

    def __getstate__(self) -> NoReturn:
        message = "A connection holds sockets and credentials and cannot be pickled or copied."
        raise TypeError(message)

    @property
    def _connection(self) -> Any:  # noqa: ANN401 - the package's
        """This thread's; what a forked process inherits is its parent's."""
        socket: _Socket | None = getattr(self._own, "socket", None)
        return socket.http if socket is not None and socket.process == os.getpid() else None

    @_connection.setter
    def _connection(self, connection: Any) -> None:  # noqa: ANN401
        self._own.socket = None if connection is None else _Socket(connection)
        if connection is not None:
            with self._lock:
                self._sockets.add(self._own.socket)

    def close(self) -> None:
        """Close the sockets of all threads; they open again when they are needed."""
        with self._lock:
            sockets = [*self._sockets]
        for socket in sockets:
            socket.close()
        if self._closed is not None:
            self._closed()

    def _get_connection(self) -> Any:  # noqa: ANN401
        connection = super()._get_connection()
        connection.follow_redirects = False  # the body holds the credential
        return connection

    def get_session_token(self) -> str:
        """Return a session token that the site took within the last five minutes."""
        token = self._recent()
        self.config.session_token = token
        return token

    def _recent(self) -> str:
        return drive(self._auth.recent(self._env)).access_token

    def _send_form(self, url: str, params: dict[str, Any]) -> str:
        if not self.config.script_name:
            self._recent()
        sent: str = super()._send_form(url, params)
        return sent

    def _auth_params(self) -> dict[str, Any]:
        self._own.generation = None
        if self.config.user_login:  # somebody else's password is judged (authenticate_human_user)
            return dict(super()._auth_params())
        caller, generation = drive(self._auth.caller(self._env))
        token = caller.session_token
        if token is None:
            return dict(super()._auth_params())
        self.config.session_token = token
        params = {**super()._auth_params(), "session_token": token}
        self._own.generation = generation
        return params

    def _call_rpc(
        self,
        method: str,
        params: Any,  # noqa: ANN401 - the package's signature
        include_auth_params: bool = True,  # noqa: FBT001, FBT002
        first: bool = False,  # noqa: FBT001, FBT002
    ) -> Any:  # noqa: ANN401
        self._own.generation = None
        try:
            found = super()._call_rpc(method, params, include_auth_params, first)
        except (AuthenticationFault, ProtocolError) as fault:
            generation = self._own.generation
            if generation is None or not _ended(fault):
                raise
            self._auth.invalidate(Stamp((), generation))
        else:
            self._seen()
            return found
        found = super()._call_rpc(method, params, include_auth_params, first)
        self._seen()
        return found

    def _seen(self) -> None:
        if self._own.generation is not None:
            self._auth.seen(self._own.generation, self._env.now())


def _ended(fault: AuthenticationFault | ProtocolError) -> bool:
    if isinstance(fault, AuthenticationFault):
        return True
    headers = {name.lower(): value for name, value in dict(fault.headers).items()}
    return is_sign_in(fault.errcode, headers.get("location"))
