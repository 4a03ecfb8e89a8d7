"""Signing keys: published, then active, then retiring, then retired; their public halves are the JWKS document.

The private half lies sealed in the store. Only an active key signs; all but retired ones verify. Access tokens are
signed with ES256, ID tokens with what the client's metadata says (design decision 5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sojourn.errors import ConfigurationError, Malformed
from sojourn.model.ids import Keys
from sojourn.model.key import SigningKeyRecord
from sojourn.store import records
from sojourn.store.contract import Put, Step, Store
from sojourn.wire import base64url, seal
from sojourn.wire.jose import KeySet, SigningKey

ALGORITHMS: Final = ("ES256", "RS256", "EdDSA")
_PAGE: Final = 100

Happened = Callable[[str], tuple[Step, ...]]
"""The outbox entry that is written with a change of the signing key at a store key."""


def _untold(_: str) -> tuple[Step, ...]:
    return ()


def _generate(alg: str) -> bytes:
    """A fresh private key as PKCS#8 DER."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if alg == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    elif alg == "RS256":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    elif alg == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        message = f"unknown signing algorithm {alg!r}: one of {', '.join(ALGORITHMS)}"
        raise ConfigurationError(message)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


class SigningKeys:
    """The signing keys of one realm, held unsealed. `load` reads them, `ensure` makes what is missing."""

    def __init__(
        self, store: Store, keys: Keys, seal_key: bytes, *, random: Callable[[int], bytes]
    ) -> None:
        self._store = store
        self._keys = keys
        self._seal_key = seal_key
        self._random = random
        self._active: dict[str, SigningKey] = {}
        self.published = KeySet(())
        self.jwks: bytes = b'{"keys":[]}'
        self.listed: tuple[SigningKeyRecord, ...] = ()

    def __repr__(self) -> str:
        return f"SigningKeys({', '.join(sorted(self._active))})"

    def active(self, alg: str) -> SigningKey:
        """The key that signs with `alg`. Raises ConfigurationError when there is none."""
        try:
            return self._active[alg]
        except KeyError:
            message = f"there is no active signing key for {alg}"
            raise ConfigurationError(message) from None

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms that can be signed with now."""
        return tuple(sorted(self._active))

    def _associated(self, kid: str) -> bytes:
        return seal.length_prefixed("signing", self._keys.realm, kid)

    async def load(self) -> None:
        """Read every key from the store; a half-made or foreign one is a ConfigurationError."""
        found: list[SigningKeyRecord] = []
        after: str | None = None
        while True:
            page = await self._store.find(
                "signingkey", "all", "1", partition=0, after=after, limit=_PAGE
            )
            found += [records.value_of(record, SigningKeyRecord) for record in page.records]
            after = page.after
            if after is None:
                break
        self.listed = tuple(sorted(found, key=lambda key: (key.created, key.kid)))
        live = [key for key in self.listed if key.status != "retired"]
        self._active = {key.alg: self._unsealed(key) for key in live if key.status == "active"}
        self.jwks = msgspec.json.encode({"keys": [dict(key.public) for key in live]})
        self.published = KeySet.load(msgspec.json.decode(self.jwks))

    def _unsealed(self, key: SigningKeyRecord) -> SigningKey:
        try:
            der = seal.open(
                self._seal_key, base64url.decode(key.sealed), associated=self._associated(key.kid)
            )
        except Malformed as error:
            message = f"the signing key {key.kid} cannot be opened with this store's keys"
            raise ConfigurationError(message) from error
        return SigningKey.load(key.kid, key.alg, pkcs8_der=der)

    async def ensure(self, algorithms: tuple[str, ...], *, now: int) -> None:
        """Load, and make an active key for every algorithm that has none (the first start)."""
        await self.load()
        for alg in algorithms:
            if alg not in self._active:
                await self._add(alg, status="active", now=now)
        await self.load()

    async def _add(
        self, alg: str, *, status: str, now: int, happened: Happened = _untold
    ) -> SigningKeyRecord:
        der = _generate(alg)
        kid = base64url.encode(self._random(9))
        public = SigningKey.load(kid, alg, pkcs8_der=der).public_jwk()
        sealed = seal.seal(
            self._seal_key, der, nonce=self._random(12), associated=self._associated(kid)
        )
        value = SigningKeyRecord(
            kid=kid,
            alg=alg,
            sealed=base64url.encode(sealed),
            public=public,
            created=now,
            status=status,
            changed=now,
        )
        where = self._keys.signing_key(kid)
        fresh = records.first(where, value, op_id=self._random(8).hex())
        await self._store.batch(0, (Put(fresh), *happened(where)))
        return value

    async def publish(
        self, alg: str, *, now: int, happened: Happened = _untold
    ) -> SigningKeyRecord:
        """Make the next key for `alg`: it verifies from now on and signs once `activate`d."""
        added = await self._add(alg, status="published", now=now, happened=happened)
        await self.load()
        return added

    async def activate(self, kid: str, *, now: int, happened: Happened = _untold) -> None:
        """Let a published key sign; the one that signed before goes on verifying as retiring.

        Raises ConfigurationError when there is no published key `kid`.
        """
        await self.load()
        fresh = next((k for k in self.listed if k.kid == kid and k.status == "published"), None)
        if fresh is None:
            message = f"there is no published signing key {kid!r}"
            raise ConfigurationError(message)
        changes = {
            key.kid: "retiring"
            for key in self.listed
            if key.alg == fresh.alg and key.status == "active"
        }
        told = happened(self._keys.signing_key(kid))
        await self._change(changes | {kid: "active"}, told, now=now)

    async def retire(self, kid: str, *, now: int, happened: Happened = _untold) -> None:
        """Take a retiring or published key out of the JWKS: what it signed is no longer good.

        Raises ConfigurationError for an active key or one that is not there.
        """
        await self.load()
        key = next((k for k in self.listed if k.kid == kid), None)
        if key is None or key.status == "active":
            message = f"{kid!r} is not a signing key that can be retired: activate another first"
            raise ConfigurationError(message)
        await self._change({kid: "retired"}, happened(self._keys.signing_key(kid)), now=now)

    async def _change(self, changes: dict[str, str], told: tuple[Step, ...], *, now: int) -> None:
        """Give keys their new statuses, all at once, with the event."""
        steps: list[Step] = [*told]
        for kid, status in changes.items():
            record = await self._store.get(self._keys.signing_key(kid))
            if record is None:
                message = f"there is no signing key {kid!r}"
                raise ConfigurationError(message)
            value = records.value_of(record, SigningKeyRecord)
            changed = msgspec.structs.replace(value, status=status, changed=now)
            steps.append(Put(records.successor(record, changed, op_id=self._random(8).hex())))
        await self._store.batch(0, tuple(steps))
        await self.load()
