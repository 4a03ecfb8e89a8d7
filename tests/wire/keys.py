"""Keys for the tests of `wire`, made once for each run."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from sojourn.wire.jose import SigningKey


@cache
def signing_key(alg: str, kid: str = "") -> SigningKey:
    """Return a fresh key, the same one for the same arguments."""
    kid = kid or f"key-{alg}"
    if alg == "ES256":
        return SigningKey(kid, alg, private=ec.generate_private_key(ec.SECP256R1()))
    if alg == "EdDSA":
        return SigningKey(kid, alg, private=ed25519.Ed25519PrivateKey.generate())
    return SigningKey(kid, alg, private=rsa.generate_private_key(65537, 2048))
