"""The keys that other issuers publish, fetched when first needed and kept: one fetch at a time for each issuer, none
soon after another, whoever asks. `workloads` stands above it; below it is `outbound`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from sojourn.errors import ConnectFailure, Malformed, ServerBusy, UnknownKey
from sojourn.server.services.outbound import Fetch, is_safe
from sojourn.wire import json_text
from sojourn.wire.jose import Jwt, KeySet
from sojourn.wire.oidc import ProviderMetadata

FRESH: Final = 600_000
"""Milliseconds after which keys are fetched again: how long a withdrawn one may still be believed."""
USABLE: Final = 3_600_000
"""Milliseconds for which keys serve although their issuer cannot be reached."""
REFETCH_AFTER: Final = 60_000
"""Milliseconds between two fetches for an unknown `kid`, which any stranger can invent."""
REST: Final = 5_000
"""Milliseconds without a new attempt after a failed one."""
MOST: Final = 1_000
"""Issuers whose keys are kept; beyond that all are forgotten and fetched when they are needed."""


class _Held(Struct, frozen=True):
    """Keys, and when they were read, UTC ms."""

    keys: KeySet
    at: int


class _Issuer:
    """What is known of one issuer."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.held: _Held | None = None
        self.failed_at: int | None = None


class PublishedKeys:
    """The keys of any number of issuers; `at` is this server's own."""

    def __init__(self, at: str, *, now: Callable[[], int], fetch: Fetch) -> None:
        self._at = at
        self._now = now
        self._fetch = fetch
        self._issuers: dict[str, _Issuer] = {}

    async def verified(self, issuer: str, text: str, *, algs: tuple[str, ...]) -> Jwt:
        """Return the JWT `text` once a key of `issuer` is found to have signed it. Only an issuer that an administrator
        named may come here.

        Anything wrong with it raises Malformed, an issuer that cannot be asked for its keys ServerBusy.
        """
        known = self._known(issuer)
        held = known.held
        if held is None or self._is_due(known, held):
            held = await self._renewed(issuer, known, held)
        try:
            return held.keys.verify(text, algs=algs, typ=None)
        except UnknownKey:
            if self._now() - held.at < REFETCH_AFTER:
                raise
        held = await self._renewed(issuer, known, held)
        return held.keys.verify(text, algs=algs, typ=None)

    def _is_due(self, known: _Issuer, held: _Held) -> bool:
        """Whether keys are to be fetched: not while somebody does so, as long as those that are held will do."""
        age = self._now() - held.at
        return age >= USABLE or (age >= FRESH and not known.lock.locked())

    def _known(self, issuer: str) -> _Issuer:
        if issuer not in self._issuers and len(self._issuers) >= MOST:
            self._issuers.clear()
        return self._issuers.setdefault(issuer, _Issuer())

    async def _renewed(self, issuer: str, known: _Issuer, seen: _Held | None) -> _Held:
        """Return a reading newer than `seen`; while none can be had, `seen` itself as long as it is usable."""
        async with known.lock:
            if known.held is not None and known.held is not seen:
                return known.held
            now = self._now()
            try:
                if known.failed_at is not None and 0 <= now - known.failed_at < REST:
                    raise ConnectFailure("the last attempt failed a moment ago")
                known.held = _Held(await self._read(issuer), now)
            except (ConnectFailure, Malformed) as cause:
                known.failed_at = self._now()
                if seen is not None and now - seen.at < USABLE:
                    return seen
                raise _unavailable(issuer, cause) from cause
            known.failed_at = None
            return known.held

    async def _read(self, issuer: str) -> KeySet:
        at = f"{issuer.removesuffix('/')}/.well-known/openid-configuration"
        metadata = ProviderMetadata.parse(await self._got(at), issuer=issuer)
        if not metadata.jwks_uri:
            raise Malformed(f"{issuer} publishes no jwks_uri.")
        return KeySet.load(json_text.parse_object(await self._got(metadata.jwks_uri)))

    async def _got(self, url: str) -> bytes:
        if not is_safe(url, at=self._at):
            raise Malformed(f"{url} is neither https nor on this machine.")
        return await self._fetch(url)


def _unavailable(issuer: str, cause: ConnectFailure | Malformed) -> ServerBusy:
    text = "The issuer of the client's assertion cannot be asked for its keys at the moment."
    return ServerBusy(text, retry_after=REST // 1000, detail=f"{issuer}: {cause.public}")
