"""A service that opens to newer or stronger sign-ins alone (RFC 9470), and the person who is asked for one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from sojourn import errors
from sojourn.client.credential import Credential
from sojourn.client.dialects.oidc import AuthorizationCode
from tests.client.servers import ok
from tests.client.small_provider import SmallProvider

CHALLENGE = 'Bearer error="insufficient_user_authentication", acr_values="urn:gold urn:silver", max_age="60"'


class Vault(SmallProvider):
    """A provider, and below /vault a service that opens to the tokens in `opens_to` alone."""

    def __init__(self) -> None:
        super().__init__()
        self.opens_to: set[str] = set()
        self.challenge = CHALLENGE
        self.knocks: list[str] = []
        self.knocked = threading.Semaphore(0)

    def answer(self, received):
        if received.path != "/vault":
            return super().answer(received)
        token = received.headers["authorization"].removeprefix("Bearer ")
        self.knocks.append(token)
        self.knocked.release()
        if token in self.opens_to:
            return ok()
        return 401, {"WWW-Authenticate": self.challenge}, b""

    @property
    def door(self) -> str:
        return f"{self.issuer}/vault"


class Ada:
    """Who is asked by a plugin; each answer is a new credential, which opens the vault."""

    def __init__(self, vault: Vault, auth: AuthorizationCode) -> None:
        self.asked: list[errors.InteractionRequired] = []
        self.hold: threading.Event | None = None
        self.is_asked = threading.Event()
        self.says: Exception | None = None
        self.opens = True
        self.acr: Callable[[errors.InteractionRequired], str | None] = lambda _: None
        self._vault = vault
        auth.interactive = True
        auth.ask = self._ask  # type: ignore[method-assign]
        auth.may_ask = lambda: True  # type: ignore[method-assign]

    async def _ask(self, env, reason):
        self.asked.append(reason)
        self.is_asked.set()
        if self.hold is not None:
            assert self.hold.wait(60)
        if self.says is not None:
            raise self.says
        token = f"anew-{len(self.asked)}"
        if self.opens:
            self._vault.opens_to.add(token)
        now, acr = env.now(), self.acr(reason)
        claims = {"sub": "ada", **({"acr": acr} if acr else {})}
        return Credential(
            now, token, now, expires_at=now + 3_600_000, refresh_token="r", claims=claims
        )


@pytest.fixture
def vault(serve):
    vault = Vault()
    return vault.at(serve(vault.answer))
