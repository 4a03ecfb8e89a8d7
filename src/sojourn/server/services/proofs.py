"""Proofs that a key is held (RFC 9449), as this server takes them: good for the request, with a nonce of ours where one
is asked for, and shown once. Endpoints stand above it; below it are `wire.dpop` and the store.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from sojourn.errors import Conflict, InvalidDpopProof
from sojourn.model.marks import Used
from sojourn.server.services.context import Context
from sojourn.store import records
from sojourn.wire import dpop, tokens
from sojourn.wire.dpop import Proof

_SLACK: Final = 60_000
"""Ms for which a proof is remembered longer than it is good: one may be checked just in time, and spent later."""


class Proofs:
    """Checks proofs. What was shown is remembered in the store, until its age alone refuses it."""

    __slots__ = ("_context", "_nonces", "_required")

    def __init__(self, context: Context, *, nonce_required: bool) -> None:
        self._context = context
        self._required = nonce_required
        realm = context.keys.realm.encode()
        # Of its own, so that no other text under the purpose key can be a nonce.
        key = blake2b(
            realm, digest_size=32, key=context.purposes.mac, person=b"dpop nonces"
        ).digest()
        self._nonces = dpop.Nonces(key)

    def check(self, texts: list[str], *, method: str, url: str, token: str | None = None) -> Proof:
        """Return the proof in the DPoP headers of a request; it is not spent yet.

        token  the access token that came along

        Raises InvalidDpopProof, or UseDpopNonce with the nonce that the next proof must hold.
        """
        if len(texts) != 1:
            message = "The DPoP header was sent more than once."
            raise InvalidDpopProof(message)
        now = self._context.now()
        proof = dpop.check(texts[0], method=method, url=url, now=now, token=token)
        self._nonces.check(proof.nonce, now=now, required=self._required)
        return proof

    async def spend(self, proof: Proof) -> None:
        """Take note of a proof whose request is good, before anything is given for it: a stranger's fill no store.

        Raises InvalidDpopProof where somebody showed it before.
        """
        context = self._context
        key = context.keys.proof(proof.thumbprint, tokens.digest(proof.jti))
        used, until = Used(at=context.now()), proof.until + _SLACK
        record = records.first(key, used, op_id=context.op_id(), expires=until)
        try:
            await context.store.put(record)
        except Conflict as error:
            message = "The DPoP proof was used before."
            raise InvalidDpopProof(message) from error
