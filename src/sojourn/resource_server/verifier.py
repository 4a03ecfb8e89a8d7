"""The judge of access tokens: what a service asks, synchronously or awaited, before it serves. The middlewares stand
above it; below it are the issuer, introspection and the rules. Only `judging` decides what a good token is.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from sojourn.driver import drive
from sojourn.errors import ConfigurationError, InvalidToken, Malformed, ProtocolError, ServerBusy
from sojourn.resource_server import answers, judging, presented
from sojourn.resource_server.access_token import AccessToken
from sojourn.resource_server.answers import Answer
from sojourn.resource_server.contract import Clock, Env, Random, Transport
from sojourn.resource_server.demands import Demands, demands
from sojourn.resource_server.environments import BlockingEnv, SuspendingEnv, refuse_on_a_loop
from sojourn.resource_server.introspection import Credentials, introspect
from sojourn.resource_server.issuer import Issuer, unavailable
from sojourn.resource_server.remembered import Remembered
from sojourn.resource_server.transport import HttpxTransport
from sojourn.wire import jose, oidc
from sojourn.wire.jose import SigningKey

ALGORITHMS: Final = ("ES256", "RS256", "EdDSA")

_log = logging.getLogger("sojourn.resource_server")


def wall_clock() -> int:
    """Return UTC milliseconds."""
    return time.time_ns() // 1_000_000


class Verifier:
    """Accepts the access tokens of one issuer for one audience, and refuses all others.

    issuer            its identifier, exactly; https, or http on loopback
    audience          this service's identifier (RFC 8707); a URL also gets a metadata document (RFC 9728)
    client_id         this service as a client of the issuer, with `client_secret` (`client_secret_basic`) or
                      `client_key` (`private_key_jwt`). Without it only JWT access tokens are taken
    algorithms        signatures believed, of `jose.ALGORITHMS`
    cache_seconds     how long a good introspection answer is believed: revocation is then seen this much later.
                      0 asks each time
    realm             told in challenges
    scopes_supported  told in the metadata document
    transport         another way to the issuer, for instance `HttpxTransport(cafile=...)`
    now, random       UTC milliseconds, unpredictable bytes

    A JWT is judged offline: an ending is seen when it expires, at most five minutes later with tokens of Sojourn.
    Keys are fetched when first needed and every ten minutes; while the issuer is away they serve for an hour.
    One Verifier serves any number of threads, tasks and loops. Wrong arguments raise ConfigurationError.
    """

    def __init__(
        self,
        issuer: str,
        *,
        audience: str,
        client_id: str | None = None,
        client_secret: str | None = None,
        client_key: SigningKey | None = None,
        algorithms: Collection[str] = ALGORITHMS,
        cache_seconds: int = 0,
        realm: str = "sojourn",
        scopes_supported: Iterable[str] = (),
        transport: Transport | None = None,
        now: Clock = wall_clock,
        random: Random = secrets.token_bytes,
    ) -> None:
        _check(issuer, audience, algorithms, cache_seconds)
        self.issuer: Final = issuer
        self.audience: Final = audience
        self.realm: Final = realm
        self.metadata: Final = answers.resource_metadata(
            audience, issuer=issuer, scopes_supported=scopes_supported
        )
        self._credentials: Credentials | None = None
        if not (client_id is None and client_secret is None and client_key is None):
            self._credentials = Credentials(
                client_id or "", secret=client_secret, key=client_key, random=random
            )
        self._algorithms = frozenset(algorithms)
        self._remembered = Remembered(cache_seconds * 1000)
        self._published = Issuer(issuer)
        self._transport = transport or HttpxTransport()
        self._blocking = BlockingEnv(self._transport, now)
        self._suspending = SuspendingEnv(self._transport, now)

    def __repr__(self) -> str:
        return f"Verifier({self.issuer!r}, audience={self.audience!r})"

    def verify(
        self,
        authorization: str | None,
        *,
        scopes: Collection[str] = (),
        acr_values: Collection[str] = (),
        max_age: int | None = None,
    ) -> AccessToken:
        """Return the token in `authorization`, the value of the request's Authorization header.

        Raises TokenMissing, InvalidToken, InsufficientScope (not all of `scopes` were granted),
        InsufficientUserAuthentication (as `AccessToken.require_sign_in`), InvalidRequest, or ServerBusy when the
        issuer cannot be asked; `answer` turns each into what the caller must be told.
        """
        refuse_on_a_loop()
        needed = demands(scopes, acr_values, max_age)
        return drive(self._verified(self._blocking, authorization, needed))

    async def averify(
        self,
        authorization: str | None,
        *,
        scopes: Collection[str] = (),
        acr_values: Collection[str] = (),
        max_age: int | None = None,
    ) -> AccessToken:
        """The same as `verify`, awaited."""
        needed = demands(scopes, acr_values, max_age)
        return await self._verified(self._suspending, authorization, needed)

    def answer(self, error: ProtocolError) -> Answer:
        """Return the answer to a request that `error` refuses (RFC 6750 §3, RFC 9470 §3).

        Private detail goes to the log.
        """
        if isinstance(error, ServerBusy):
            _log.warning("access tokens of %s cannot be judged: %s", self.issuer, error.detail)
        return answers.refusal(error, realm=self.realm, metadata=self.metadata)

    def close(self) -> None:
        """Close the connections that `verify` opened; the next call opens new ones."""
        self._transport.close()

    async def aclose(self) -> None:
        """Close the connections that `averify` opened on this loop; the next call opens new ones."""
        await self._transport.aclose()

    async def _verified(self, env: Env, authorization: str | None, needed: Demands) -> AccessToken:
        text = presented.token_of(authorization)
        is_jwt = text.count(".") == 2
        token = await (self._signed(env, text) if is_jwt else self._opaque(env, text))
        needed.check(token)
        return token

    async def _signed(self, env: Env, text: str) -> AccessToken:
        try:
            jwt = await self._published.verified(env, text, algs=self._algorithms)
        except Malformed as cause:
            raise InvalidToken(cause.public) from cause
        return judging.signed(jwt.claims, issuer=self.issuer, audience=self.audience, now=env.now())

    async def _opaque(self, env: Env, text: str) -> AccessToken:
        if self._credentials is None:
            raise InvalidToken("This service takes only JWT access tokens.")
        known = self._remembered.get(text, now=env.now())
        if known is not None:
            return msgspec.structs.replace(known, judged_at=env.now())
        claims = await introspect(env, self._published, self._credentials, token=text)
        now = env.now()
        try:
            token = judging.introspected(
                claims, issuer=self.issuer, audience=self.audience, now=now
            )
        except Malformed as cause:
            raise unavailable(f"introspection at {self.issuer}: {cause.public}") from cause
        self._remembered.put(text, token, now=now)
        return token


def _check(issuer: str, audience: str, algorithms: Collection[str], cache_seconds: int) -> None:
    try:
        oidc.check_issuer(issuer)
    except Malformed as cause:
        raise ConfigurationError(f"issuer={issuer!r}: {cause.public}") from cause
    if not audience:
        raise ConfigurationError("audience must be this service's identifier at the issuer.")
    if isinstance(algorithms, str) or not algorithms or not set(algorithms) <= set(jose.ALGORITHMS):
        known = ", ".join(jose.ALGORITHMS)
        raise ConfigurationError(f"algorithms must be some of {known}.")
    if cache_seconds < 0:
        raise ConfigurationError("cache_seconds must not be negative.")
