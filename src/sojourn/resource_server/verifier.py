"""The judge of access tokens: what a service asks, synchronously or awaited, before it serves. The middlewares stand
above it; below it are the issuer, introspection and the rules. Only `judging` decides what a good token is.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

import msgspec

from sojourn.driver import drive
from sojourn.errors import (
    BearerError,
    ConfigurationError,
    InvalidToken,
    Malformed,
    ProtocolError,
    ServerBusy,
)
from sojourn.resource_server import answers, judging, presented
from sojourn.resource_server.access_token import AccessToken
from sojourn.resource_server.answers import Answer
from sojourn.resource_server.contract import Clock, Env, Random, Transport
from sojourn.resource_server.demands import Demands, demands
from sojourn.resource_server.environments import BlockingEnv, SuspendingEnv, refuse_on_a_loop
from sojourn.resource_server.introspection import Credentials, introspect
from sojourn.resource_server.issuer import Issuer, unavailable
from sojourn.resource_server.presented import Presented
from sojourn.resource_server.proofs import Proofs
from sojourn.resource_server.remembered import Remembered
from sojourn.resource_server.transport import HttpxTransport
from sojourn.wire import dpop, jose, oidc
from sojourn.wire.jose import SigningKey

ALGORITHMS: Final = ("ES256", "RS256", "EdDSA")
SHORTEST_KEY: Final = 32

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
    public_url        this service's address as clients know it, origin and perhaps a path above all others: DPoP proofs
                      name it (RFC 9449). Left out, the origin of an `audience` that is a URL. What a request says of
                      its host never counts, and without either no token that is bound to a key is taken
    dpop_nonce_key    32 bytes or more, the same in all processes of the service: each proof must hold a nonce of the
                      last minutes then; None asks for none
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
        public_url: str | None = None,
        dpop_nonce_key: bytes | None = None,
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
        self._proofs = _proofs(public_url, audience, dpop_nonce_key)
        self.metadata: Final = answers.resource_metadata(
            audience,
            issuer=issuer,
            scopes_supported=scopes_supported,
            dpop=self._proofs is not None,
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
        dpop: str | None = None,
        method: str = "",
        path: str = "",
    ) -> AccessToken:
        """Return the token in `authorization`, the value of the request's Authorization header.

        dpop          the value of its DPoP header: the proof of the key that the token is bound to
        method, path  the request's method, and its path as the client wrote it; they count for a bound token alone

        Raises TokenMissing, InvalidToken, DpopError, InsufficientScope (not all of `scopes` were granted),
        InsufficientUserAuthentication (as `AccessToken.require_sign_in`), InvalidRequest, or ServerBusy when the
        issuer cannot be asked; `answer` turns each into what the caller must be told.
        """
        refuse_on_a_loop()
        needed = demands(scopes, acr_values, max_age)
        shown = _Shown(authorization, dpop, method, path)
        return drive(self._verified(self._blocking, shown, needed))

    async def averify(
        self,
        authorization: str | None,
        *,
        scopes: Collection[str] = (),
        acr_values: Collection[str] = (),
        max_age: int | None = None,
        dpop: str | None = None,
        method: str = "",
        path: str = "",
    ) -> AccessToken:
        """The same as `verify`, awaited."""
        needed = demands(scopes, acr_values, max_age)
        shown = _Shown(authorization, dpop, method, path)
        return await self._verified(self._suspending, shown, needed)

    def answer(self, error: ProtocolError) -> Answer:
        """Return the answer to a request that `error` refuses (RFC 6750 §3, RFC 9470 §3).

        Private detail goes to the log.
        """
        if isinstance(error, ServerBusy):
            _log.warning("access tokens of %s cannot be judged: %s", self.issuer, error.detail)
        offered = self._proofs is not None
        return answers.refusal(error, realm=self.realm, metadata=self.metadata, dpop=offered)

    def close(self) -> None:
        """Close the connections that `verify` opened; the next call opens new ones."""
        self._transport.close()

    async def aclose(self) -> None:
        """Close the connections that `averify` opened on this loop; the next call opens new ones."""
        await self._transport.aclose()

    async def _verified(self, env: Env, shown: _Shown, needed: Demands) -> AccessToken:
        found = presented.token_of(shown.authorization, dpop=self._proofs is not None)
        try:
            token = await self._proved(env, shown, found)
        except BearerError as error:
            error.with_proof = found.with_proof
            raise
        needed.check(token)
        return token

    async def _proved(self, env: Env, shown: _Shown, found: Presented) -> AccessToken:
        """The token, bound to the key that was proved if either is so (RFC 9449 §7): no downgrade, no loan."""
        text, proofs, proof = found.text, self._proofs, None
        if proofs is not None and found.with_proof:
            proof = proofs.check(
                shown.dpop, method=shown.method, path=shown.path, token=text, now=env.now()
            )
        is_jwt = text.count(".") == 2
        token = await (self._signed(env, text) if is_jwt else self._opaque(env, text))
        if token.jkt and proof is None:
            message = "The access token is bound to a key and cannot be used as a bearer token."
            raise InvalidToken(message)
        if proof is not None and proofs is not None:
            if proof.thumbprint != token.jkt:
                message = "The access token is not bound to the key that was proved."
                raise InvalidToken(message)
            proofs.spend(proof, now=env.now())
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


class _Shown(NamedTuple):
    """What a request shows."""

    authorization: str | None
    dpop: str | None
    method: str
    path: str

    def __repr__(self) -> str:
        return f"<what {self.method} {self.path} shows>"


def _proofs(public_url: str | None, audience: str, nonce_key: bytes | None) -> Proofs | None:
    if nonce_key is not None and len(nonce_key) < SHORTEST_KEY:
        raise ConfigurationError(f"dpop_nonce_key must be {SHORTEST_KEY} bytes or more.")
    try:
        url = dpop.target(public_url if public_url is not None else audience)
    except Malformed as cause:
        if public_url is not None or nonce_key is not None:
            text = "public_url must be this service's address, https://host or https://host/path."
            raise ConfigurationError(text) from cause
        return None
    if public_url is None:
        scheme, _, rest = url.partition("://")
        url = f"{scheme}://{rest.partition('/')[0]}"
    return Proofs(url, nonce_key=nonce_key)


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
