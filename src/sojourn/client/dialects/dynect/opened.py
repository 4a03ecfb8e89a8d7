"""The accounts that a DynectSession has open, and which of them is active: signing in, switching, signing
out. The session stands above it; below it are the registry, the plugin and an HTTP session.
"""

from __future__ import annotations

from sojourn.client.dialects.dynect import registry
from sojourn.client.dialects.dynect.journal import MASK, Journal
from sojourn.client.dialects.dynect.plugin import DynectAuth
from sojourn.client.dialects.dynect.registry import Identity, Login, OpenSessions
from sojourn.client.dialects.dynect.settings import Http, Wanted
from sojourn.errors import ConfigurationError, IncompleteCredentials, SojournError


class OpenAccounts:
    """The half of a session that is about who it is."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._http = Http(wanted.settings)
        self._registry = registry.of_this_thread()
        self._login: Login | None = None
        self._journal: Journal | None = None
        self._permissions: tuple[Login, tuple[str, ...]] | None = None

    @property
    def customer(self) -> str | None:
        """The customer of the active account; None where none is active."""
        return self._login.identity.customer if self._login else None

    @property
    def username(self) -> str | None:
        """The user of the active account; None where none is active."""
        return self._login.identity.username if self._login else None

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
