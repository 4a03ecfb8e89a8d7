"""Which DynectSessions a thread has, which accounts are signed in in them, and which is meant where none
is named. The session stands above it; below it are the plugin and the journal.

A thread has one session object for each identity (customer, user, API). What a `with` block makes current
is bound to the context, so that neither threads nor tasks see each other's.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, Self

from sojourn.client.dialects.dynect.calls import signed_in
from sojourn.client.dialects.dynect.errors import (
    AmbiguousAccount,
    DynectAuthError,
    NoSuchAccount,
    caught,
)
from sojourn.client.dialects.dynect.journal import MASK, Journal, JournalEntry, entry
from sojourn.client.dialects.dynect.plugin import DynectAuth
from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Timeout
from sojourn.driver import drive
from sojourn.errors import ConnectFailure, SojournError
from sojourn.wire import dynect

_log = logging.getLogger("sojourn.client.dynect")

_SOON: Final = Timeout(2.0, 3.0)
"""What a sign-out that nobody waits for may take: five seconds in all."""


class Identity(NamedTuple):
    """Who, at which API."""

    customer: str
    username: str
    url: str


class AccountName(str):
    """A user name that knows its `customer`, and the `id` that no two open accounts share."""

    __slots__ = ("customer", "id")
    customer: str
    id: str

    def __new__(cls, identity: Identity) -> Self:
        name = super().__new__(cls, identity.username)
        name.customer = identity.customer
        name.id = f"{identity.customer}/{identity.username} at {identity.url}"
        return name

    def __eq__(self, other: object) -> bool:
        if isinstance(other, AccountName):
            return self.id == other.id
        return str.__eq__(self, other) if isinstance(other, str) else NotImplemented

    __hash__ = str.__hash__


class Login:
    """One open account: its plugin, and the journal of the session that uses it."""

    def __init__(self, identity: Identity, auth: DynectAuth, now: Callable[[], int]) -> None:
        self.identity = identity
        self.name = AccountName(identity)
        self.journal: Journal | None = None
        self._now = now
        self.take(auth, None)

    def take(self, auth: DynectAuth, signed_in: JournalEntry | None) -> None:
        """Use `auth` from now on, whose sign-in was noted as `signed_in`."""
        auth.observer = self.note
        self.auth = auth
        self.signed_in = signed_in

    def note(self, path: str, method: str, arguments: Mapping[str, Any], status: str) -> None:
        """Write a call into the journal; the latest sign-in is remembered without one too."""
        signs_in = (path, method) == (dynect.SESSION, "POST")
        if self.journal is None and not signs_in:
            return
        one = entry(path, method, arguments, status=status, now=self._now())
        if signs_in:
            self.signed_in = one
        if self.journal is not None:
            self.journal.add(one)

    def sign_in(self, env: Env, *, budget: float) -> None:
        """Sign in where no token is held; a limit is waited out for at most `budget` seconds. Raises
        DynectAuthError, also where nobody answers, and DynectRateLimited."""
        try:
            drive(signed_in(env, self.auth, budget=budget))
        except ConnectFailure as cause:
            raise caught(DynectAuthError)("Unable to access the API host") from cause

    def sign_out(self, env: Env) -> None:
        """End the session at the server. Raises DynectAuthError, ConnectFailure, Malformed."""
        drive(self.auth.sign_out(env))

    def sign_out_softly(self, env: Env) -> None:
        """End the session at the server, in five seconds or not at all."""
        try:
            drive(self.auth.sign_out(env, within=_SOON))
        except SojournError as error:
            _log.warning("%s was not signed out at the server: %s", self.name.id, error)

    def described(self) -> dict[str, str | None]:
        """Return the account as the pages show it, without its secrets."""
        return {
            "user_name": self.identity.username,
            "password": MASK,
            "customer_name": self.identity.customer,
            "token": MASK if self.auth.held else None,
        }


class OpenSessions(list[dict[str, Any]]):
    """The open accounts as a list of mappings; called, it gives them by user name."""

    def __init__(self, logins: Mapping[Identity, Login]) -> None:
        super().__init__(login.described() for login in logins.values())
        self._named = {login.name: login.described() for login in logins.values()}

    def __call__(self) -> SessionsByName:
        """Return the accounts by name."""
        return SessionsByName(self._named)


class SessionsByName(Mapping[str, dict[str, Any]]):
    """The open accounts by user name. Its keys know their customers; a plain name that several
    customers have raises AmbiguousAccount."""

    def __init__(self, named: Mapping[AccountName, dict[str, Any]]) -> None:
        self._named = named

    def __iter__(self) -> Iterator[AccountName]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __getitem__(self, name: str) -> dict[str, Any]:
        found = [one for one in self._named if one == name]
        if not found:
            raise KeyError(name)
        if len(found) > 1:
            raise _ambiguous(name, found)
        return self._named[found[0]]

    def __repr__(self) -> str:
        return repr(self._named)


class Registry:
    """What one thread has open. Its objects may be passed to other threads, hence the lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.logins: dict[Identity, Login] = {}
        self.sessions: dict[tuple[type, Identity], Any] = {}
        self.current: Any = None

    def found(self, username: str, customer: str | None) -> Login:
        """Return the open account that is meant; raises NoSuchAccount and AmbiguousAccount."""
        if customer is None and isinstance(username, AccountName):
            found = [login for login in self.logins.values() if login.name == username]
        else:
            found = [
                login
                for login in self.logins.values()
                if login.identity.username == username
                and customer in (None, login.identity.customer)
            ]
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(username, [login.name for login in found])
        of = f" of customer {customer}" if customer else ""
        raise NoSuchAccount(f"No open sessions for user {username}{of}")

    def forget(self, login: Login) -> None:
        """Drop an account, and the session objects that were made for it."""
        self.logins.pop(login.identity, None)
        for session in [one for key, one in self.sessions.items() if key[1] == login.identity]:
            self.leave(session)

    def leave(self, session: object) -> None:
        """Drop a session object; its accounts stay."""
        self.sessions = {key: one for key, one in self.sessions.items() if one is not session}
        if self.current is session:
            self.current = None


class _Threads(threading.local):
    def __init__(self) -> None:
        self.registry = Registry()


_threads: Final = _Threads()
_used: ContextVar[tuple[object, ...]] = ContextVar("sojourn_dynect", default=())


def of_this_thread() -> Registry:
    """Return what the calling thread has open."""
    return _threads.registry


def current() -> object:
    """Return the session of the innermost `with` block, else the thread's, else None."""
    used = _used.get()
    return used[-1] if used else of_this_thread().current


def enter(session: object) -> tuple[object, ...]:
    """Make `session` current in this context; returns what `leave` takes back."""
    before = _used.get()
    _used.set((*before, session))
    return before


def leave(before: tuple[object, ...]) -> None:
    """Make current what was so before `enter`."""
    _used.set(before)


def _ambiguous(name: str, found: list[AccountName]) -> AmbiguousAccount:
    customers = ", ".join(one.customer for one in found)
    return AmbiguousAccount(
        f"Several customers have a user {str(name)!r}: {customers}. Say which customer."
    )
