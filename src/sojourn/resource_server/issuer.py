"""What the issuer publishes, fetched when first needed and kept: its metadata and its keys. The verifier and the
introspection stand above it; below it are the environment and `wire`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct

from sojourn.errors import Malformed, RequestError, ServerBusy, UnknownKey
from sojourn.resource_server.contract import Env, Reply, Request
from sojourn.version import __version__
from sojourn.wire import json_text
from sojourn.wire.jose import Jwt, KeySet
from sojourn.wire.oidc import ProviderMetadata

FRESH: Final = 600_000
"""Milliseconds after which a document is fetched again: how long a withdrawn key may still be believed."""
USABLE: Final = 3_600_000
"""Milliseconds for which a document is used although the issuer cannot be reached to renew it."""
REST: Final = 5_000
"""Milliseconds without a new attempt after a failed one: an issuer in trouble is not hammered."""
REFETCH_AFTER: Final = 60_000
"""Milliseconds between two fetches of the keys for an unknown `kid`, which any stranger can invent."""

PRODUCT: Final = ("User-Agent", f"sojourn-resource-server/{__version__}")
_ACCEPT = ("Accept", "application/json")

T = TypeVar("T")


class Held(Struct, Generic[T], frozen=True):
    """One reading of a document and when it was made, UTC milliseconds."""

    value: T
    at: int


class Document(Generic[T]):
    """A document that `fetch` reads: one fetch at a time, none soon after a failure."""

    def __init__(self, name: str, fetch: Callable[[Env], Coroutine[Any, Any, T]]) -> None:
        self._name = name
        self._fetch = fetch
        self._held: Held[T] | None = None
        self._failed_at: int | None = None
        self._fetching = False

    async def get(self, env: Env) -> Held[T]:
        """Return a reading younger than FRESH; one younger than USABLE while no better can be had.

        Where there is none, ServerBusy.
        """
        held = self._held
        age = None if held is None else env.now() - held.at
        if held is None or age is None or age >= USABLE:
            return await self.renewed(env, held)
        if age < FRESH or self._fetching:
            return held
        try:
            return await self.renewed(env, held)
        except ServerBusy:
            return held

    async def renewed(self, env: Env, seen: Held[T] | None) -> Held[T]:
        """Return a reading newer than `seen`, or raise ServerBusy."""

        async def work() -> Held[T]:
            if self._held is not None and self._held is not seen:
                return self._held
            return await self._attempt(env)

        return await env.once(self._name, work)

    async def _attempt(self, env: Env) -> Held[T]:
        started = env.now()
        if self._failed_at is not None and started - self._failed_at < REST:
            raise unavailable("the last attempt failed a moment ago")
        self._fetching = True
        try:
            self._held = Held(await self._fetch(env), started)
        except ServerBusy:
            self._failed_at = env.now()
            raise
        finally:
            self._fetching = False
        self._failed_at = None
        return self._held


class Issuer:
    """One issuer, shared by any number of threads and tasks."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._metadata = Document("metadata", self._fetch_metadata)
        self._keys = Document("keys", self._fetch_keys)

    async def verified(self, env: Env, token: str, *, algs: Collection[str]) -> Jwt:
        """Return the signed access token `token` (`at+jwt`, RFC 9068 §2.1) once its signature is found good.

        Anything wrong with it raises Malformed, an issuer that cannot be asked for its keys ServerBusy.
        """
        held = await self._keys.get(env)
        try:
            return held.value.verify(token, algs=algs, typ="at+jwt")
        except UnknownKey:
            if env.now() - held.at < REFETCH_AFTER:
                raise
        held = await self._keys.renewed(env, held)
        return held.value.verify(token, algs=algs, typ="at+jwt")

    async def endpoint(self, env: Env, name: str) -> str:
        """Return the URL that the metadata calls `name`; without it the issuer is of no use: ServerBusy."""
        url = getattr((await self._metadata.get(env)).value, name)
        if not url:
            raise unavailable(f"{self.url} publishes no {name}")
        return str(url)

    async def _fetch_metadata(self, env: Env) -> ProviderMetadata:
        url = f"{self.url.removesuffix('/')}/.well-known/openid-configuration"
        body = await answered(env, Request("GET", url, (_ACCEPT, PRODUCT)))
        try:
            return ProviderMetadata.parse(body, issuer=self.url)
        except Malformed as cause:
            raise unavailable(f"{url}: {cause.public}") from cause

    async def _fetch_keys(self, env: Env) -> KeySet:
        url = await self.endpoint(env, "jwks_uri")
        body = await answered(env, Request("GET", url, (_ACCEPT, PRODUCT)))
        try:
            return KeySet.load(json_text.parse_object(body))
        except Malformed as cause:
            raise unavailable(f"{url}: {cause.public}") from cause


async def answered(env: Env, request: Request) -> bytes:
    """Return the body of the issuer's 200 answer; anything else raises ServerBusy."""
    try:
        reply: Reply = await env.send(request)
    except RequestError as cause:
        raise unavailable(cause.public) from cause
    if reply.status != 200:
        raise unavailable(f"{request.method} {request.url} answered {reply.status}")
    return reply.content


def unavailable(detail: str) -> ServerBusy:
    """Return the error of a token that cannot be judged because its issuer cannot be asked; `detail` is for the log."""
    text = "The issuer of access tokens cannot be asked at the moment. Try again soon."
    return ServerBusy(text, retry_after=REST // 1000, detail=detail)
