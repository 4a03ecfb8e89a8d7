"""Many signed-in accounts, and which of them is meant: argument, `with`, environment, profile, in
this order. The command line stands above it; below it are the sealed store and, only when a token
must be renewed, the dialects."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from sojourn.client import profile
from sojourn.client.account import Account
from sojourn.client.cache.store import CredentialStore
from sojourn.client.choice import (
    ARGUMENT,
    ENVIRONMENT,
    JOB,
    ONLY,
    PROFILE,
    VARIABLE,
    WITH,
    Choice,
    Step,
)
from sojourn.errors import IncompleteCredentials, InteractionRequired, StoreError

if TYPE_CHECKING:
    from sojourn.client.renewal import RenewingAuth
    from sojourn.client.session import AsyncSession, Session
    from sojourn.client.transport.tls import Cert, Verify

_SHORTEST_PREFIX = 4
_AS_A_JOB = (
    f"This process runs as a job ({JOB}): `sojourn get` and deserialize_user send the job's own credential. To act as "
    "the person, who may do more, name the account."
)

# The accounts that `with accounts.use(...)` made current, innermost last, each with its store's
# folder.
_used: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("sojourn_accounts", default=())


class Closed(NamedTuple):
    """What signing out did: `logout_url` ends the browser's session as well, where the provider
    offers that."""

    name: str
    revoked: bool
    logout_url: str | None


class Accounts(Mapping[str, Account]):
    """The accounts of one person on this machine, by id. Reading them asks no server and takes no
    lock."""

    def __init__(self, store: CredentialStore | None = None) -> None:
        self.store = store or CredentialStore()
        self._sessions: dict[str, Session] = {}
        self._bound: dict[str, WeakSet[RenewingAuth]] = {}

    def __repr__(self) -> str:
        return f"<Accounts in {self.store.paths.data}>"

    def __iter__(self) -> Iterator[str]:
        return iter(self.store.ids())

    def __len__(self) -> int:
        return len(self.store.ids())

    def __getitem__(self, account: str) -> Account:
        record = self.store.read(account) if account in self.store.ids() else None
        if record is None:
            raise KeyError(account)
        return Account(self.store, account, record)

    def readable(self) -> tuple[list[Account], list[str]]:
        """Return the accounts by name, and one line of text for each that cannot be read."""
        found: list[Account] = []
        problems: list[str] = []
        for account in self.store.ids():
            try:
                record = self.store.read(account)
            except StoreError as error:
                problems.append(str(error))
            else:
                found += [Account(self.store, account, record)] if record else []
        return sorted(found, key=lambda one: one.name), problems

    def get(self, name: str | None = None) -> Account:  # type: ignore[override]
        """Return the account called `name` (name, id, its beginning, user name or subject), or the
        current one.

        Raises InteractionRequired where nobody is signed in, IncompleteCredentials for a name that
        means none or several, and in a process that runs as a job (SOJOURN_JOB) where none is named.
        """
        return self.explain(name).account

    def explain(self, name: str | None = None) -> Choice:
        """Return what `get` would, and why: the rules that were asked, the credential, the address."""
        silent: list[Step] = []
        for rule, account in self._rules(name):
            if account is not None:
                return Choice(account, rule, (*silent, Step(rule, account.name)))
            silent.append(Step(rule, None))
        only = self._only()
        return Choice(only, ONLY, (*silent, Step(ONLY, only.name)))

    def _rules(self, name: str | None) -> Iterator[tuple[str, Account | None]]:
        """Ask the rules one after the other; those after the first that chooses are not asked."""
        yield ARGUMENT, None if name is None else self._named(name)
        folder = self.store.paths.data
        used = [account for used_folder, account in _used.get() if used_folder == folder]
        yield WITH, self[used[-1]] if used else None
        named = os.environ.get(VARIABLE)
        yield ENVIRONMENT, self._named(named) if named else None
        if os.environ.get(JOB):
            raise IncompleteCredentials(_AS_A_JOB)
        chosen = profile.current(self.store.paths)
        record = self.store.read(chosen) if chosen else None
        yield PROFILE, Account(self.store, chosen, record) if chosen and record else None

    @contextmanager
    def use(self, name: str) -> Iterator[Account]:
        """Make the account called `name` the current one within the `with` block, in this thread or
        task."""
        account = self._named(name)
        before = _used.get()
        _used.set((*before, (self.store.paths.data, account.id)))
        try:
            yield account
        finally:
            _used.set(before)

    def choose(self, name: str) -> Account:
        """Make the account called `name` the current one of the profile, from now on."""
        account = self._named(name)
        profile.choose(self.store.paths, account.id)
        return account

    def login(
        self,
        plugin: RenewingAuth,
        *,
        name: str | None = None,
        verify: Verify | None = None,
        cert: Cert | None = None,
    ) -> Account:
        """Sign in with `plugin` and keep the account, sealed; it becomes the current one.

        For a person `plugin` is `AuthorizationCode(issuer, client_id, ...)`, for a program
        `ClientCredentials(issuer, client_id, client_secret=...)`. `name` is what the account is
        called; else the user's name and the provider's host. Signing in again as the same user at
        the same provider replaces the old credential.

        `verify` and `cert` are those of `Session`, for all connections that the account needs; they are kept with it,
        and whoever uses it has them too. Without them it is what the plugin of an account had already.
        """
        from sojourn.client.loading import accounts_of
        from sojourn.client.restoring import kept
        from sojourn.client.running import run

        plugin.meant_for = self.store
        if said := kept(verify, cert):
            plugin.connected = said
        dialect = accounts_of(plugin.kind)
        record = run(lambda env: dialect.signed_in(env, plugin), connection=plugin.connection())
        account = self.keep(plugin, record, name=name)
        profile.choose(self.store.paths, account.id)
        return account

    def keep(
        self, plugin: RenewingAuth, record: Mapping[str, Any], *, name: str | None = None
    ) -> Account:
        """Keep the account that `record` describes, sealed, and let `plugin` renew what is kept; what an older record
        of the same says beside it stays."""
        from sojourn.client.keeper import kept_of, with_kept

        account = self.store.account_id(plugin.kind, *plugin.identity(record["subject"]))
        with self.store.locked(account):
            old = self._old(account)
            named = {"name": name or old.get("name") or self._free_name(record)}
            whole = with_kept({**old, **record, **named}, kept_of(record))
            self.store.write(account, whole)
        plugin.label = whole["name"]
        self._bind(plugin, account)
        return Account(self.store, account, whole)

    def open(self, name: str | None = None, *, session: Session) -> Account:
        """Make `session`, which has a plugin, the open session of an account, and return the account.

        Where the plugin's user is signed in here already with the same secrets, under `name` if one is
        given, the kept credential is used; otherwise this signs in, as `login` does. From then on the plugin renews
        what is kept. Raises IncompleteCredentials for a `name` that is another account's.
        """
        account = self.bound(session, name)
        self._sessions[account.id] = session
        return account

    def session(self, name: str | None = None) -> Session:
        """Return the open session of the account called `name`, or of the current one; where none is
        open in this process, one is opened."""
        account = self.get(name)
        found = self._sessions.get(account.id)
        if found is None:
            from sojourn.client.session import Session

            found = self._sessions.setdefault(account.id, Session(auth=account.auth()))
        return found

    def bound(self, session: Session | AsyncSession, name: str | None) -> Account:
        """Return the account of the session's plugin, signed in if need be; the plugin renews what is kept."""
        from sojourn.client.keeper import proven
        from sojourn.client.renewal import RenewingAuth

        plugin = session.auth
        if not isinstance(plugin, RenewingAuth):
            raise IncompleteCredentials(
                "The session has no plugin that an account could be kept of: pass auth= to it."
            )
        known = self._known(plugin, name)
        if known is None or not proven(known.record, plugin.proof()):
            verify = None if session.verify is True else session.verify
            return self.login(plugin, name=name, verify=verify, cert=session.cert)
        plugin.restore(known.record["state"], known.record["secrets"])
        self._bind(plugin, known.id)
        plugin.label = known.name
        return known

    def _bind(self, plugin: RenewingAuth, account: str) -> None:
        plugin.bind(self.store, account)
        self._bound.setdefault(account, WeakSet()).add(plugin)

    def _known(self, plugin: RenewingAuth, name: str | None) -> Account | None:
        accounts, _ = self.readable()
        same = [one for one in accounts if one.kind == plugin.kind and _is_of(one, plugin)]
        if name is None:
            return same[0] if len(same) == 1 else None
        named = [one for one in accounts if one.name == name]
        if named and named[0] not in same:
            raise IncompleteCredentials(f"{name!r} is the name of another account.")
        return named[0] if named else None

    def close(self, name: str | None = None, *, force: bool = False) -> Closed:
        """Sign the account out: revoke its tokens at the provider, then forget it here.

        Where the provider cannot be reached this raises and the account stays, unless `force`,
        which forgets it all the same: its tokens then live until they expire.
        """
        from sojourn.client.loading import accounts_of
        from sojourn.client.running import run
        from sojourn.errors import AuthenticationError, ConnectFailure, NotRevocable

        account = self.get(name)
        revoked, logout_url = True, None
        with self.store.locked(account.id):
            record = self.store.read(account.id) or account.record
            try:
                logout_url = run(
                    lambda env: accounts_of(account.kind).signed_out(env, record, store=self.store),
                    connection=account.connection,
                )
            except NotRevocable:
                revoked = False
            except (AuthenticationError, ConnectFailure):
                if not force:
                    raise
                revoked = False
            self.store.remove(account.id)
        for plugin in self._bound.pop(account.id, ()):
            plugin.unbind()
        if (session := self._sessions.pop(account.id, None)) is not None:
            session.close()
        if profile.current(self.store.paths) == account.id:
            profile.choose(self.store.paths, None)
        return Closed(account.name, revoked, logout_url)

    def _named(self, name: str) -> Account:
        accounts, _ = self.readable()
        exact = [one for one in accounts if name in (one.id, one.name)]
        found = exact or [one for one in accounts if _matches(one, name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise IncompleteCredentials(
                f"{name!r} may mean any of: {', '.join(one.name for one in found)}. Say which."
            )
        known = ", ".join(one.name for one in accounts) or "none"
        raise IncompleteCredentials(f"There is no account {name!r}. Known accounts: {known}.")

    def _only(self) -> Account:
        accounts, problems = self.readable()
        if len(accounts) == 1 and not problems:
            return accounts[0]
        if accounts:
            unread = [f"{len(problems)} that cannot be read"] if problems else []
            names = ", ".join([*(one.name for one in accounts), *unread])
            raise IncompleteCredentials(
                f"Several accounts are signed in ({names}) and none is chosen. "
                f"Run `sojourn use NAME` or set {VARIABLE}."
            )
        if problems:
            raise StoreError(problems[0])
        raise InteractionRequired("Nobody is signed in. Run `sojourn login` first.")

    def _old(self, account: str) -> dict[str, Any]:
        try:
            return self.store.read(account) or {}
        except StoreError:
            self.store.set_aside(account)
            return {}

    def _free_name(self, record: Mapping[str, Any]) -> str:
        host = record["state"]["issuer"].partition("//")[2].partition("/")[0]
        wanted = f"{record.get('username') or record['subject']} at {host}"
        taken = {one.name for one in self.readable()[0]}
        number = 2
        name = wanted
        while name in taken:
            name, number = f"{wanted} ({number})", number + 1
        return name


def _is_of(account: Account, plugin: RenewingAuth) -> bool:
    """Tell whether `account` was signed in as `plugin` would."""
    wanted, state = plugin.state(), account.record["state"]
    told = (
        *("issuer", "client_id", "grant", "scope", "resource", "user", "options", "assertion"),
        *("subject_account", "actor_account", "audience", "types"),
    )
    if wanted.get("dpop") not in (None, state.get("dpop", False)):
        return False
    if plugin.subject not in (None, account.subject):
        return False
    return all(wanted.get(name) == state.get(name) for name in told)


def _matches(account: Account, name: str) -> bool:
    if name in (account.username, account.subject):
        return True
    return len(name) >= _SHORTEST_PREFIX and account.id.startswith(name)
