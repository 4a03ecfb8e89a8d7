"""A person at Keystone: their password gets a token and is not kept, so that they are asked again when it ends. The
dialect's users make it; below it is the shared plugin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, Unpack

from sojourn.client.credential import Credential
from sojourn.client.dialects.keystone import sign_in
from sojourn.client.dialects.keystone.plugin import KeystoneAuth, SharedOptions
from sojourn.client.env.contract import Env
from sojourn.errors import (
    AuthenticationError,
    InteractionRequired,
    MissingAuthMethods,
    SecondFactorRequired,
)
from sojourn.wire import keystone as wire


class Person(KeystoneAuth):
    """Renews nothing by itself: a token made from a token ends when the first one does."""

    method = "person"

    def __init__(
        self,
        auth_url: str,
        *,
        username: str,
        user_domain_id: str | None = None,
        user_domain_name: str | None = None,
        **shared: Unpack[SharedOptions],
    ) -> None:
        own = {
            "username": username,
            "user_domain_id": user_domain_id,
            "user_domain_name": user_domain_name,
        }
        super().__init__(auth_url, own, shared)
        self.label = username
        self.user()

    async def methods(self, env: Env) -> NoReturn:
        raise InteractionRequired(f"The token of {self.label} at {self.auth_url} has ended.")

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        # The server's id of the user is the same however the name was spelled.
        telling = super().identity(user)
        spelled = ("username=", "user_domain_id=", "user_domain_name=")
        return tuple(one for one in telling if not (user and one.startswith(spelled)))

    async def signed_in(self, env: Env, password: str, code: str | None) -> Credential:
        """Return the credential that the password gets, with the passcode where one is asked for.

        Raises SecondFactorRequired, AuthenticationError, ConnectFailure.
        """
        user = self.user()
        given: Sequence[wire.Method] = [wire.password(user, password)]
        if code is not None:
            given = [*given, wire.totp(user, code)]
        wanted = self.given.get("include_catalog", True)
        try:
            made = await sign_in.token(env, self.auth_url, given, self.scope, catalog=wanted)
        except MissingAuthMethods as error:
            raise _second_factor(error, code) from error
        return self.credential_of(made, None, env.now())


def _second_factor(error: MissingAuthMethods, code: str | None) -> AuthenticationError:
    if code is None and any("totp" in rule for rule in error.required_auth_methods):
        return SecondFactorRequired("Type the passcode of your authenticator.", label="Passcode")
    return error
