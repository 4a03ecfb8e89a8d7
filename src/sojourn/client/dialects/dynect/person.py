"""A person at DynECT: their password gets a token and is not kept, so that they are asked again when it ends. The
dialect's users make it; below it is the plugin."""

from __future__ import annotations

from typing import Any

from sojourn.client.credential import Credential
from sojourn.client.dialects.dynect.plugin import DynectAuth
from sojourn.client.env.contract import Env
from sojourn.errors import InteractionRequired


class DynectPerson(DynectAuth):
    """Renews nothing by itself."""

    grant = "person"

    async def renew(self, env: Env, previous: Credential | None, nonce: str) -> Credential:
        raise InteractionRequired(f"The session of {self.label} has ended.")

    def secrets(self) -> dict[str, Any]:
        return {name: value for name, value in super().secrets().items() if name != "password"}
