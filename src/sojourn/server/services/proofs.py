"""Proofs that a key is held (RFC 9449), as this server takes them: good for the request, with a nonce of ours where one
is asked for, and shown once. Endpoints stand above it; below it are `wire.dpop` and the store.
"""

from __future__ import annotations

from hashlib import blake2b

from sojourn.errors import Conflict, InvalidDpopProof
from sojourn.model.marks import Used
from sojourn.server.services.context import Context
from sojourn.store import records
from sojourn.wire import dpop, tokens


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

    async def check(
        self, texts: list[str], *, method: str, url: str, token: str | None = None
    ) -> str:
        """Return the thumbprint of the key that the DPoP headers of a request prove; '' where there are none.

        token  the access token that came along

        Raises InvalidDpopProof, or UseDpopNonce with the nonce that the next proof must hold.
        """
        if not texts:
            return ""
        if len(texts) > 1:
            message = "The DPoP header was sent more than once."
            raise InvalidDpopProof(message)
        now = self._context.now()
        proof = dpop.check(texts[0], method=method, url=url, now=now, token=token)
        self._nonces.check(proof.nonce, now=now, required=self._required)
        await self._once(proof, now)
        return proof.thumbprint

    async def _once(self, proof: dpop.Proof, now: int) -> None:
        context = self._context
        key = context.keys.proof(proof.thumbprint, tokens.digest(proof.jti))
        used = Used(at=now)
        op_id = context.op_id()
        try:
            await context.store.put(records.first(key, used, op_id=op_id, expires=proof.until))
        except Conflict as error:
            message = "The DPoP proof was used before."
            raise InvalidDpopProof(message) from error
