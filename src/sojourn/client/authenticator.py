"""From nothing to a user: the default one, one from a prompt, one from a password, a token or a script's key. What
most programs call; below it are the defaults, the prompt, the sealed store and the dialects, each by its name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sojourn.client import stored
from sojourn.client.asker import ask
from sojourn.client.cache.store import CredentialStore
from sojourn.client.defaults import DefaultsManager
from sojourn.client.loading import GENERAL, users_of
from sojourn.client.prompt.contract import Answer, Field, Form
from sojourn.client.restoring import kept
from sojourn.client.running import run
from sojourn.client.user import User, of_record, of_script
from sojourn.client.user_dialect import options_of, proxy_url
from sojourn.client.who import Script, Who, who_of
from sojourn.errors import ConfigurationError, IncompleteCredentials, StoreError

if TYPE_CHECKING:
    from sojourn.client.credential import Credential
    from sojourn.client.prompt.contract import Prompt
    from sojourn.client.renewal import RenewingAuth

_log = logging.getLogger("sojourn.client.authenticator")


class _Wanted(NamedTuple):
    """Who signs in, and where."""

    host: str
    login: str
    options: Mapping[str, Any]
    http_proxy: str | None
    session_metadata: object

    def __repr__(self) -> str:
        return f"<_Wanted {self.login} @ {self.host}>"


class Authenticator:
    """Makes users of one dialect, OpenID Connect unless `kind` names another: `keystone`, `dynect`,
    `shotgrid`.

    `defaults_manager` says host, user and proxy where a call does not. `prompt` asks the person; without it whichever
    can reach them does. `store` keeps users, sealed: this person's own one unless another is given.
    """

    def __init__(
        self,
        defaults_manager: DefaultsManager | None = None,
        *,
        kind: str = GENERAL,
        prompt: Prompt | None = None,
        store: CredentialStore | None = None,
    ) -> None:
        self.kind = kind
        self.store = store or CredentialStore()
        self.defaults = defaults_manager or DefaultsManager()
        self.defaults.serve(kind, self.store)
        self._dialect = users_of(kind)
        self._prompt = prompt

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.kind} users in {self.store.paths.data}>"

    # Whoever is there ------------------------------------------------------------------------------------------------

    def get_user(self) -> User:
        """Return the default user; where there is none, the person signs in, and is the default user from then on.

        Raises AuthenticationCancelled if they say no, and InteractionRequired where none can be asked.
        """
        user = self.get_default_user()
        if user is not None:
            return user
        user = self.get_user_from_prompt()
        self._remember(user)
        return user

    def get_default_user(self) -> User | None:
        """Return who the defaults manager says or who signed in last, or None; nobody is asked and no server is.

        Raises IncompleteCredentials where the defaults manager gives half of something.
        """
        given = self.defaults.get_user_credentials()
        if given is not None:
            return self._given(given)
        host, login = self.get_default_host(), self.defaults.get_login()
        if host and login:
            return self._stored(host, login)
        # Whoever signed in with the command line and was not asked for by a program yet.
        return self._of(stored.current(self.store, self.kind, host))

    def clear_default_user(self) -> User | None:
        """Sign the default user out: tokens are revoked at the service where it can be reached, and forgotten here.

        Returns who that was, or None. Until somebody signs in there is no default user then.
        """
        try:
            user = self.get_default_user()
        except IncompleteCredentials:
            return None
        if user is None or user.account is None:
            return None
        from sojourn.client.accounts import Accounts

        Accounts(self.store).close(user.account, force=True)
        self.defaults.forget_login()
        return user

    def get_default_host(self) -> str | None:
        """Return the host that a user signs in at if none is named, or None."""
        host = self.defaults.get_host() or self._dialect.default_host
        return self._dialect.host(host) if host else None

    def get_default_http_proxy(self) -> str | None:
        """Return the URL of the proxy if none is named; None leaves it to the environment."""
        return proxy_url(self.defaults.get_http_proxy())

    def get_user_from_prompt(
        self,
        host: str | None = None,
        login: str | None = None,
        http_proxy: str | None = None,
        is_host_fixed: bool | None = None,  # noqa: FBT001 - the page's signature
    ) -> User:
        """Return the user who signs in now; `host` and `login` are only suggested, unless `is_host_fixed`.

        Raises AuthenticationCancelled if they say no, and InteractionRequired where none can be asked.
        """
        form = self._form(host, login, is_host_fixed=is_host_fixed)

        def attempt(answer: Answer) -> User:
            given = answer._replace(host=answer.host or form.host or "")
            return self._signed_in(self._wanted(given, http_proxy), given)

        return ask(self._prompt, form, attempt)

    # Whoever is named ------------------------------------------------------------------------------------------------

    def create_session_user(  # noqa: PLR0917 - the page's signature
        self,
        login: str,
        session_token: str | None = None,
        password: str | None = None,
        host: str | None = None,
        http_proxy: str | None = None,
        session_metadata: object = None,
    ) -> User:
        """Return a person's user, kept in the store at once.

        A `password` is exchanged for a token now and not kept; without it and without `session_token` it is whoever is
        stored. Raises IncompleteCredentials where there is neither a host nor a token, AuthenticationError and
        ConnectFailure of the exchange.
        """
        where = self._host(host)
        if not password and not session_token:
            found = self._stored(where, login, http_proxy)
            if found is None:
                raise IncompleteCredentials(self._nothing_of(login, where))
            return found
        answer = Answer(where, login, password or "", extra=options_of(session_metadata))
        wanted = self._wanted(answer, http_proxy, session_metadata)
        if session_token:
            return self._holding(wanted, session_token)
        return self._signed_in(wanted, answer)

    def create_script_user(
        self,
        api_script: str,
        api_key: str,
        host: str | None = None,
        http_proxy: str | None = None,
    ) -> User:
        """Return the user of a program: its name or client id, and its key or secret. It is not stored.

        Raises IncompleteCredentials where there is no host or no key.
        """
        if not api_script or not api_key:
            raise IncompleteCredentials("A script needs both a name and a key.")
        where, proxy = self._host(host), self._proxy(http_proxy)
        who = Who(self.kind, where, None, script=api_script, http_proxy=proxy)
        script = Script(api_script, api_key, dict(self.defaults.get_options()))
        return of_script(who, script, store=self.store)

    # How -------------------------------------------------------------------------------------------------------------

    def _given(self, given: Mapping[str, Any]) -> User:
        place = {"host": given.get("host"), "http_proxy": given.get("http_proxy")}
        if given.get("api_script") and given.get("api_key"):
            return self.create_script_user(given["api_script"], given["api_key"], **place)
        if given.get("login"):
            return self.create_session_user(
                given["login"],
                session_token=given.get("session_token"),
                password=given.get("password"),
                session_metadata=given.get("session_metadata"),
                **place,
            )
        raise IncompleteCredentials(
            "The defaults manager gives neither api_script and api_key nor login and password."
        )

    def _stored(self, host: str, login: str, http_proxy: str | None = None) -> User | None:
        options = self.defaults.get_options()
        return self._of(stored.find(self.store, self.kind, host, login, options), http_proxy)

    def _nothing_of(self, login: str, host: str) -> str:
        from sojourn.client.accounts import Accounts

        text = f"Nothing is stored of {login} at {host}: give a password or a session token."
        return " ".join([text, *Accounts(self.store).readable()[1]])

    def _of(self, found: stored.Found | None, http_proxy: str | None = None) -> User | None:
        if found is None:
            return None
        account, record = found
        return of_record(
            record,
            store=self.store,
            account=account,
            http_proxy=self._proxy(http_proxy),
            prompt=self._prompt,
        )

    def _form(self, host: str | None, login: str | None, *, is_host_fixed: bool | None) -> Form:
        defaults = self.defaults
        host = host or self.get_default_host()
        form = self._dialect.form(host, login or defaults.get_login())
        fixed = defaults.is_host_fixed() if is_host_fixed is None else is_host_fixed
        return form._replace(
            host_fixed=bool(fixed and host),
            recent_hosts=defaults.get_recent_hosts(),
            recent_logins=defaults.get_recent_logins(host) if host else (),
            extra=tuple(_prefilled(field, defaults.get_options()) for field in form.extra),
        )

    def _wanted(
        self, answer: Answer, http_proxy: str | None, session_metadata: object = None
    ) -> _Wanted:
        said = {name: value for name, value in answer.extra.items() if value not in (None, "")}
        options = {**self.defaults.get_options(), **said}
        host, proxy = self._host(answer.host), self._proxy(http_proxy)
        return _Wanted(host, answer.login.strip(), options, proxy, session_metadata)

    def _plugin(self, wanted: _Wanted) -> RenewingAuth:
        plugin = self._dialect.plugin(wanted.host, wanted.login, wanted.options)
        plugin.meant_for = self.store
        plugin.connected = kept(wanted.options.get("verify"), wanted.options.get("cert"))
        return plugin

    def _signed_in(self, wanted: _Wanted, answer: Answer) -> User:
        plugin = self._plugin(wanted)
        full = answer._replace(host=wanted.host, login=wanted.login)
        made = run(
            lambda env: self._dialect.sign_in(env, plugin, full),
            proxy=wanted.http_proxy,
            connection=plugin.connection(),
        )
        return self._kept(wanted, plugin, made)

    def _holding(self, wanted: _Wanted, token: str) -> User:
        plugin = self._plugin(wanted)
        made = run(
            lambda env: self._dialect.held(env, plugin, token),
            proxy=wanted.http_proxy,
            connection=plugin.connection(),
        )
        return self._kept(wanted, plugin, made)

    def _kept(self, wanted: _Wanted, plugin: RenewingAuth, credential: Credential) -> User:
        """Write the user to the store at once; where that fails they are not lost, but known to this process alone."""
        from sojourn.client.accounts import Accounts

        plugin.adopt(credential)
        facts = self._dialect.facts(credential, wanted.login)
        record: Mapping[str, Any] = {**plugin.record(), **facts._asdict(), "host": wanted.host}
        if wanted.session_metadata is not None:
            record = {**record, "session_metadata": wanted.session_metadata}
        account = None
        try:
            kept = Accounts(self.store).keep(plugin, record)
            record, account = kept.record, kept.id
        except (StoreError, ConfigurationError) as error:
            _log.warning("%s is signed in for this process only: %s", facts.username, error)
        return User(
            who_of(record)._replace(http_proxy=wanted.http_proxy),
            lambda: plugin,
            store=self.store,
            account=account,
            session_metadata=record.get("session_metadata"),
            prompt=self._prompt,
        )

    def _remember(self, user: User) -> None:
        try:
            self.defaults.set_host(user.host)
            if user.login:
                self.defaults.set_login(user.login)
        except (StoreError, ConfigurationError) as error:
            _log.warning("%s will not be the default user: %s", user, error)

    def _host(self, given: str | None) -> str:
        host = self._dialect.host(given) if given else self.get_default_host()
        if host is None:
            raise IncompleteCredentials(f"Which {self._dialect.service}? No host was given.")
        return host

    def _proxy(self, given: str | None) -> str | None:
        return proxy_url(given) if given else self.get_default_http_proxy()


def _prefilled(field: Field, options: Mapping[str, Any]) -> Field:
    known = options.get(field.name)
    return field._replace(value=known) if isinstance(known, str) else field
