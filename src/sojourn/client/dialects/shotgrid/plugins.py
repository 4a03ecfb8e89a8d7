"""The plugins of ShotGrid: a user by password, by a session token that is held already, or through the browser; and a
script by its key. Sessions, accounts and `options` stand above them; below them are the shared plugin, the calls and
the launcher.
"""

from __future__ import annotations

from hashlib import scrypt, sha256
from threading import Event
from typing import TYPE_CHECKING, Any

from sojourn.client.credential import Credential
from sojourn.client.dialects.shotgrid import launcher, rpc
from sojourn.client.dialects.shotgrid.errors import SessionEnded
from sojourn.client.dialects.shotgrid.launcher import Launching, Show
from sojourn.client.dialects.shotgrid.plugin import ShotgridAuth, same, session_of
from sojourn.client.env.contract import Env
from sojourn.client.renewal import SignInEnded
from sojourn.errors import (
    AuthenticationError,
    ConfigurationError,
    IncompleteCredentials,
    InteractionRequired,
    SecondFactorRequired,
)
from sojourn.wire import shotgrid
from sojourn.wire.shotgrid import Caller, RestGrant

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore

_SWITCH = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class ShotgridUser(ShotgridAuth):
    """A person, by login; None while it is not known."""

    entity_type = "HumanUser"
    entity_field = "login"
    login: str | None = None

    @property
    def name(self) -> str | None:
        return self.login

    def adopt(self, credential: Credential) -> None:
        super().adopt(credential)
        if self.login is None and credential.claims.get("sub"):
            self.take(credential.claims["sub"])

    async def by_password(
        self,
        env: Env,
        password: str,
        code: str | None = None,
        previous: Credential | None = None,
    ) -> Credential:
        """Return the session that `password` gets now. Raises AuthenticationError, SecondFactorRequired where a code is
        asked for or was not good, and what `rpc.call` does."""
        caller = Caller(user_login=self.login, user_password=password, auth_token=code)
        results = await rpc.call(env, self.site, "get_session_token", caller)
        return self.made(shotgrid.token_of(results), previous, env.now())

    async def by_browser(self, env: Env, wanted: Launching) -> Credential:
        """Return the session that the person approves in the browser now, and take its login for theirs.

        Raises what `launcher.sign_in` does, and AuthenticationError where somebody else approved.
        """
        approval = await launcher.sign_in(env, self.site, wanted)
        login = approval.login or ""
        if self.login is not None and same(self.login) != same(login):
            raise AuthenticationError(f"{login} approved the sign-in, and it is for {self.login}.")
        self.take(login)
        return self.made(approval.token or "", None, env.now())

    def take(self, login: str) -> None:
        """Take `login` for theirs."""
        self.login = login.strip()
        self.label = self.label or self.login

    async def still(self, env: Env, previous: Credential | None) -> Credential:
        """Return the session again if the site still takes it. Raises SignInEnded if not, and InteractionRequired where
        there is none: only the person can help."""
        if previous is None:
            raise InteractionRequired(f"Nobody is signed in at {self.site} yet.")
        if not previous.access_token:
            raise SignInEnded
        try:
            await self.ask_after(env, session_of(previous))
        except SessionEnded as cause:
            raise SignInEnded from cause
        return self.made(previous.access_token, previous, env.now())


