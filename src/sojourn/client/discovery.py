"""What a provider says of itself: its metadata and its keys, fetched when first needed and kept.
Dialects stand above it; below it are the environment and `wire`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sojourn.client.env.contract import Env
from sojourn.client.transport.contract import Request
from sojourn.client.user_agent import PRODUCT
from sojourn.errors import AuthenticationError, ConnectFailure, Malformed, UnknownKey

if TYPE_CHECKING:
    from collections.abc import Collection

    from sojourn.wire.jose import Jwt, KeySet
    from sojourn.wire.oidc import ProviderMetadata

REFETCH_AFTER: Final = 60_000
"""Milliseconds between two fetches because of an unknown `kid`: a stranger's token with an invented
one must not make us hammer."""
METADATA_LIFE: Final = 3_600_000

_HEADERS = (("Accept", "application/json"), ("User-Agent", PRODUCT))


class Provider:
    """One issuer. Any number of threads may share it; at worst a document is fetched twice."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._metadata: tuple[int, ProviderMetadata] | None = None
        self._keys: KeySet | None = None
        self._refetched: int | None = None

    async def metadata(self, env: Env) -> ProviderMetadata:
        """Return the provider's metadata (OpenID Connect Discovery §4), at most an hour old.

        Another issuer inside, or no metadata at all, raises AuthenticationError.
        """
        from sojourn.wire.oidc import ProviderMetadata, check_issuer

        kept = self._metadata
        if kept is not None and env.now() - kept[0] < METADATA_LIFE:
            return kept[1]
        try:
            check_issuer(self.issuer)
            url = f"{self.issuer.removesuffix('/')}/.well-known/openid-configuration"
            found = ProviderMetadata.parse(await self._fetch(env, url), issuer=self.issuer)
        except Malformed as cause:
            text = f"{self.issuer} is not a usable OpenID Provider: {cause.public}"
            raise AuthenticationError(text) from cause
        self._metadata = (env.now(), found)
        return found

    async def endpoint_url(self, env: Env, name: str) -> str:
        """Return the URL of the endpoint that the metadata calls `name`; none raises
        AuthenticationError."""
        url = getattr(await self.metadata(env), name)
        if not url:
            raise AuthenticationError(f"{self.issuer} does not offer a {name}.")
        return str(url)

    async def verified(self, env: Env, token: str, *, algs: Collection[str]) -> Jwt:
        """Return the JWT `token` once its signature is found good; raises Malformed.

        Keys are fetched again for an unknown `kid`, at most once a minute.
        """
        keys = self._keys or await self._key_set(env)
        try:
            return keys.verify(token, algs=algs, typ=None)
        except UnknownKey:
            last = self._refetched
            if last is not None and env.now() - last < REFETCH_AFTER:
                raise
        self._refetched = env.now()
        keys = await self._key_set(env)
        return keys.verify(token, algs=algs, typ=None)

    async def _key_set(self, env: Env) -> KeySet:
        from sojourn.wire.jose import KeySet
        from sojourn.wire.json_text import parse_object

        body = await self._fetch(env, await self.endpoint_url(env, "jwks_uri"))
        found = self._keys = KeySet.load(parse_object(body))
        return found

    async def _fetch(self, env: Env, url: str) -> bytes:
        reply = await env.send(Request("GET", url, _HEADERS))
        if reply.status >= 500:
            raise ConnectFailure(f"{url} answered {reply.status}.", method="GET", url=url)
        if reply.status != 200:
            raise AuthenticationError(
                f"{url} answered {reply.status}: no OpenID Provider is there."
            )
        return reply.content
