"""The plugin, and its options."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sojourn.client.credential import Credential, next_generation
from sojourn.client.env.contract import Env
from sojourn.client.loading import Loader, Option
from sojourn.client.renewal import RenewingAuth
from sojourn.client.transport.contract import Fields, Request
from sojourn.errors import AuthenticationError


class Turnstile(RenewingAuth):
    """Shows a pass, which the key gets anew."""

    kind = "turnstile"

    def __init__(self, url: str, key: str, **kept: Any) -> None:
        super().__init__(**kept)
        self.url, self.key = url, key

    def identity(self, user: str | None = None) -> tuple[str, ...]:
        return self.url, user or ""

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        answer = await env.send(Request("POST", f"{self.url}/pass", content=self.key.encode()))
        if answer.status != 200:
            raise AuthenticationError(f"{self.url} does not take the key.")
        said, now = json.loads(answer.content), env.now()
        generation = next_generation(previous, now)
        return Credential(generation, said["pass"], now, expires_at=now + 3_600_000)

    def _shown(self, credential: Credential) -> Fields:
        return (("X-Pass", credential.access_token),)

    def state(self) -> dict[str, Any]:
        own = {"issuer": self.url, "client_id": "", "grant": "turnstile", "renewable": True}
        return {**own, **super().state()}

    def secrets(self) -> dict[str, Any]:
        return {**super().secrets(), "key": self.key}

    def proof(self) -> Mapping[str, Any]:  # type: ignore[override]
        return {"key": self.key}


LOADER = Loader(
    "turnstile",
    Turnstile,
    (
        Option("url", "where the turnstile is", required=True),
        Option("key", "the key", required=True, secret=True),
    ),
    environment="TURNSTILE_",
    address="url",
)