class Password(ShotgridUser):
    """A user by login and password, with `auth_token` where the site asks for a second factor.

    The password is exchanged for a session at once and then forgotten, unless `keep_password`: then it gets the next
    session when one ends, and an account keeps it, sealed. Without a password a person is needed from the start.
    """

    grant = "shotgrid"

    def __init__(
        self,
        host: str,
        login: str,
        password: str | None = None,
        *,
        auth_token: str | None = None,
        keep_password: bool | str = False,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(host, store=store, account=account)
        self.take(_needed(login, "login"))
        self._password = password or None
        self._auth_token = auth_token or None
        self._mark: str | None = None
        self.keep_password = _switch(keep_password)

    @property
    def renewable(self) -> bool:
        return self.keep_password and self._password is not None

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        if self._password is None:
            return await self.still(env, previous)
        try:
            made = await self.by_password(env, self._password, self._auth_token, previous)
        except AuthenticationError as cause:
            again = previous is not None and isinstance(cause, SecondFactorRequired)
            if not again and not self.may_ask():
                raise
            text = f"{self.site} wants more than the password that is held. {cause.public}"
            raise InteractionRequired(text) from cause
        self._auth_token = None  # good for one use
        if not self.keep_password:
            if env.store is not None or self._store is not None:
                self.proof()
            self._password = None
        return made

    def state(self) -> dict[str, Any]:
        return {"keep_password": self.keep_password, **super().state()}

    def secrets(self) -> dict[str, Any]:
        kept = {"password": self._password} if self.renewable else {}
        return {**kept, **super().secrets()}

    def proof(self) -> dict[str, Any]:
        """A password that is not kept is proven by what scrypt makes of it (RFC 7914)."""
        if self.renewable or self._account is not None:
            return super().proof()
        if self._mark is None and self._password is not None:
            self._mark = _mark(self._password, self.identity())
        return {} if self._mark is None else {"mark": self._mark}

    def _tried(self, generation: int) -> tuple[str, ...]:
        return (*super()._tried(generation), self._auth_token or "")


class SessionToken(ShotgridUser):
    """A user by a session token that was got elsewhere. When it ends a person must sign in anew."""

    grant = "shotgrid_token"

    def __init__(
        self,
        host: str,
        login: str,
        token: str | None = None,
        *,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(host, store=store, account=account)
        self.take(_needed(login, "login"))
        self._token = shotgrid.session_token(token) if token else None
        self._mark = sha256(token.encode()).hexdigest() if token else None

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        if self._token is None:
            return await self.still(env, previous)
        made = self.made(self._token, previous, env.now())
        # What a store keeps of the same user is not replaced before the site has taken this one.
        await self.ask_after(env, session_of(made))
        self._token = None
        return made

    def proof(self) -> dict[str, Any]:
        return {} if self._mark is None else {"mark": self._mark}


class AppSession(ShotgridUser):
    """A user who approves in the browser (App Session Launcher), for sites with single sign-on as well.

    `login` is who it must be, if that is known. `show` puts the address before the person, else the terminal does; with
    `interactive=False` nobody is asked.
    """

    grant = "shotgrid_browser"

    def __init__(
        self,
        host: str,
        login: str | None = None,
        *,
        show: Show | None = None,
        cancel: Event | None = None,
        interactive: bool = True,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(host, store=store, account=account)
        if login:
            self.take(login)
        self.wanted = Launching(show=show, cancel=cancel)
        self.interactive = interactive

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        if previous is None and not self.interactive:
            text = f"Nobody is signed in at {self.site} yet."
            raise InteractionRequired(text, ways_out=launcher.WAYS_OUT)
        return await self.still(env, previous)

    async def first(self, env: Env) -> Credential:
        """Return the session that the person approves now."""
        return await self.by_browser(env, self.wanted)

    def may_ask(self) -> bool:
        return super().may_ask() or (self.interactive and launcher.possible(self.wanted.show))

    async def ask(self, env: Env, reason: InteractionRequired) -> Credential:
        if not self.interactive or super().may_ask():
            return await super().ask(env, reason)
        return await self.first(env)


class Script(ShotgridAuth):
    """A script by its name and key, which never end. The key goes with each call of the JSON API; a session is made
    only for attachments."""

    grant = "shotgrid_script"
    entity_type = "ApiUser"
    entity_field = "firstname"

    def __init__(
        self,
        host: str,
        script_name: str,
        api_key: str,
        *,
        store: CredentialStore | None = None,
        account: str | None = None,
    ) -> None:
        super().__init__(host, store=store, account=account)
        self.script_name = _needed(script_name, "script_name")
        self.api_key = _needed(api_key, "api_key")
        self.label = script_name

    @property
    def name(self) -> str:
        return self.script_name

    @property
    def renewable(self) -> bool:
        return True

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        results = await rpc.call(env, self.site, "get_session_token", self._caller())
        return self.made(shotgrid.token_of(results), previous, env.now())

    async def caller(self, env: Env) -> tuple[Caller, int]:
        return self._caller(), 0

    def key(self) -> tuple[str, str]:
        return self.script_name, self.api_key

    def secrets(self) -> dict[str, Any]:
        return {"api_key": self.api_key, **super().secrets()}

    async def _rest_grant(self, env: Env) -> tuple[RestGrant, int]:
        return RestGrant("client_credentials", self.api_key, self.script_name), 0

    def _caller(self) -> Caller:
        return Caller(script_name=self.script_name, script_key=self.api_key)


def _needed(value: str, name: str) -> str:
    if not value or not value.strip():
        raise IncompleteCredentials(f"ShotGrid needs {name}=.")
    return value


def _mark(password: str, of: tuple[str, ...]) -> str:
    salt = sha256("\0".join(of).encode()).digest()
    return scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1).hex()


def _switch(value: bool | str) -> bool:  # noqa: FBT001 - one value of an option
    if isinstance(value, bool):
        return value
    if value.lower() not in _SWITCH:
        raise ConfigurationError(f"keep_password is yes or no, not {value!r}.")
    return _SWITCH[value.lower()]
