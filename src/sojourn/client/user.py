"""A user who is signed in at one service: a person whose credential renews itself and who is asked when it cannot,
or a script with its key. Authenticators and `serialize` make it; below it are the sealed store and, when it is first
used, its dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from sojourn.client.loading import users_of
from sojourn.client.restoring import restored
from sojourn.client.who import Script, Who, who_of
from sojourn.errors import AuthenticationError, ConnectFailure, InteractionRequired

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.claims_renewal import ClaimsRenewal
    from sojourn.client.credential import Credential
    from sojourn.client.env.contract import Env
    from sojourn.client.prompt.contract import Prompt
    from sojourn.client.renewal import RenewingAuth
    from sojourn.client.session import Session


class User:
    """Any number of threads may share one. `account` is where in `store` a person is kept; a script, and a person whose
    store could not be written, are kept nowhere. `made` makes the plugin when it is first used."""

    def __init__(
        self,
        who: Who,
        made: Callable[[], RenewingAuth],
        *,
        store: CredentialStore | None = None,
        account: str | None = None,
        script: Script | None = None,
        session_metadata: object = None,
        prompt: Prompt | None = None,
    ) -> None:
        self.who = who
        self.store = store
        self.account = account
        self.script = script
        self.session_metadata = session_metadata
        self._made = made
        self._prompt = prompt
        self._plugin: RenewingAuth | None = None
        self._entity: Mapping[str, Any] | None = None
        self.claims_renewal: ClaimsRenewal | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self} @ {self.host}>"

    def __str__(self) -> str:
        return self.who.login or self.who.script or "nobody"

    def __getstate__(self) -> NoReturn:
        message = "A User holds tokens and cannot be pickled or copied: use serialize_user."
        raise TypeError(message)

    @property
    def host(self) -> str:
        """Where the user is signed in, with its scheme."""
        return self.who.host

    @property
    def http_proxy(self) -> str | None:
        """The URL of the proxy that the user's sessions go through; None leaves it to the environment."""
        return self.who.http_proxy

    @property
    def login(self) -> str | None:
        """What the person types to sign in; None for scripts."""
        return self.who.login

    @property
    def auth(self) -> RenewingAuth:
        """The user's authentication plugin, for a session's or a request's `auth=`.

        Raises InteractionRequired where the user has been signed out, and what the store raises.
        """
        found = self._plugin
        if found is None:
            # No lock, which a fork could leave taken: of several that threads made at once, one stays.
            found = self.__dict__.setdefault("_first", self._asking(self._made()))
            self._plugin = found
        return found

    def create_session(self, **options: Any) -> Session:  # noqa: ANN401 - the session's own
        """Return a new Session of the user; `options` are those of `Session`.

        A credential that ends in the middle of a call is renewed, by asking the person if nothing else helps, and the
        call is repeated. Raises what `auth` raises.
        """
        from sojourn.client.session import Session

        return Session(**self.session_options(options))

    def session_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a session of the user's, where `options` do not say otherwise."""
        if options.get("cache") and self.who.login is not None and self.account is None:
            message = "This user is kept for this process alone, and cache= would keep a second copy: leave it out."
            raise ValueError(message)
        return {"auth": self.auth, "proxy": self.http_proxy, **options}

    def are_credentials_expired(self) -> bool:
        """Ask the service whether only the person can help now; nobody is asked.

        What renews itself is renewed. A service that cannot be reached counts as expired: nothing can be done with the
        credential now, and `refresh_credentials` says why. A script's never expire.
        """
        if self.who.login is None:
            return False
        try:
            self.run(self._check)
        except (AuthenticationError, InteractionRequired, ConnectFailure):
            return True
        return False

    def refresh_credentials(self) -> None:
        """Get a new credential now: silently, or from the person if nothing else helps.

        Raises AuthenticationCancelled if the person said no, InteractionRequired where none can be asked,
        AuthenticationError, ConnectFailure.
        """
        self.auth.invalidate()
        self.run(self.auth.credential)

    def get_claims_expiration(self) -> float | None:
        """Return when the current credential ends, in seconds since 1970; None where nobody knows. Nobody is asked.

        Raises InteractionRequired where only the person can help, AuthenticationError, ConnectFailure.
        """
        ends = self.current_credential().expires_at
        return None if ends is None else ends / 1000

    def start_claims_renewal(
        self, preemptive_renewal_ratio: float = 0.9, *, interval: float | None = None
    ) -> None:
        """Renew the credential in the background, from now on, when that share of its life is over: no call has to wait
        for it. A session that ends by inactivity, and says no end, is used every hour; `interval`, in seconds, is
        another time for all.

        Nobody is ever asked: where only the person can help it ends, and the next call asks. A script has nothing to
        renew. Whoever drops the user, or `stop_claims_renewal`, ends it.
        """
        from sojourn.client.claims_renewal import ClaimsRenewal

        started = ClaimsRenewal(self, preemptive_renewal_ratio, interval=interval)
        self.stop_claims_renewal()
        if self.who.login is not None:
            self.claims_renewal = started
            started.start()

    def stop_claims_renewal(self) -> None:
        """End what `start_claims_renewal` began."""
        if self.claims_renewal is not None:
            self.claims_renewal.stop()

    def is_claims_renewal_active(self) -> bool:
        """Tell whether the credential is renewed in the background, in this process."""
        return self.claims_renewal is not None and self.claims_renewal.active

    def current_credential(self) -> Credential:
        """Return the credential that serves now, renewed if need be; nobody is asked."""
        found: Credential = self.run(lambda env: self.auth.credential(env, ask=False))
        return found

    def keep_good(self) -> Credential:
        """Return a newer credential before the current one ends, or where nobody knows its end, the same once the
        service took it. Nobody is asked."""
        found: Credential = self.run(self._kept_good)
        return found

    async def _kept_good(self, env: Env) -> Credential:
        held = await self.auth.renew_early(env)
        if held.expires_at is None:
            await self._check(env)
            held = await self.auth.credential(env, ask=False)
        return held

    def resolve_entity(self) -> Mapping[str, Any]:
        """Return `type` and `id` of what the user is at the service, which is asked once. Raises CredentialError."""
        if self._entity is None:
            self._entity = self.run(lambda env: users_of(self.who.kind).entity(env, self.auth))
        return self._entity

    def run(self, work: Callable[[Env], Any]) -> Any:  # noqa: ANN401 - what `work` returns
        """Run one piece of the client's logic for the user, through the user's proxy."""
        from sojourn.client.running import run

        return run(work, proxy=self.http_proxy, connection=self.auth.connection())

    async def _check(self, env: Env) -> None:
        dialect = users_of(self.who.kind)
        credential = await self.auth.credential(env, ask=False)
        try:
            await dialect.check(env, self.auth, credential)
        except AuthenticationError:
            self.auth.invalidate()
            await dialect.check(env, self.auth, await self.auth.credential(env, ask=False))

    def _asking(self, plugin: RenewingAuth) -> RenewingAuth:
        if self.who.login is not None:
            from sojourn.client.asker import Asker

            plugin.asker = Asker(self.who, self._prompt)
        return plugin


def of_record(
    record: Mapping[str, Any],
    *,
    store: CredentialStore,
    account: str | None = None,
    http_proxy: str | None = None,
    prompt: Prompt | None = None,
) -> User:
    """Return the user that a record describes; without `account` they are kept for this process alone."""
    return User(
        who_of(record)._replace(http_proxy=http_proxy),
        lambda: restored(record, store=store if account else None, account=account),
        store=store,
        account=account,
        session_metadata=record.get("session_metadata"),
        prompt=prompt,
    )


def of_script(who: Who, script: Script, *, store: CredentialStore | None) -> User:
    """Return the user of a program."""

    def made() -> RenewingAuth:
        return users_of(who.kind).script(who.host, script.name, script.key, script.options)

    return User(who, made, store=store, script=script)
