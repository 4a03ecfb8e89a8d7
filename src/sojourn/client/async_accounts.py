"""The accounts for event loops: what asks a server, the disk or a person runs in a thread. Below it are the
same accounts, in the same store."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from sojourn.client.account import Account
from sojourn.client.accounts import Accounts, Closed
from sojourn.client.choice import Choice
from sojourn.client.env.suspending import in_thread

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.renewal import RenewingAuth
    from sojourn.client.session import AsyncSession
    from sojourn.client.transport.tls import Cert, Verify


class AsyncAccount:
    """One signed-in account. `facts` is the account as it was read: its name, user, issuer, scope."""

    def __init__(self, facts: Account) -> None:
        self.facts = facts
        self.id = facts.id
        self.name = facts.name

    def __repr__(self) -> str:
        return f"<AsyncAccount {self.name}>"

    async def token(self, *, silent: bool = True) -> str:
        """Return a good access token: see `Account.token`."""
        return await in_thread(partial(self.facts.token, silent=silent))

    async def whoami(self) -> dict[str, Any]:
        """Return who the provider says the person is: see `Account.whoami`."""
        return await in_thread(self.facts.whoami)

    def auth(self, *, interactive: bool = False) -> RenewingAuth:
        """Return the authentication plugin of this account, for `AsyncSession(auth=...)`."""
        return self.facts.auth(interactive=interactive)


class AsyncAccounts:
    """The accounts of one person on this machine: see `Accounts`, whose methods these are."""

    def __init__(self, store: CredentialStore | None = None) -> None:
        self._accounts = Accounts(store)
        self._sessions: dict[str, AsyncSession] = {}

    def __repr__(self) -> str:
        return f"<Async{repr(self._accounts)[1:]}"

    async def readable(self) -> tuple[list[AsyncAccount], list[str]]:
        """Return the accounts by name, and one line of text for each that cannot be read."""
        found, problems = await in_thread(self._accounts.readable)
        return [AsyncAccount(one) for one in found], problems

    async def get(self, name: str | None = None) -> AsyncAccount:
        """Return the account called `name`, or the current one."""
        return AsyncAccount(await in_thread(self._accounts.get, name))

    async def explain(self, name: str | None = None) -> Choice:
        """Return what `get` would, and why."""
        return await in_thread(self._accounts.explain, name)

    def use(self, name: str) -> AbstractContextManager[Account]:
        """Make the account called `name` the current one within the `with` block, in this task."""
        return self._accounts.use(name)

    async def choose(self, name: str) -> AsyncAccount:
        """Make the account called `name` the current one of the profile, from now on."""
        return AsyncAccount(await in_thread(self._accounts.choose, name))

    async def login(
        self,
        plugin: RenewingAuth,
        *,
        name: str | None = None,
        verify: Verify | None = None,
        cert: Cert | None = None,
    ) -> AsyncAccount:
        """Sign in with `plugin` and keep the account, sealed; it becomes the current one: see `Accounts.login`."""
        work = partial(self._accounts.login, plugin, name=name, verify=verify, cert=cert)
        return AsyncAccount(await in_thread(work))

    async def open(self, name: str | None = None, *, session: AsyncSession) -> AsyncAccount:
        """Make `session` the open session of an account, signed in if need be."""
        account = await in_thread(self._accounts.bound, session, name)
        self._sessions[account.id] = session
        return AsyncAccount(account)

    async def session(self, name: str | None = None) -> AsyncSession:
        """Return the open session of the account called `name`, or of the current one."""
        account = await in_thread(self._accounts.get, name)
        found = self._sessions.get(account.id)
        if found is None:
            from sojourn.client.session import AsyncSession

            found = self._sessions.setdefault(account.id, AsyncSession(auth=account.auth()))
        return found

    async def close(self, name: str | None = None, *, force: bool = False) -> Closed:
        """Sign the account out: revoke its tokens at the provider, then forget it here."""
        account = await in_thread(self._accounts.get, name)
        closed = await in_thread(partial(self._accounts.close, account.id, force=force))
        session = self._sessions.pop(account.id, None)
        if session is not None:
            await session.close()
        return closed
