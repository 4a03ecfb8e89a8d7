"""Authenticator and user for event loops: what asks a server, the disk or a person runs in a thread. Below it are the
same authenticator and the same user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sojourn.client.authenticator import Authenticator
from sojourn.client.env.suspending import in_thread
from sojourn.client.loading import GENERAL
from sojourn.client.user import User

if TYPE_CHECKING:
    from sojourn.client.cache.store import CredentialStore
    from sojourn.client.defaults import DefaultsManager
    from sojourn.client.prompt.contract import Prompt
    from sojourn.client.session import AsyncSession


class AsyncUser:
    """A user for event loops. `facts` is the same user for threads."""

    def __init__(self, facts: User) -> None:
        self.facts = facts
        self.host = facts.host
        self.http_proxy = facts.http_proxy
        self.login = facts.login

    def __repr__(self) -> str:
        return f"<Async{repr(self.facts)[1:]}"

    def __str__(self) -> str:
        return str(self.facts)

    async def create_session(self, **options: Any) -> AsyncSession:  # noqa: ANN401 - the session's own
        """Return a new AsyncSession of the user: see `User.create_session`."""
        from sojourn.client.session import AsyncSession

        return AsyncSession(**await in_thread(self.facts.session_options, options))

    async def are_credentials_expired(self) -> bool:
        """Ask the service whether only the person can help now: see `User.are_credentials_expired`."""
        return await in_thread(self.facts.are_credentials_expired)

    async def refresh_credentials(self) -> None:
        """Get a new credential now: see `User.refresh_credentials`."""
        await in_thread(self.facts.refresh_credentials)

    async def get_claims_expiration(self) -> float | None:
        """Return when the current credential ends: see `User.get_claims_expiration`."""
        return await in_thread(self.facts.get_claims_expiration)

    def start_claims_renewal(
        self, preemptive_renewal_ratio: float = 0.9, *, interval: float | None = None
    ) -> None:
        """Renew the credential in the background: see `User.start_claims_renewal`."""
        self.facts.start_claims_renewal(preemptive_renewal_ratio, interval=interval)

    def stop_claims_renewal(self) -> None:
        """End what `start_claims_renewal` began."""
        self.facts.stop_claims_renewal()

    def is_claims_renewal_active(self) -> bool:
        """Tell whether the credential is renewed in the background."""
        return self.facts.is_claims_renewal_active()

    async def resolve_entity(self) -> Mapping[str, Any]:
        """Return `type` and `id` of what the user is at the service."""
        return await in_thread(self.facts.resolve_entity)

    async def serialize(self, **options: Any) -> str:  # noqa: ANN401 - those of `serialize_user`
        """Return the user as a text, for this person's other processes or `for_job=`: see `serialize_user`."""
        from sojourn.client.serialize import serialize_user

        return await in_thread(partial(serialize_user, self.facts, **options))

    async def serialize_jobs(self, names: Iterable[str], **options: Any) -> list[str]:  # noqa: ANN401 - its own
        """Return the text of the user for each of many jobs: see `serialize_jobs`."""
        from sojourn.client.jobs import serialize_jobs

        return await in_thread(partial(serialize_jobs, self.facts, names, **options))


class AsyncAuthenticator:
    """Makes users for event loops: see `Authenticator`, whose methods these are."""

    def __init__(
        self,
        defaults_manager: DefaultsManager | None = None,
        *,
        kind: str = GENERAL,
        prompt: Prompt | None = None,
        store: CredentialStore | None = None,
    ) -> None:
        self._authenticator = Authenticator(defaults_manager, kind=kind, prompt=prompt, store=store)

    def __repr__(self) -> str:
        return f"<Async{repr(self._authenticator)[1:]}"

    async def get_user(self) -> AsyncUser:
        """Return the default user, or the one who signs in now."""
        return AsyncUser(await in_thread(self._authenticator.get_user))

    async def get_default_user(self) -> AsyncUser | None:
        """Return the default user, or None."""
        return _wrapped(await in_thread(self._authenticator.get_default_user))

    async def clear_default_user(self) -> AsyncUser | None:
        """Sign the default user out, and return who that was."""
        return _wrapped(await in_thread(self._authenticator.clear_default_user))

    async def get_user_from_prompt(
        self,
        host: str | None = None,
        login: str | None = None,
        http_proxy: str | None = None,
        is_host_fixed: bool | None = None,  # noqa: FBT001 - the page's signature
    ) -> AsyncUser:
        """Return the user who signs in now."""
        work = self._authenticator.get_user_from_prompt
        return AsyncUser(await in_thread(work, host, login, http_proxy, is_host_fixed))

    async def create_session_user(  # noqa: PLR0917 - the page's signature
        self,
        login: str,
        session_token: str | None = None,
        password: str | None = None,
        host: str | None = None,
        http_proxy: str | None = None,
        session_metadata: object = None,
    ) -> AsyncUser:
        """Return a person's user, by password, by token or as stored."""
        work = partial(self._authenticator.create_session_user, login, session_token, password)
        return AsyncUser(await in_thread(work, host, http_proxy, session_metadata))

    async def create_script_user(
        self,
        api_script: str,
        api_key: str,
        host: str | None = None,
        http_proxy: str | None = None,
    ) -> AsyncUser:
        """Return the user of a program."""
        work = self._authenticator.create_script_user
        return AsyncUser(await in_thread(work, api_script, api_key, host, http_proxy))

    async def get_default_host(self) -> str | None:
        """Return the host that a user signs in at if none is named, or None."""
        return await in_thread(self._authenticator.get_default_host)

    async def get_default_http_proxy(self) -> str | None:
        """Return the URL of the proxy if none is named, or None."""
        return await in_thread(self._authenticator.get_default_http_proxy)


def _wrapped(user: User | None) -> AsyncUser | None:
    return None if user is None else AsyncUser(user)
