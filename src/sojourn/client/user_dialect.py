"""How users of one dialect sign in: the contract that a dialect fulfils with `USERS` in its module `users`.
`loading` finds it by the dialect's name; the authenticator and the asker stand above it, and name no
dialect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple
from urllib.parse import quote

from sojourn.client.credential import Credential, next_generation
from sojourn.client.env.contract import Env
from sojourn.client.job_order import JobMint
from sojourn.client.prompt.contract import Answer, Form, Way
from sojourn.client.renewal import RenewingAuth
from sojourn.client.url import masked, origin
from sojourn.errors import (
    CredentialError,
    DelegationNotSupported,
    IncompleteCredentials,
    Malformed,
)

METADATA: Final = "session_metadata"
"""The option under which metadata that is no mapping of options reaches a dialect."""


class Facts(NamedTuple):
    """Who signed in. `subject` is the service's own id, `login` what the person types, `username` what they are shown
    as."""

    login: str
    subject: str
    username: str


class UserDialect(ABC):
    """`service` is what people call it; `default_host` is where it is if nobody says; of `ways` the first is offered
    first."""

    service: ClassVar[str]
    default_host: ClassVar[str | None] = None
    ways: ClassVar[tuple[Way, ...]] = (Way.PASSWORD,)

    def host(self, text: str) -> str:
        """Return the one spelling of a host that was typed, with its scheme: https, and http on loopback.

        Raises IncompleteCredentials for what is none.
        """
        typed = text.strip().rstrip("/")
        here = typed.startswith(("localhost", "127.", "[::1]"))
        scheme, _, rest = (
            typed if "://" in typed else f"{'http' if here else 'https'}://{typed}"
        ).partition("://")
        netloc, slash, path = rest.partition("/")
        url = f"{scheme.lower()}://{netloc.lower()}{slash}{path}"
        try:
            origin(url)
        except Malformed as cause:
            raise IncompleteCredentials(f"{masked(text)!r} is not a host. {cause}") from cause
        if "?" in url or "#" in url:
            raise IncompleteCredentials(f"{masked(text)!r} is not a host: it has a query.")
        return url

    def form(self, host: str | None, login: str | None) -> Form:
        """Return what a person is asked; a dialect adds its own labels and questions."""
        return Form(self.service, host=host or self.default_host, login=login, ways=self.ways)

    @abstractmethod
    def plugin(self, host: str, login: str, options: Mapping[str, Any]) -> RenewingAuth:
        """Return the plugin of a person who is not signed in yet and whose password is never kept.

        `options` are what a defaults manager, session metadata and the answers to the form's extra questions say;
        those that the dialect does not know it ignores. The plugin renews itself if it can, and otherwise raises
        InteractionRequired; its module `accounts` restores it from its record.
        """

    @abstractmethod
    async def sign_in(self, env: Env, plugin: RenewingAuth, answer: Answer) -> Credential:
        """Return the credential that `answer` gets at the service.

        Raises AuthenticationError for a refusal, SecondFactorRequired where a code is asked for as well,
        ConnectFailure, IncompleteCredentials. Whoever asks for it makes the credential the current one.
        """

    async def held(self, env: Env, plugin: RenewingAuth, token: str) -> Credential:
        """Return the credential of a token that was got elsewhere."""
        now = env.now()
        return Credential(next_generation(None, now), token, now)

    def facts(self, credential: Credential, login: str) -> Facts:
        """Return who `credential` is, signed in as `login`."""
        return Facts(login, login, login)

    @abstractmethod
    def script(self, host: str, name: str, key: str, options: Mapping[str, Any]) -> RenewingAuth:
        """Return the plugin of a program with its name and key, which it keeps."""

    @abstractmethod
    async def check(self, env: Env, plugin: RenewingAuth, credential: Credential) -> None:
        """Ask the service whether it takes `credential`; AuthenticationError says that it does not."""

    async def jobs(self, env: Env, plugin: RenewingAuth) -> JobMint:
        """Return what gets jobs credentials of their own from the session of `plugin`.

        Raises DelegationNotSupported where the service has nothing of the kind, and what renewing the session raises.
        """
        raise DelegationNotSupported(f"{self.service} has no narrower credentials for jobs.")

    async def entity(self, env: Env, plugin: RenewingAuth) -> Mapping[str, Any]:
        """Return `type` and `id` of what the user is at the service. Raises CredentialError where it does not say."""
        access = await plugin.access(env)
        if access is None or access.user_id is None:
            raise CredentialError(f"{self.service} does not say who the user is.")
        return {"type": "User", "id": access.user_id}


def same_login(one: str | None, other: str | None) -> bool:
    """Tell whether two logins are one: case and blanks around them do not count."""
    return (one or "").strip().casefold() == (other or "").strip().casefold()


def options_of(session_metadata: object) -> Mapping[str, Any]:
    """Return session metadata as options: a mapping is options itself."""
    if session_metadata is None:
        return {}
    if isinstance(session_metadata, Mapping):
        return session_metadata
    return {METADATA: session_metadata}


def proxy_url(text: str | None) -> str | None:
    """Return `user:password@host:port` as a URL: user and password, all before the last @, are encoded and not changed
    otherwise. A URL stays as it is."""
    if not text or "://" in text:
        return text or None
    who, at, where = text.rpartition("@")
    user, colon, password = who.partition(":")
    return f"http://{quote(user, safe='')}{colon}{quote(password, safe='')}{at}{where}"
