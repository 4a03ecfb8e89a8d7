"""Signing keys as administrators see and change them. `desk` stands above it; below it is `services.signing`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from sojourn.errors import ConfigurationError, InvalidRequest
from sojourn.model.key import SigningKeyRecord
from sojourn.server.services.administration import reading
from sojourn.server.services.context import Context
from sojourn.server.services.sessions.tree import Tree
from sojourn.store.contract import Step


class Publish(Struct, tag_field="action", tag="publish", forbid_unknown_fields=True):
    alg: str


class Activate(Struct, tag_field="action", tag="activate", forbid_unknown_fields=True):
    kid: str


class Retire(Struct, tag_field="action", tag="retire", forbid_unknown_fields=True):
    kid: str


Asked = Publish | Activate | Retire

_EVENTS: Final[Mapping[type, str]] = {
    Publish: "signingkey.published",
    Activate: "signingkey.activated",
    Retire: "signingkey.retired",
}


class KeyDesk:
    """The area `keys`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        """All signing keys, oldest first."""
        reading.refuse_unknown(query)
        return {"items": [_shown(key) for key in self._context.signing.listed], "after": None}

    async def act(self, body: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Publish, activate or retire a key; answers with all keys as they are then."""
        asked: Asked = reading.asked(body, Asked)
        signing, now = self._context.signing, self._context.now()
        tree = Tree(self._context)

        def happened(key: str) -> tuple[Step, ...]:
            return tree.events(key, _EVENTS[type(asked)], actor=actor)

        try:
            match asked:
                case Publish():
                    await signing.publish(asked.alg, now=now, happened=happened)
                case Activate():
                    await signing.activate(asked.kid, now=now, happened=happened)
                case Retire():
                    await signing.retire(asked.kid, now=now, happened=happened)
        except ConfigurationError as error:
            raise InvalidRequest(f"{error.public[:1].upper()}{error.public[1:]}.") from error
        return await self.listed({})


def _shown(key: SigningKeyRecord) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "alg": key.alg,
        "status": key.status,
        "created": reading.seconds(key.created),
        "changed": reading.seconds(key.changed),
    }
