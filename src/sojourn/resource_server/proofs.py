"""Proofs that the sender of a token holds its key (RFC 9449 §7), as one service takes them: made for this request, with
this service's nonce where it asks for one, and seen once. The verifier stands above it; below it is `wire.dpop`.
"""

from __future__ import annotations

import os
import threading
from hashlib import blake2b
from typing import Final

from sojourn.errors import InvalidDpopProof, ServerBusy
from sojourn.wire import dpop
from sojourn.wire.dpop import Nonces, Proof

SPAN: Final = dpop.LIFE + dpop.SKEW
"""Ms for which a proof can be good at most."""
PATH_LETTERS: Final = "/!$&'()*+,;=:@-._~"
"""What a path may hold unescaped (RFC 3986 §3.3)."""
MOST: Final = 300_000
"""Proofs that are remembered within one span."""


class Proofs:
    """Checks the proofs of one service, whose address clients know as `public_url`: origin, and path if it has one.

    nonce_key  32 bytes or more, the same in every process of the service; None: no nonces are asked for
    """

    def __init__(self, public_url: str, *, nonce_key: bytes | None) -> None:
        self._url = public_url.rstrip("/")
        self._nonces = None if nonce_key is None else Nonces(_digest(nonce_key))
        self._seen = Seen()

    def check(self, text: str | None, *, method: str, path: str, token: str, now: int) -> Proof:
        """Return the proof in the DPoP header, good for a request with `token`. Raises DpopError."""
        if not text:
            message = "The DPoP header with the proof is missing."
            raise InvalidDpopProof(message)
        proof = dpop.check(text, method=method, url=f"{self._url}{path}", now=now, token=token)
        if self._nonces is not None:
            self._nonces.check(proof.nonce, now=now)
        return proof

    def spend(self, proof: Proof, *, now: int) -> None:
        """Take note of a proof whose token was found good.

        Raises InvalidDpopProof for one that was seen before, or whose time ran out while the issuer was asked: what is
        remembered is forgotten then.
        """
        if now >= proof.until:
            message = "The DPoP proof is too old by now."
            raise InvalidDpopProof(message)
        named = f"{proof.thumbprint}.{proof.jti}".encode("utf-8", "surrogatepass")
        name = int.from_bytes(blake2b(named, digest_size=8).digest(), "big")
        if not self._seen.add(name, now=now):
            message = "The DPoP proof was used before."
            raise InvalidDpopProof(message)


class Seen:
    """Numbers that came up within the last span, in two generations; of any number of threads one is first.

    What is full takes no more (ServerBusy) until a span is over: forgetting early would let a proof pass twice.
    """

    def __init__(self, *, span: int = SPAN, most: int = MOST) -> None:
        self._span = span
        self._most = most
        self._generation = 0
        self._new: set[int] = set()
        self._old: set[int] = set()
        # By process: a fork may leave the parent's lock taken for good.
        self._locks: dict[int, threading.Lock] = {}

    def add(self, name: int, *, now: int) -> bool:
        """Take note of `name` at `now` (UTC ms); False if it is noted already."""
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            self._turn(now // self._span)
            if name in self._new or name in self._old:
                return False
            if len(self._new) >= self._most:
                message = "Too many requests at once. Try again in a moment."
                raise ServerBusy(message, detail="the proofs to remember are too many")
            self._new.add(name)
            return True

    def _turn(self, generation: int) -> None:
        if generation <= self._generation:
            return
        self._old = self._new if generation == self._generation + 1 else set()
        self._new, self._generation = set(), generation


def _digest(key: bytes) -> bytes:
    return blake2b(key, digest_size=32, person=b"dpop nonces").digest()
