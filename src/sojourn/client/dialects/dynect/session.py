"""DynectSession: the session that users of `dyn` know, over Sojourn's own. One object a thread and
identity, many accounts side by side, permissions, history, jobs. Below it are the registry, the calls,
the plugin and an HTTP session.
"""

from __future__ import annotations

from inspect import signature
from typing import Any, NoReturn, Self, cast

from sojourn.client.body import Limit
from sojourn.client.dialects.dynect import calls, jobs, registry
from sojourn.client.dialects.dynect.calls import Call, Calls
from sojourn.client.dialects.dynect.journal import MASK, Journal, JournalEntry
from sojourn.client.dialects.dynect.plugin import CURRENT, HOST, DynectAuth
from sojourn.client.dialects.dynect.registry import Identity, Login, OpenSessions
from sojourn.client.dialects.dynect.settings import Http, Wanted
from sojourn.client.env.blocking import BlockingEnv
from sojourn.client.response import Response
from sojourn.client.session import Session
from sojourn.client.transport.tls import Verify
from sojourn.driver import drive
from sojourn.errors import ConfigurationError, IncompleteCredentials, SojournError
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


class DynectSession(metaclass=_OneForEach):
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
        self._wanted = Wanted.of(locals())
        self._http = Http(self._wanted.settings)
        self._registry = registry.of_this_thread()
        self._login: Login | None = None
        self._journal: Journal | None = None
        self._permissions: tuple[Login, tuple[str, ...]] | None = None
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
    def customer(self) -> str | None:
        """The customer of the active account; None where none is active."""
        return self._login.identity.customer if self._login else None

    @property
    def username(self) -> str | None:
        """The user of the active account; None where none is active."""
        return self._login.identity.username if self._login else None

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

    @property
    def history(self) -> list[JournalEntry] | None:
        """The calls so far, from the sign-in on and at most a thousand: time, uri, method, arguments,
        status. None unless the session was made with `history=True`."""
        return self._journal.entries() if self._journal else None

    # Accounts ----------------------------------------------------------------------------------------------

    @property
    def get_open_sessions(self) -> OpenSessions:
        """The accounts that this thread has open, as a list; called, a mapping by user name."""
        with self._registry.lock:
            return OpenSessions(self._registry.logins)

    @property
    def current_open_session(self) -> dict[str, str | None]:
        """The active account, its secrets masked."""
        token = MASK if self._login and self._login.auth.held else None
        secret = MASK if self._login else None
        return {
            "customer": self.customer,
            "username": self.username,
            "password": secret,
            "token": token,
        }

    def new_user_session(self, customer: str, username: str, password: str) -> None:
        """Sign in another user, who becomes the active one; a sign-in that fails changes nothing."""
        identity = Identity(customer, username, self._wanted.identity.url)
        with self._registry.lock:
            login = self._registered(identity, password)
            self._signed_in(login)
            self._registry.logins[identity] = login
            self._activate(login)

    def set_active_session(self, username: str, customer: str | None = None) -> None:
        """Make an open account the active one; its token is used again. Raises NoSuchAccount, and
        AmbiguousAccount where several customers have a user of that name."""
        with self._registry.lock:
            self._activate(self._registry.found(username, customer))

    def authenticate(self) -> None:
        """Sign the active user in anew; the token held before is signed out at the server."""
        login = self._active()
        login.sign_out_softly(self._http.env)
        self._signed_in(login)

    def update_password(self, new_password: str) -> None:
        """Change the active user's password, here and at DynECT."""
        login = self._active()
        self.execute(dynect.PASSWORD, "PUT", {"password": new_password})
        login.auth.change_password(new_password)

    def log_out_active_session(self) -> None:
        """Sign the active account out. Where one is left that becomes active, where several are left
        none does, and `set_active_session` must say which."""
        login = self._active()
        with self._registry.lock:
            self._registry.forget(login)
            left = [*self._registry.logins.values()]
            self._login = None
            if len(left) == 1:
                self._activate(left[0])
        login.sign_out(self._http.env)

    def log_out(self) -> None:
        """Sign out every account that this thread has open; all are tried before the first failure
        is raised."""
        failed: SojournError | None = None
        others = [*self._registry.sessions.values()]
        for login in [*self._registry.logins.values()]:
            try:
                self._gone(login)
                login.sign_out(self._http.env)
            except SojournError as error:
                failed = failed or error
        for session in (self, *others):
            session._http.close()  # noqa: SLF001 - its own class
        if failed is not None:
            raise failed

    # Inside ------------------------------------------------------------------------------------------------

    def _active(self) -> Login:
        if (
            self._login is not None
            and self._registry.logins.get(self._login.identity) is self._login
        ):
            return self._login
        self._login = None
        raise IncompleteCredentials(
            "No account is active in this session. Choose one with set_active_session, or make a "
            "new DynectSession."
        )

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

    def _made(self, wanted: Wanted) -> None:
        """Become what a constructor call asks for, also the second and later ones."""
        if differing := wanted.settings.differs(self._wanted.settings):
            raise ConfigurationError(
                f"The session of {wanted.identity.username} is open with another "
                f"{', '.join(differing)}. Use new_session, or close it first."
            )
        login = self._registered(wanted.identity, wanted.password)
        if wanted.auto_auth:
            self._signed_in(login)
        self._registry.logins[wanted.identity] = login
        self._activate(login)
        if wanted.history and self._journal is None:
            login.journal = self._journal = Journal(login.signed_in)

    def _registered(self, identity: Identity, password: str) -> Login:
        """Return the open account of `identity`, or one that is not open yet."""
        login = self._registry.logins.get(identity)
        if login is not None and login.auth.has_password(password):
            return login
        settings, env = self._wanted.settings, self._http.env
        auth = DynectAuth(
            *identity[:2], password, url=identity.url, api_version=settings.api_version
        )
        fresh = Login(identity, auth, env.now)
        fresh.journal = self._journal
        if login is None:
            return fresh
        self._signed_in(fresh)
        login.sign_out_softly(env)
        login.take(auth, fresh.signed_in)
        return login

    def _signed_in(self, login: Login) -> None:
        login.sign_in(self._http.env, budget=self._wanted.settings.retry_budget)

    def _activate(self, login: Login) -> None:
        if self._login is not login:
            self._permissions = None
        self._login = login
        login.journal = self._journal
        self._registry.current = self

    def _gone(self, login: Login) -> None:
        with self._registry.lock:
            self._registry.forget(login)
            if self._login is login:
                self._login = self._permissions = None

    def _close(self) -> None:
        if self._login is not None:
            self._closed(self._login)
        with self._registry.lock:
            self._registry.leave(self)
        self._http.close()

    def _closed(self, login: Login) -> None:
        """Forget an account, and sign it out in five seconds or not at all."""
        self._gone(login)
        login.sign_out_softly(self._http.env)


def _is_of_session(call: Call) -> bool:
    return call.path.rstrip("/") == dynect.SESSION.rstrip("/")
