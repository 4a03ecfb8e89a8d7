"""One signed-in account: who it is, how long it lasts, and its token. `accounts` makes it; below it
are the sealed store and, only when a token must be renewed, the dialects."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import join
from typing import TYPE_CHECKING, Any, Final, NoReturn

from sojourn.client.credential import Credential
from sojourn.client.env.wall_clock import wall_clock
from sojourn.client.keeper import kept_of
from sojourn.client.login_command import login_command
from sojourn.errors import InteractionRequired, KeyBound

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.renewal import RenewingAuth

_REPEATABLE: Final = {
    "client_credentials": "the program's own secret or key",
    "password": "the password that is kept, sealed",
    "token_exchange": "the account that it acts for",
}
"""Grants whose secret is kept with the account, so that they can be made anew at any time."""

_KEPT: Final = "what was signed in with, which is kept, sealed"


class Account:
    """A value read from the store; `expires_at` is UTC milliseconds of the access token, None where
    it is not known."""

    def __init__(self, store: CredentialStore, account: str, record: Mapping[str, Any]) -> None:
        state = record["state"]
        self.id = account
        self.record = record
        self.kind: str = record["kind"]
        self.subject: str | None = record.get("subject")
        self.username: str | None = record.get("username")
        self.issuer: str = state["issuer"]
        self.client_id: str = state["client_id"]
        self.grant: str = state["grant"]
        # A credential that a session cached was never given a name.
        self.name: str = record.get("name") or f"{self.client_id} at {self.issuer}"
        self._credential = kept_of(record).credential
        self._store = store

    def __repr__(self) -> str:
        return f"<Account {self.name}>"

    def __getstate__(self) -> NoReturn:
        message = "An Account holds its tokens and cannot be pickled or copied."
        raise TypeError(message)

    @property
    def scope(self) -> str | None:
        """What was granted, or asked for where the provider does not say."""
        granted = self._credential.scope if self._credential else None
        return granted or self.record["state"].get("scope")

    @property
    def expires_at(self) -> int | None:
        """The end of the access token, in UTC milliseconds."""
        return self._credential.expires_at if self._credential else None

    @property
    def renewable(self) -> bool:
        """Whether a new access token can be had without asking the person."""
        return self._way is not None

    @property
    def _way(self) -> str | None:
        held = self._credential
        if self.record["state"].get("assertion"):
            return "the token that the program's platform gives it"
        if self.grant in _REPEATABLE or self.record["state"].get("renewable"):
            return _REPEATABLE.get(self.grant, _KEPT)
        return "the refresh token" if held is not None and held.refresh_token else None

    @property
    def token_type(self) -> str:
        """How the token is sent: Bearer (RFC 6750), or the header that the service has for it."""
        return self._credential.token_type if self._credential else "Bearer"

    @property
    def again(self) -> str:
        """The command that signs the same account in again; of one that acts for another, that other one."""
        subject = self.record["state"].get("subject_account")
        record = self._store.read(subject) if subject else None
        if record is not None:
            return Account(self._store, subject, record).again
        if self.kind == "oidc":
            return self._login(*(["--dpop"] if self.bound else []))
        from sojourn.client.loading import kind_of

        words = ["sojourn", "login", self.issuer, "--kind", kind_of(self.kind, self.grant)]
        return join([*words, *self._trusting])

    @property
    def _trusting(self) -> tuple[str, ...]:
        """The words of a command that say which authority is trusted, where that is one of its own."""
        verify = self.connection.get("verify")
        return ("--cacert", verify) if isinstance(verify, str) else ()

    def _login(self, *more: str) -> str:
        """The command at a provider of OpenID Connect."""
        state = self.record["state"]
        workload = bool(state.get("assertion"))
        words = login_command(
            self.issuer,
            self.client_id,
            grant="workload" if workload else self.grant,
            scope=state.get("scope"),
            resources=self.resources,
        )
        # `sojourn login --kind` makes bearer tokens, and has no choice.
        return join([*words, *self._trusting, *(() if workload else more)])

    @property
    def resources(self) -> tuple[str, ...]:
        """What the account's tokens are for (RFC 8707); empty: the provider's own endpoints."""
        resource = self.record["state"].get("resource") or ()
        return (resource,) if isinstance(resource, str) else tuple(resource)

    @property
    def credential(self) -> str:
        """Which credential the account sends and how it stays good, for people; nothing secret is in it."""
        held, way = self._credential, self._way
        kept = f"renewed with {way}" if way else "not renewable: a person must sign in when it ends"
        what = f"{held.token_type} token" if held else "no token yet"
        what += " bound to a key" if self.bound else ""
        return f"{what} of {self.client_id}, {self.grant.replace('_', ' ')}, {kept}"

    @property
    def endpoint(self) -> str:
        """The address that the account's token is for, and where that is known from, for people."""
        if self.resources:
            named = ", ".join(self.resources)
            return f"{named} (the resource named at the sign-in; tokens come from {self.issuer})"
        return f"{self.issuer} (where the account signed in; no resource was named)"

    @property
    def connection(self) -> Mapping[str, Any]:
        """`verify` and `cert` of the connections to the service, where they are not the usual ones."""
        from sojourn.client.restoring import connection_of

        return connection_of(self.record)

    @property
    def claims(self) -> Mapping[str, Any]:
        """What the provider said of the person at the sign-in."""
        return self._credential.claims if self._credential else {}

    def token(self, *, silent: bool = True) -> str:
        """Return a good access token, renewed if need be, for whoever sends it as a bearer token.

        With `silent` a person is never asked: InteractionRequired says what to do. A token that is bound to a key
        (DPoP) would be refused without it, and raises KeyBound. Raises CredentialError and ConnectFailure.
        """
        if self.bound:
            raise self._key_bound()
        credential = self.good_credential(silent=silent)
        if credential.key is not None:
            raise self._key_bound()
        return credential.access_token

    def good_credential(self, *, silent: bool = True) -> Credential:
        """Return the credential, renewed if need be; raises as `token` does, save for KeyBound."""
        held = self._credential
        if held is not None and held.fresh(wall_clock()):
            return held
        from sojourn.client.running import run

        plugin = self.auth(interactive=not silent)
        try:
            credential = run(plugin.credential, connection=plugin.connection())
        except InteractionRequired as cause:
            raise InteractionRequired(
                f"The sign-in of {self.name} has ended. Run: {self.again}", detail=str(cause)
            ) from cause
        self._credential = credential
        return credential

    @property
    def bound(self) -> bool:
        """Whether the access token works only with the proof of a key (DPoP), so that it cannot be handed on."""
        return self._credential is not None and self._credential.key is not None

    def _key_bound(self) -> KeyBound:
        return KeyBound(
            f"The token of {self.name} is bound to a key (DPoP) and of no use as a bearer token. Send requests with "
            "`sojourn get` or Session(auth=account.auth()), or sign in for a token to hand on: "
            f"{self._login('--no-dpop')}"
        )

    def auth(self, *, interactive: bool = False) -> RenewingAuth:
        """Return the authentication plugin of this account, for `Session(auth=...)`."""
        from sojourn.client.restoring import restored

        return restored(self.record, store=self._store, account=self.id, interactive=interactive)

    def whoami(self) -> dict[str, Any]:
        """Return who the provider says the person is: asked now, or at sign-in where the token is for a resource."""
        from sojourn.client.loading import accounts_of
        from sojourn.client.running import run

        plugin = self.auth()
        dialect, connection = accounts_of(self.kind), plugin.connection()
        claims: dict[str, Any] = run(
            lambda env: dialect.userinfo(env, plugin), connection=connection
        )
        return claims
