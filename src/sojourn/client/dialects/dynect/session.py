"""DynectSession: the session that users of `dyn` know, over Sojourn's own. One object a thread and
identity, many accounts side by side, permissions, history, jobs. Below it are the open accounts, the
calls, the registry and an HTTP session.
"""

from __future__ import annotations

from inspect import signature
from typing import Any, NoReturn, Self, cast

from sojourn.client.body import Limit
from sojourn.client.dialects.dynect import calls, jobs, registry
from sojourn.client.dialects.dynect.calls import Call, Calls
from sojourn.client.dialects.dynect.journal import JournalEntry
from sojourn.client.dialects.dynect.opened import OpenAccounts
from sojourn.client.dialects.dynect.plugin import CURRENT, HOST
from sojourn.client.dialects.dynect.registry import Identity, Login
from sojourn.client.dialects.dynect.settings import Wanted
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.response import Response
from sojourn.client.session import Session
from sojourn.client.transport.tls import Verify
from sojourn.driver import drive
from sojourn.wire import dynect
from sojourn.wire.dynect import Report


class _OneForEach(type):
    """Makes one object for each thread, class and identity; `__init__` runs once for it."""

    def __call__(cls, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - the constructor's
        given = signature(DynectSession.__init__).bind(None, *args, **options)
        given.apply_defaults()
        wanted = Wanted.of(given.arguments)
        opened = registry.of_this_thread()
        key = (cls, wanted.identity)
        with opened.lock:
            session = opened.sessions.get(key) or super().__call__(*args, **options)
            session._made(wanted)  # noqa: SLF001 - its own class
            opened.sessions[key] = session
        return session


class DynectSession(OpenAccounts, metaclass=_OneForEach):
    """A user's session at DynECT: signed in when made, unless `auto_auth` is False.

    Made again with the same customer, user and API in one thread it is the same object: another
    password signs in anew, `history=True` begins the history. Made for another user it is another
    object, and the first stays open beside it. `host`, `port` and `ssl` say where the API is,
    `proxy_*` which proxy leads there. `key` is refused: what it was for no longer exists.

    timeout       seconds, or (connect, read), of one HTTP request
    verify        as of `sojourn.Session`
    job_timeout   seconds that a slow call may take
    retry_budget  seconds that a call may wait because of limits and blocking tasks
    env           the environment that it sends and waits in, for tests

    Raises DynectAuthError where the sign-in is refused or the API cannot be reached.
    """

    def __init__(
        self,
        customer: str,
        username: str,
        password: str,
        host: str = HOST,
        port: int = 443,
        ssl: bool = True,  # noqa: FBT001, FBT002 - the signature that its users know
        api_version: str = CURRENT,
        auto_auth: bool = True,  # noqa: FBT001, FBT002
        key: str | None = None,
        history: bool = False,  # noqa: FBT001, FBT002
        proxy_host: str | None = None,
        proxy_port: int | None = None,
        proxy_user: str | None = None,
        proxy_pass: str | None = None,
        *,
        timeout: Limit = None,
        verify: Verify = True,
        job_timeout: float = jobs.LIMIT,
        retry_budget: float = calls.BUDGET,
        env: BlockingEnv | None = None,
    ) -> None:
        super().__init__(Wanted.of(locals()))
        self._before: list[tuple[tuple[object, ...], frozenset[Identity]]] = []

    # Of the class ------------------------------------------------------------------------------------------

    @classmethod
    def get_session(cls) -> DynectSession | None:
        """Return the session of the innermost `with` block, else this thread's current one, or None."""
        return cast("DynectSession | None", registry.current())

    @classmethod
    def new_session(cls, *args: Any, **options: Any) -> DynectSession:  # noqa: ANN401 - the constructor's
        """Return a new session, made with the constructor's arguments. The current one is signed out
        at the server, in five seconds or not at all."""
        cls.close_session()
        made: DynectSession = cls(*args, **options)
        return made

    @classmethod
    def close_session(cls) -> DynectSession | None:
        """Sign the current session out at the server, in five seconds or not at all, and forget it.
        Returns it, or None if there was none."""
        session = cls.get_session()
        if session is not None:
            session._close()  # noqa: SLF001 - its own class
        return session

    # Who it is ---------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name of the class."""
        return type(self).__name__

    @property
    def http(self) -> Session:
        """The HTTP session below, with the history that every session has."""
        return self._http

    def __repr__(self) -> str:
        who = f": {self.customer}, {self.username}" if self._login else ""
        return f"<{self.name}>{who}"

    def __getstate__(self) -> NoReturn:
        message = f"{self.name} holds connections and credentials and cannot be pickled or copied."
        raise TypeError(message)

    def __enter__(self) -> Self:
        opened = frozenset(self._registry.logins)
        own = {self._login.identity} if self._login else set()
        self._before.append((registry.enter(self), opened - own))
        return self

    def __exit__(self, *_: object) -> None:
        before, stay = self._before.pop()
        registry.leave(before)
        for login in [*self._registry.logins.values()]:
            if login.identity not in stay:
                self._closed(login)
        self._http.close()

    # Calls -------------------------------------------------------------------------------------------------

    def execute(
        self,
        uri: str,
        method: str,
        args: object = None,
        final: bool = False,  # noqa: FBT001, FBT002 - the signature that its users know
        *,
        timeout: Limit = None,
    ) -> dict[str, Any]:
        """Call the API and return its whole answer: status, data, job_id, msgs.

        `uri` gets a leading `/REST` where it lacks it. `args` is a mapping, or an object whose
        attributes `_x` are the arguments. `final` tries nothing a second time. Raises ValueError for
        another method or uri, else what `calls.Calls.done` raises.
        """
        verb = method.upper()
        if verb not in dynect.METHODS:
            known = ", ".join(dynect.METHODS)
            message = f"{method} is not a valid HTTP method. Please use one of {known}"
            raise ValueError(message)
        call = Call(dynect.path_of(uri), verb, dynect.arguments_of(args), final, timeout)
        login = self._active()
        envelope = drive(self._calls(login).done(call))
        if _is_of_session(call):
            self._session_changed(login, verb, envelope)
        return envelope.members()

    def wait_for_job_to_complete(self, job_id: int, timeout: float | None = None) -> dict[str, Any]:
        """Return the answer of a job, which is asked for until `timeout` seconds (the session's
        `job_timeout`) have passed; then raises DynectQueryTimeout."""
        limit = self._wanted.settings.job_timeout if timeout is None else timeout
        return drive(self._calls(self._active()).job(job_id, limit=limit)).members()

    def user_permissions_report(self, user_name: str | None = None) -> list[str]:
        """Return the names of what `user_name` may do; the active user where none is named."""
        return list(self._allowed(self._active(), user_name))

    @property
    def permissions(self) -> list[str]:
        """The names of what the active user may do, asked for once an account."""
        login, known = self._active(), self._permissions
        if known is None or known[0] is not login:
            known = self._permissions = (login, self._allowed(login, None))
        return list(known[1])

    def update_password(self, new_password: str) -> None:
        """Change the active user's password, here and at DynECT."""
        login = self._active()
        self.execute(dynect.PASSWORD, "PUT", {"password": new_password})
        login.auth.change_password(new_password)

    @property
    def history(self) -> list[JournalEntry] | None:
        """The calls so far, from the sign-in on and at most a thousand: time, uri, method, arguments,
        status. None unless the session was made with `history=True`."""
        return self._journal.entries() if self._journal else None

    # Inside ------------------------------------------------------------------------------------------------

    def _allowed(self, login: Login, user: str | None) -> tuple[str, ...]:
        asked = {"user_name": user or login.identity.username}
        answer = drive(self._calls(login).done(Call(dynect.PERMISSIONS, "POST", asked)))
        return Report.parse(answer.data).allowed

    def _calls(self, login: Login) -> Calls:
        async def send(call: Call) -> Response:
            session_itself = _is_of_session(call)
            return self._http.request(
                f"{login.identity.url}{call.path}",
                call.method,
                json=dict(call.arguments),
                auth=login.auth,
                authenticated=not (session_itself and call.method == "POST"),
                allow_reauth=not session_itself,
                headers={dynect.VERSION_HEADER: self._wanted.settings.api_version},
                timeout=call.timeout,
                raise_exc=False,
            )

        budget, job = self._wanted.settings.retry_budget, self._wanted.settings.job_timeout
        return Calls(self._http.env, send, login.note, budget=budget, job=job)

    def _session_changed(self, login: Login, method: str, envelope: dynect.Envelope) -> None:
        auth = login.auth
        if method == "POST":
            auth.take(dynect.token_of(envelope), now=self._http.env.now())
        elif method == "DELETE":
            auth.invalidate()


def _is_of_session(call: Call) -> bool:
    return call.path.rstrip("/") == dynect.SESSION.rstrip("/")
