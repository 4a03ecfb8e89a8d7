"""Workloads that prove to be a client by a token of their platform (RFC 7523 §2.2): which token is good. `clients`
stands above it and sees to it that one is used once; below it are the published keys.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET, Struct

from sojourn.errors import InvalidClient, Malformed
from sojourn.model.client import Client
from sojourn.model.workload import MOST, Workload
from sojourn.server.services.context import Context
from sojourn.server.services.outbound import Fetch, is_safe
from sojourn.server.services.published import PublishedKeys
from sojourn.wire import json_text, oidc
from sojourn.wire.jose import KeySet, check_times

LONGEST_LIFE: Final = 86_400_000
"""Ms from a token's `iat` to its `exp` at most: what lives longer is no proof that somebody is there."""
_LONGEST_NAME: Final = 1_024


class Proof(Struct, frozen=True):
    """A good token: whom it proves, when it ends (UTC ms), and its `jti`, where it is good once; else empty."""

    workload: Workload
    expires: int
    jti: str


class Workloads:
    """Judges the tokens of platforms."""

    def __init__(
        self, context: Context, *, algorithms: tuple[str, ...], skew: int, fetch: Fetch
    ) -> None:
        """`algorithms` are believed signatures, `skew` is in ms."""
        self._context = context
        self._algorithms = algorithms
        self._skew = skew
        self._keys = PublishedKeys(context.issuer, now=context.now, fetch=fetch)

    async def check(self, client: Client, text: str, claims: dict[str, Any]) -> Proof:
        """Return what the assertion `text`, which says `claims`, proves of `client`.

        What it says is judged before any key is fetched, so that a stranger's token causes no request. Raises
        InvalidClient, or ServerBusy when the issuer cannot be asked.
        """
        try:
            proof = self._judged(client, claims)
            given = proof.workload.jwks
            if given is UNSET:
                await self._keys.verified(proof.workload.issuer, text, algs=self._algorithms)
            else:
                KeySet.load(given).verify(text, algs=self._algorithms, typ=None)
        except Malformed as error:
            raise InvalidClient(detail=f"the workload's token: {error.public}") from error
        return proof

    def _judged(self, client: Client, claims: dict[str, Any]) -> Proof:
        issuer, subject = json_text.text(claims, "iss"), json_text.text(claims, "sub")
        audience = json_text.texts(claims, "aud")
        if len(audience) != 1:
            raise Malformed("It is not for exactly one audience.")
        workload = next(
            (
                one
                for one in client.workloads
                if (one.issuer, one.subject, one.audience or self._context.issuer)
                == (issuer, subject, audience[0])
            ),
            None,
        )
        if workload is None:
            raise Malformed(
                "Its iss, sub and aud are not those of a workload that the client trusts."
            )
        check_times(claims, now=self._context.now(), skew_ms=self._skew)
        expires = json_text.moment(claims, "exp")
        if expires - json_text.moment(claims, "iat") > LONGEST_LIFE:
            raise Malformed("It lives longer than a day.")
        jti = "" if workload.reusable else json_text.text(claims, "jti")
        return Proof(workload, expires, jti)


def fault(client: Client, *, at: str) -> str:
    """Return what is wrong with the workloads of `client` at the server `at`; empty where nothing is."""
    if len(client.workloads) > MOST:
        return f"A client trusts {MOST} workloads at most."
    if len({one.name for one in client.workloads}) != len(client.workloads):
        return "A client trusts each workload once."
    if client.workloads and client.token_endpoint_auth_method != "private_key_jwt":
        return "Workloads need the token_endpoint_auth_method private_key_jwt."
    return next((text for one in client.workloads if (text := _fault(one, at))), "")


def _fault(workload: Workload, at: str) -> str:
    for name in (workload.issuer, workload.subject, workload.audience or "x"):
        if not name or len(name) > _LONGEST_NAME or not name.isprintable():
            return "A workload's issuer, subject and audience have 1 to 1024 printable characters."
    try:
        oidc.check_issuer(workload.issuer)
        if not is_safe(workload.issuer, at=at):
            return "A workload's issuer is https; http on this machine only where this server is so too."
        if workload.jwks is not UNSET and not len(KeySet.load(workload.jwks)):
            return "A workload's jwks holds no key that can verify."
    except Malformed as error:
        return f"The workload of {workload.issuer} cannot be used: {error.public}"
    return ""
