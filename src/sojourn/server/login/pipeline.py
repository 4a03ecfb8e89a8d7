"""The pipeline: from a name and a password to an authentication event. Its steps are a table, in order.

Every refusal has one text and one cost, whether the user exists, is disabled, or typed it wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import UNSET, Struct

from sojourn.errors import InvalidRequest, SignInRefused
from sojourn.model.authentication_event import PASSWORD_ACR, AuthenticationEvent
from sojourn.model.credential import MAX_LENGTH, PasswordCredential
from sojourn.model.user import User
from sojourn.server.login.authenticators.password import AMR, Passwords
from sojourn.server.login.throttle import Throttle
from sojourn.server.services.context import Context
from sojourn.server.services.users import Users, normalised


class Attempt(Struct):
    """One try to sign in, and what the steps found on the way."""

    login: str
    password: str
    address: str
    name: str = ""
    begun: bool = False
    user: User | None = None
    credential: PasswordCredential | None = None

    def __repr__(self) -> str:
        return f"Attempt({self.login!r})"


class Proof(Struct, frozen=True):
    """That a person proved who they are, and their user's epoch when they began to."""

    event: AuthenticationEvent
    epoch: int


class Pipeline:
    """Signs people in."""

    def __init__(
        self, context: Context, users: Users, passwords: Passwords, throttle: Throttle
    ) -> None:
        self._context = context
        self._users = users
        self._passwords = passwords
        self._throttle = throttle
        self.steps: Final[tuple[Callable[[Attempt], Awaitable[None]], ...]] = (
            self.name_the_account,
            self.wait_for_the_throttle,
            self.find_the_user,
            self.verify_the_password,
            self.refuse_who_may_not,
            self.renew_the_hash,
        )

    async def sign_in(self, login: str, password: str, *, address: str) -> Proof:
        """That the person behind a form is who they say. Raises SignInRefused or ServerBusy."""
        attempt = Attempt(login, password, address)
        try:
            for step in self.steps:
                await step(attempt)
        finally:
            if attempt.begun:
                self._throttle.end(attempt.name)
        assert attempt.user is not None  # noqa: S101 - verify_the_password refuses without one
        await self._throttle.succeeded(attempt.name)
        event = AuthenticationEvent(
            uid=attempt.user.id, authn_time=self._context.now(), acr=PASSWORD_ACR, amr=AMR
        )
        return Proof(event, attempt.user.epoch)

    async def _refuse(self, attempt: Attempt, why: str) -> None:
        await self._throttle.failed(attempt.name, attempt.address)
        raise SignInRefused(detail=why)

    async def name_the_account(self, attempt: Attempt) -> None:
        """Normalise the login; what cannot be one is counted as it was typed."""
        try:
            attempt.name = normalised(attempt.login)
        except InvalidRequest:
            attempt.name = attempt.login[:MAX_LENGTH]

    async def wait_for_the_throttle(self, attempt: Attempt) -> None:
        await self._throttle.begin(attempt.name, attempt.address)
        attempt.begun = True

    async def find_the_user(self, attempt: Attempt) -> None:
        attempt.user = await self._users.by_login(attempt.login)
        if attempt.user is not None:
            attempt.credential = await self._users.password(attempt.user.id)

    async def verify_the_password(self, attempt: Attempt) -> None:
        """Hash in any case, so that time tells nothing."""
        stored = attempt.credential.hash if attempt.credential is not None else None
        password = attempt.password[: MAX_LENGTH + 1]
        if not await self._passwords.verify(stored, password) or len(password) > MAX_LENGTH:
            await self._refuse(attempt, "wrong name or password")

    async def refuse_who_may_not(self, attempt: Attempt) -> None:
        user = attempt.user
        if user is None or user.status != "active" or user.ended is not UNSET:
            await self._refuse(attempt, "the user is not active")

    async def renew_the_hash(self, attempt: Attempt) -> None:
        old = attempt.credential
        if old is not None and attempt.user is not None and self._passwords.outdated(old.hash):
            fresh = await self._passwords.hash(attempt.password)
            await self._users.rehash(attempt.user.id, old, fresh)
